"""The trainer: one run's loop, readable from top to bottom."""

import math
import threading
import time
from typing import Any

import torch

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, load_model, model_bytes
from rnnterm.runs.checkpoints import Checkpoint, CheckpointStore
from rnnterm.runs.folder import RunFolder
from rnnterm.sampling.generator import sample
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.corpus import Corpus
from rnnterm.training.batches import make_batches
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.evaluate import reported_loss, watched_loss
from rnnterm.training.events import (
    Checkpointed,
    Finished,
    Listener,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Validated,
)
from rnnterm.training.knobs import Every
from rnnterm.training.learner import Learner
from rnnterm.training.machine import pick_device, pick_precision
from rnnterm.training.recipe import Recipe
from rnnterm.training.schedule import Budget, learning_rate
from rnnterm.training.state import Counters, TrainerState, restore_rng, rng_tensors

_SMOOTHING = 0.3  # weight of the newest point in the running mean
_LOWEST_RATE_SCALE = 1 / 256


class Trainer:
    """Trains one run until its budget is spent or `stop` is called.

    It alone writes the run's checkpoints; all else it has to say goes to `report`.

    Raises RnntermError for a text too short for the recipe, or a device that is not here.
    """

    def __init__(self, run: RunFolder, recipe: Recipe, corpus: Corpus, report: Listener) -> None:
        self._run, self._recipe, self._corpus, self._report = run, recipe, corpus, report
        self._store = CheckpointStore(run.checkpoints)
        self._stop = threading.Event()
        split = corpus.split(recipe.val_fraction, recipe.test_fraction)
        self._val = split.val
        self._batches = make_batches(recipe, split.train)
        _check_validation_part(recipe, len(split.val))
        self._budget = Budget.of(recipe, self._batches.steps_per_epoch)
        self._counters = Counters()

        device = pick_device(recipe.device)
        precision = pick_precision(recipe, device)
        torch.manual_seed(recipe.rng_seed)
        self._learner = Learner(recipe, recipe.spec(len(corpus.vocab)), device, precision)

    def stop(self) -> None:
        """Ask for a checkpoint and an early end; safe to call from a signal handler."""
        self._stop.set()

    def is_spent(self) -> bool:
        """Whether the budget leaves nothing to do."""
        return self._progress() >= 1

    def train(self, notes: tuple[str, ...] = ()) -> Finished:
        """Take steps until the end; returns the last event reported.

        Raises RnntermError if the loss stops being a number again and again, or a checkpoint
        cannot be written.
        """
        self._announce(notes)
        self._clock = time.monotonic() - self._counters.seconds
        self._session_steps = self._session_characters = 0
        self._session_start = self._counters.seconds
        if self._counters.step == 0:
            self._checkpoint()  # something to roll back to
        while not (self._stop.is_set() or self.is_spent()):
            self._take_step()
            if self._counters.step % self._recipe.log_every == 0:
                self._log_progress()
            if len(self._val) and self._due("validate", self._recipe.validate_every):
                self._validate()
            if self._due("checkpoint", self._recipe.checkpoint_every):
                self._checkpoint()
            if not self.is_spent() and self._due("sample", self._recipe.sample_every):
                self._sample()
        return self._finish()

    def _take_step(self) -> None:
        counters = self._counters
        batch = self._batches.at(counters.step)
        rate = learning_rate(self._recipe, counters.step, self._progress())
        self._learner.learn(batch, rate * counters.rate_scale)
        counters.step += 1
        counters.loss_steps += 1
        counters.seconds = time.monotonic() - self._clock
        self._session_steps += 1
        self._session_characters += batch.characters

    def _progress(self) -> float:
        return self._budget.progress(self._counters.step, self._counters.seconds)

    def _due(self, duty: str, interval: Every) -> bool:
        """Whether it is time for a periodic duty; if so, its interval begins anew."""
        counters = self._counters
        counters.seconds = time.monotonic() - self._clock
        step, seconds = counters.marks.get(duty, (0, 0.0))
        due = interval.due(counters.step - step, counters.seconds - seconds)
        if due:
            counters.marks[duty] = counters.step, counters.seconds
        return due

    # What happens along the way

    def _announce(self, notes: tuple[str, ...]) -> None:
        spec = self._learner.model.spec
        self._report(
            Started(
                run=self._run.name,
                step=self._counters.step,
                network=spec.describe(),
                parameters=spec.parameter_count,
                device=str(self._learner.device),
                precision=self._learner.precision,
                notes=notes,
            )
        )

    def _log_progress(self) -> None:
        counters = self._counters
        mean = self._learner.loss_sum.item() / max(1, counters.loss_steps)
        if not math.isfinite(mean):
            self._roll_back()
            return
        self._learner.loss_sum.zero_()
        counters.loss_steps = 0
        before = mean if counters.smooth_loss is None else counters.smooth_loss
        counters.smooth_loss = before + _SMOOTHING * (mean - before)
        self._corpus.text.release_pages()
        steps_per_second = self._session_steps / self._session_seconds()
        self._report(
            Progressed(
                step=counters.step,
                epoch=counters.step / self._batches.steps_per_epoch,
                progress=self._progress(),
                seconds=counters.seconds,
                train_loss=mean,
                learning_rate=counters.rate_scale
                * learning_rate(self._recipe, counters.step, self._progress()),
                chars_per_second=self._chars_per_second(),
                eta=self._budget.eta(counters.step, counters.seconds, steps_per_second),
            )
        )

    def _validate(self) -> None:
        loss = watched_loss(self._learner.model, self._val, self._learner.precision)
        best = self._record_validation(loss)
        if best:
            self._checkpoint(best=True)

    def _record_validation(self, loss: float) -> bool:
        """Note a validation loss; whether it is the lowest so far."""
        counters = self._counters
        counters.val_loss = loss
        best = counters.best_val_loss is None or loss <= counters.best_val_loss
        if best and math.isfinite(loss):
            counters.best_val_loss = loss
        self._report(Validated(counters.step, loss, best))
        return best

    def _sample(self) -> None:
        recipe = self._recipe
        # A network of cold windows continues a window of the text; any other begins a line.
        seed = ""
        if recipe.batching == "windows":
            last = max(1, len(self._corpus) - recipe.window)
            start = (self._counters.step * 7919) % last
            seed = self._corpus.excerpt(start, start + recipe.window)
        strategy = Strategy(recipe.sample_temperature)
        text = sample(self._snapshot(), seed, recipe.sample_length, strategy, recipe.rng_seed)
        self._report(Sampled(self._counters.step, seed, text))

    def _checkpoint(self, *, best: bool = False) -> None:
        counters, learner = self._counters, self._learner
        counters.loss_sum = learner.loss_sum.item()
        if not (math.isfinite(counters.loss_sum) and learner.is_finite()):
            return  # the next look at the loss rolls back; a broken state is never saved
        state = TrainerState(
            counters=counters,
            optimizer=learner.optimizer_tensors(),
            carried=learner.carried,
            machine=self._machine(),
            rng=rng_tensors(),
        )
        files = {
            "model.safetensors": model_bytes(self._snapshot()),
            "trainer.safetensors": state.to_bytes(),
        }
        losses = {"train_loss": counters.smooth_loss, "val_loss": counters.val_loss}
        try:
            self._store.save(counters.step, files, losses, best=best)
        except OSError as error:
            raise RnntermError(
                f"cannot write a checkpoint of {self._run.name}: {error.strerror or error}"
            ) from error
        self._report(Checkpointed(counters.step))

    def _roll_back(self) -> None:
        """The loss is no number any more: back to the last good checkpoint, at half the rate."""
        broken = self._counters
        scale = broken.rate_scale / 2
        if scale < _LOWEST_RATE_SCALE:
            raise RnntermError(
                f"the loss of {self._run.name} is not a number, even at {broken.rate_scale:g} of "
                "its learning rate: try a lower learning_rate, or a clip_norm"
            )
        checkpoint, _ = self._store.newest_verified()
        self._restore(checkpoint)
        self._counters.rate_scale = scale
        self._counters.seconds = broken.seconds  # time that was lost was still spent
        self._report(RolledBack(broken.step, checkpoint.step, scale))

    def _finish(self) -> Finished:
        counters = self._counters
        if counters.smooth_loss is None and counters.loss_steps:
            counters.smooth_loss = self._learner.loss_sum.item() / counters.loss_steps
        stopped = not self.is_spent()
        if len(self._val) and not stopped:
            self._report_validation()
        else:
            self._checkpoint()
        if not stopped and self._recipe.sample_length:
            self._sample()
        finished = Finished(
            reason="stopped" if stopped else "finished",
            step=counters.step,
            seconds=counters.seconds,
            train_loss=counters.smooth_loss,
            val_loss=counters.val_loss,
            best_val_loss=counters.best_val_loss,
            chars_per_second=self._chars_per_second(),
        )
        self._report(finished)
        return finished

    def _report_validation(self) -> None:
        """The figures to report, of the last weights and of the best."""
        counters, model = self._counters, self._learner.model
        best = self._record_validation(watched_loss(model, self._val, self._learner.precision))
        counters.val_loss = reported_loss(model, self._val)
        if best:
            counters.best_val_loss = counters.val_loss
        self._checkpoint(best=best)
        known = self._store.best()
        if not best and known is not None:
            weights = load_model(known.model)
            best_model = CharRNN(weights.spec).to(self._learner.device)
            best_model.load_arrays(weights.tensors)
            counters.best_val_loss = reported_loss(best_model, self._val)

    def _session_seconds(self) -> float:
        return max(1e-9, self._counters.seconds - self._session_start)

    def _chars_per_second(self) -> float:
        return self._session_characters / self._session_seconds()

    # The state on disk

    def resume(self) -> tuple[str, ...]:
        """Go back to the newest checkpoint that verifies; says what a person should know.

        Raises RnntermError if there is none, or it is of another network or alphabet.
        """
        checkpoint, rejected = self._store.newest_verified()
        state = self._restore(checkpoint)
        if self._recipe.precision == "auto":
            self._learner.precision = state.machine["precision"]
        notes = [f"{reason}; it was passed over" for reason in rejected]
        if rejected:
            notes.append(f"going on from the checkpoint of step {checkpoint.step:,}")
        for key, value in self._machine().items():
            before = state.machine.get(key)
            if before != value:
                notes.append(
                    f"{key} was {before}, is {value}: losses may differ in the last digits"
                )
        return tuple(notes)

    def _restore(self, checkpoint: Checkpoint) -> TrainerState:
        model = load_model(checkpoint.model)
        if model.spec != self._learner.model.spec or model.vocab != self._corpus.vocab:
            raise RnntermError(
                f"run {self._run.name} has another network or alphabet: it resumes only as it was"
            )
        state = TrainerState.from_bytes(checkpoint.trainer.read_bytes())
        self._learner.restore(dict(model.tensors), state.optimizer, state.carried)
        self._learner.loss_sum.fill_(state.counters.loss_sum)
        self._counters = state.counters
        restore_rng(state.rng)
        return state

    def _snapshot(self) -> Model:
        """The network as it is now, with all that its model file tells."""
        counters, corpus = self._counters, self._corpus
        training = {
            "run": self._run.name,
            "corpus": {"name": corpus.name, "sha256": corpus.sha256, "characters": len(corpus)},
            "recipe": self._recipe.to_dict(),
            "step": counters.step,
            "seconds": counters.seconds,
            "train_loss": counters.smooth_loss,
            "val_loss": counters.val_loss,
        }
        model = self._learner.model
        return Model(model.spec, corpus.vocab, model.to_arrays(), training)

    def _machine(self) -> dict[str, Any]:
        """What must stay the same for a resume that is exact to the bit."""
        return {
            "device": self._learner.device.type,
            "precision": self._learner.precision,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }


def _check_validation_part(recipe: Recipe, characters: int) -> None:
    needed = recipe.window + 1 if recipe.batching == "windows" else 2
    if recipe.val_fraction and characters < needed:
        raise RnntermError(
            f"the validation part has {characters} characters and needs {needed}: "
            "set a larger val_fraction, or val_fraction=0 to go without"
        )
