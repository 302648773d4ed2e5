"""The trainer: one run's loop, readable from top to bottom."""

import math
import threading
import time

import torch

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.runs.folder import RunFolder
from rnnterm.sampling.generator import sample
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.corpus import Corpus
from rnnterm.training.batches import make_batches
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.checkpointing import Checkpointing
from rnnterm.training.evaluate import reported_loss, watched_loss
from rnnterm.training.events import (
    Checkpointed,
    Finished,
    Listener,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Ticked,
    Validated,
    Validating,
)
from rnnterm.training.knobs import Every
from rnnterm.training.learner import Learner
from rnnterm.training.machine import check_memory, pick_device, pick_precision
from rnnterm.training.recipe import Recipe
from rnnterm.training.schedule import Budget, learning_rate
from rnnterm.training.state import Counters

_SMOOTHING = 0.3  # weight of the newest point in the running mean
_LOWEST_RATE_SCALE = 1 / 256
_SECONDS_BETWEEN_TICKS = 0.5
_LOOKS_PER_BUDGET = 8  # a short budget is watched this often, whatever the interval
_VALIDATION_SHARE = 0.05  # of the time, at most


class Trainer:
    """Trains one run until its budget is spent or `stop` is called.

    It alone writes the run's checkpoints; all else it has to say goes to `report`.

    Raises RnntermError for a text too short for the recipe, a network too large for the memory, or
    a device that is not here.
    """

    def __init__(self, run: RunFolder, recipe: Recipe, corpus: Corpus, report: Listener) -> None:
        self._run, self._recipe, self._corpus, self._report = run, recipe, corpus, report
        split = corpus.split(recipe.val_fraction, recipe.test_fraction)
        self._val = split.val
        self._batches = make_batches(recipe, split.train)
        _check_validation_part(recipe, len(split.val))
        self._budget = Budget.of(recipe, self._batches.steps_per_epoch)

        spec = recipe.spec(len(corpus.vocab))
        device = pick_device(recipe.device)
        check_memory(spec)
        precision = pick_precision(recipe, device)
        torch.manual_seed(recipe.rng_seed)
        self._learner = Learner(recipe, spec, device, precision)
        self._checkpointing = Checkpointing(run, recipe, corpus, self._learner)
        self._counters = Counters()

        self._stop = threading.Event()
        self._clock = self._ticked = time.monotonic()
        self._session_seconds_before = 0.0
        self._session_steps = self._session_characters = 0
        self._validation_seconds = 0.0

    def resume(self) -> tuple[str, ...]:
        """Go back to the newest checkpoint that verifies; says what a person should know.

        Raises RnntermError if there is none, or it is of another network or alphabet.
        """
        checkpoint, state, rejected = self._checkpointing.restore_newest()
        self._counters = state.counters
        if self._recipe.precision == "auto":
            self._learner.precision = state.machine["precision"]
        notes = [f"{reason}; it was passed over" for reason in rejected]
        if rejected:
            notes.append(f"going on from the checkpoint of step {checkpoint.step:,}")
        for key, value in self._checkpointing.machine().items():
            before = state.machine.get(key)
            if before != value:
                notes.append(
                    f"{key} was {before}, is {value}: losses may differ in the last digits"
                )
        return tuple(notes)

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
        recipe = self._recipe
        self._announce(notes)
        self._clock = time.monotonic() - self._counters.seconds
        self._session_seconds_before = self._counters.seconds
        if self._counters.step == 0:
            self._checkpoint()  # something to roll back to
        while not (self._stop.is_set() or self.is_spent()):
            self._take_step()
            if self._counters.step % recipe.log_every == 0:
                self._log_progress()
            self._tick()
            if len(self._val) and self._due_to_validate():
                self._validate()
            if self._due("checkpoint", recipe.checkpoint_every):
                self._checkpoint(best=self._is_best_without_validation())
            if not self.is_spent() and self._due("sample", recipe.sample_every):
                self._sample()
            if self.is_spent():
                self._is_healthy()  # a roll-back gives a budget of steps some of them back
        return self._finish()

    def _take_step(self) -> None:
        counters = self._counters
        batch = self._batches.at(counters.step)
        rate = learning_rate(self._recipe, counters.step, self._progress())
        self._learner.learn(batch, rate * counters.rate_scale)
        counters.step += 1
        counters.loss_steps += 1
        counters.reported_val_loss = None
        counters.seconds = time.monotonic() - self._clock
        self._session_steps += 1
        self._session_characters += batch.characters

    # When things are due

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

    def _due_to_validate(self) -> bool:
        """An interval in seconds adapts: shorter for a short budget, longer for slow readings."""
        interval = self._recipe.validate_every
        if interval.seconds and self._budget.seconds:
            seconds = min(interval.seconds, self._budget.seconds / _LOOKS_PER_BUDGET)
            seconds = max(seconds, self._validation_seconds / _VALIDATION_SHARE)
            interval = Every(seconds=seconds)
        return self._due("validate", interval)

    def _is_healthy(self) -> bool:
        """Whether losses and weights are still numbers; if not, the run was rolled back."""
        if self._checkpointing.is_finite():
            return True
        self._roll_back()
        return False

    # What is due

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
        counters, learner = self._counters, self._learner
        mean = learner.loss_sum.item() / max(1, counters.loss_steps)
        if not math.isfinite(mean):
            self._roll_back()
            return
        learner.loss_sum.zero_()
        counters.loss_steps = 0
        before = mean if counters.smooth_loss is None else counters.smooth_loss
        counters.smooth_loss = before + _SMOOTHING * (mean - before)
        self._corpus.text.release_pages()
        rate = learning_rate(self._recipe, counters.step, self._progress())
        self._report(
            Progressed(
                step=counters.step,
                epoch=counters.step / self._batches.steps_per_epoch,
                progress=self._progress(),
                seconds=counters.seconds,
                train_loss=mean,
                learning_rate=counters.rate_scale * rate,
                chars_per_second=self._chars_per_second(),
                eta=self._eta(),
            )
        )
        self._ticked = time.monotonic()

    def _tick(self) -> None:
        """Keep a screen moving between the points of the curve."""
        if time.monotonic() - self._ticked > _SECONDS_BETWEEN_TICKS:
            self._ticked = time.monotonic()
            speed = self._chars_per_second()
            self._report(Ticked(self._counters.step, self._progress(), speed, self._eta()))

    def _validate(self) -> None:
        if not self._is_healthy():
            return
        begun = time.monotonic()
        best = self._watch()
        self._validation_seconds = time.monotonic() - begun
        if best:
            self._checkpoint(best=True)

    def _watch(self) -> bool:
        """Estimate the validation loss; whether it is as low as any estimate before."""
        counters = self._counters
        loss = watched_loss(self._learner.model, self._val, self._learner.precision)
        lowest = counters.best_val_loss
        best = math.isfinite(loss) and (lowest is None or loss <= lowest)
        counters.val_loss = loss
        if best:
            counters.best_val_loss = loss
        self._report(Validated(counters.step, loss, best))
        return best

    def _checkpoint(self, *, best: bool = False) -> None:
        if not self._is_healthy():
            return
        counters = self._counters
        counters.marks["checkpoint"] = counters.step, counters.seconds
        self._checkpointing.save(counters, best=best)
        self._report(Checkpointed(counters.step))

    def _is_best_without_validation(self) -> bool:
        """Whether the training loss, for want of another, is as low as at any checkpoint."""
        counters = self._counters
        if len(self._val) or counters.smooth_loss is None:
            return False
        lowest = counters.best_train_loss
        best = lowest is None or counters.smooth_loss <= lowest
        if best:
            counters.best_train_loss = counters.smooth_loss
        return best

    def _sample(self, model: Model | None = None) -> None:
        """Let the network, as it is now or as `model` has it, write something."""
        if not self._recipe.sample_length or not self._is_healthy():
            return
        recipe, step = self._recipe, self._counters.step
        # A network of cold windows continues a window of the text; any other begins a line.
        seed = ""
        if recipe.batching == "windows":
            last = max(1, len(self._corpus) - recipe.window)
            start = (recipe.rng_seed * 6364136223846793005 + step * 1442695040888963407) % last
            seed = self._corpus.excerpt(start, start + recipe.window)
        writer = model or self._checkpointing.snapshot(self._counters)
        strategy = Strategy(recipe.sample_temperature)
        text = sample(writer, seed, recipe.sample_length, strategy, recipe.rng_seed)
        self._report(Sampled(step, seed, text))

    def _roll_back(self) -> None:
        """The loss is no number any more: back to the last good checkpoint, at half the rate."""
        broken = self._counters
        scale = broken.rate_scale / 2
        if scale < _LOWEST_RATE_SCALE:
            raise RnntermError(
                f"the loss of {self._run.name} is not a number, even at {broken.rate_scale:g} of "
                "its learning rate: try a lower learning_rate, or a clip_norm"
            )
        checkpoint, state, _ = self._checkpointing.restore_newest()
        self._counters = state.counters
        self._counters.rate_scale = scale
        self._counters.seconds = broken.seconds  # time that was lost was still spent
        self._report(RolledBack(broken.step, checkpoint.step, scale))

    # The end

    def _finish(self) -> Finished:
        stopped = not self.is_spent()
        # A run that will go on keeps its half-filled point of the curve, for the curve's sake.
        if not stopped and self._counters.loss_steps:
            self._log_progress()
        counters = self._counters
        judged = len(self._val) > 0 and not stopped
        best = self._watch() if judged else self._is_best_without_validation()
        self._checkpoint(best=best)  # before the long last reading: nothing can be lost by then
        best_val_loss = self._report_validation(best=best) if judged else counters.best_val_loss
        if not stopped:
            self._sample(self._checkpointing.best_model(counters))
        finished = Finished(
            reason="stopped" if stopped else "finished",
            step=counters.step,
            seconds=counters.seconds,
            train_loss=counters.smooth_loss,
            val_loss=counters.known_val_loss,
            best_val_loss=best_val_loss,
            chars_per_second=self._chars_per_second(),
        )
        self._report(finished)
        return finished

    def _report_validation(self, *, best: bool) -> float | None:
        """Read the validation part exactly, with the last weights and the best; the best's loss.

        A stop leaves the estimates standing.
        """
        counters, learner = self._counters, self._learner
        self._report(Validating(counters.step))
        counters.reported_val_loss = reported_loss(learner.model, self._val, self._stop.is_set)
        if counters.reported_val_loss is None:
            return counters.best_val_loss
        self._checkpoint(best=best)  # the model file tells the exact figure
        if best:
            return counters.reported_val_loss
        kept = self._checkpointing.best_model(counters)
        best_model = CharRNN(kept.spec).to(learner.device)
        best_model.load_arrays(kept.tensors)
        exact = reported_loss(best_model, self._val, self._stop.is_set)
        return counters.best_val_loss if exact is None else exact

    # Speed

    def _session_seconds(self) -> float:
        return max(1e-9, self._counters.seconds - self._session_seconds_before)

    def _chars_per_second(self) -> float:
        return self._session_characters / self._session_seconds()

    def _eta(self) -> float:
        steps_per_second = self._session_steps / self._session_seconds()
        return self._budget.eta(self._counters.step, self._counters.seconds, steps_per_second)


def _check_validation_part(recipe: Recipe, characters: int) -> None:
    needed = recipe.window + 1 if recipe.batching == "windows" else 2
    if recipe.val_fraction and characters < needed:
        raise RnntermError(
            f"the validation part has {characters} characters and needs {needed}: "
            "set a larger val_fraction, or val_fraction=0 to go without"
        )
