"""The trainer: one run's loop, readable from top to bottom."""

import math
import threading

from rnnterm.errors import DivergedError, RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.quantities import format_duration
from rnnterm.runs.control import Inbox
from rnnterm.runs.events import (
    Answered,
    Checkpointed,
    Finished,
    Listener,
    RolledBack,
    Troubled,
    Validating,
)
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.sharing import CoreSharing
from rnnterm.runs.status import FINISHED, STOPPED
from rnnterm.text.corpus import Corpus
from rnnterm.training.batches import make_batches
from rnnterm.training.checkpointing import Checkpointing
from rnnterm.training.distributed import make_learner
from rnnterm.training.judging import Judge
from rnnterm.training.knobs import Every
from rnnterm.training.machine import can_train_in_bf16
from rnnterm.training.machine_watch import MachineWatch
from rnnterm.training.pace import Pace
from rnnterm.training.recipe import Recipe
from rnnterm.training.schedule import Budget, learning_rate
from rnnterm.training.scribe import Scribe
from rnnterm.training.state import Counters
from rnnterm.training.system import UsageMeter
from rnnterm.training.teller import Teller
from rnnterm.training.worked import WorkedClock

_SMOOTHING = 0.3  # weight of the newest point in the running mean
_LOWEST_RATE_SCALE = 1 / 256
_SECONDS_BETWEEN_LOOKS = 0.05  # into the inbox, while paused


class Trainer:
    """Trains one run until its budget is spent, `stop` is set, or someone asks it to end.

    It alone writes the run's checkpoints; all else it has to say goes to `report`.

    Raises RnntermError for a text too short for the recipe, a network too large for the memory, or
    a device that is not here.
    """

    def __init__(
        self,
        run: RunFolder,
        recipe: Recipe,
        corpus: Corpus,
        report: Listener,
        stop: threading.Event,
    ) -> None:
        self._run, self._recipe, self._corpus, self._report = run, recipe, corpus, report
        self._stop = stop
        split = corpus.split(recipe.val_fraction, recipe.test_fraction)
        self._batches = make_batches(recipe, split.train)
        self._budget = Budget.of(recipe, self._batches.steps_per_epoch)

        self._learner = make_learner(recipe, corpus)
        self._clock = WorkedClock()
        self._judge = Judge(
            recipe, self._learner, split.val, report, self._is_stopped, clock=self._clock
        )
        self._watch = MachineWatch(recipe, self._learner.device, report)
        self._checkpointing = Checkpointing(run, recipe, corpus, self._learner, self._watch)
        self._counters = Counters()
        self._pace = Pace(clock=self._clock)
        self._scribe = Scribe(recipe, corpus, report)
        steps_per_epoch = self._batches.steps_per_epoch
        self._teller = Teller(run.name, self._learner, self._budget, steps_per_epoch, report)
        self._meter = UsageMeter(self._learner.device)
        self._inbox = Inbox(run.control)

    @property
    def step(self) -> int:
        """Batches learnt from, over all sessions."""
        return self._counters.step

    def save_first(self, staged: RunFolder) -> None:
        """Write the checkpoint that a new run begins with, into a folder that becomes the run's.

        Raises RnntermError if it cannot be written.
        """
        self._checkpointing.save(self._counters, best=False, folder=staged)

    def resume(self) -> tuple[str, ...]:
        """Go back to the newest checkpoint that verifies; says what a person should know.

        Raises RnntermError if there is none, or it is of another network or alphabet.
        """
        checkpoint, state, rejected = self._checkpointing.restore_newest()
        self._counters = state.counters
        is_on_cpus = self._learner.device.type == state.machine["device"] == "cpu"
        before = state.machine["precision"]
        is_possible = before == "fp32" or (is_on_cpus and can_train_in_bf16(self._recipe.cell))
        if self._recipe.precision == "auto" and is_on_cpus and is_possible:
            # What was measured to be faster may be the other one today; a GPU has no choice.
            self._learner.precision = before
        notes = [f"{reason}; it was passed over" for reason in rejected]
        if rejected:
            notes.append(f"going on from the checkpoint of step {checkpoint.step:,}")
        return (*notes, *self._checkpointing.changes(state.machine))

    def is_spent(self) -> bool:
        """Whether the budget leaves nothing to do."""
        return self._progress() >= 1

    def train(self, notes: tuple[str, ...] = ()) -> Finished:
        """Take steps until the end, answering requests between them; the last event reported.

        The run has a checkpoint of where it begins. Raises DivergedError if the loss stops being a
        number again and again, RnntermError if the last checkpoint cannot be written.
        """
        with self._clock.beating(self._run.status), self._watch:
            return self._train(notes)

    def _train(self, notes: tuple[str, ...]) -> Finished:
        recipe = self._recipe
        self._teller.begin(self._counters, notes)
        self._pace = Pace(self._counters.seconds, self._clock, self._watch.speed_meter())
        while not (self._stop.is_set() or self.is_spent()):
            self._take_step()
            if self._counters.step % recipe.log_every == 0:
                self._log_progress()
            if self._pace.is_tick_due():
                self._teller.tick(self._counters, self._pace, self._sharing())
            if self._is_due("validate", self._judge.interval(self._budget)):
                self._validate()
            if self._is_due("checkpoint", recipe.checkpoint_every):
                self._checkpoint(best=not self._judge.can_validate and self._is_best())
            if not self.is_spent() and self._is_due("sample", recipe.sample_every):
                self._sample()
            if self._pace.is_measuring_due():
                self._report(self._meter.measure(self._counters.step))
                self._watch.check_memory(self._counters.step)
            self._obey()
            self._tell_still()
            if self.is_spent():
                self._is_healthy()  # a roll-back gives a budget of steps some of them back
        return self._finish()

    def _take_step(self) -> None:
        counters = self._counters
        batch = self._batches.at(counters.step)
        rate = learning_rate(self._recipe, counters.step, self._progress())
        begun = self._clock()
        self._learner.learn(batch, rate * counters.rate_scale)
        counters.step += 1
        counters.loss_steps += 1
        counters.reported_val_loss = None
        counters.seconds = self._pace.seconds
        self._pace.count(self._clock() - begun, batch.characters)
        self._watch.follow(counters.step, self._pace.speed)

    def _tell_still(self) -> None:
        if still := self._clock.take_still():
            told = f"the trainer stood still for {format_duration(still)}"
            self._report(Troubled(self._counters.step, f"{told}; that time is not counted"))

    def _progress(self) -> float:
        return self._budget.progress(self._counters.step, self._counters.seconds)

    def _is_due(self, duty: str, interval: Every) -> bool:
        """Whether it is time for a periodic duty; if so, its interval begins anew."""
        counters = self._counters
        counters.seconds = self._pace.seconds
        step, seconds = counters.marks.get(duty, (0, 0.0))
        due = interval.due(counters.step - step, counters.seconds - seconds)
        if due:
            counters.marks[duty] = counters.step, counters.seconds
        return due

    def _is_healthy(self) -> bool:
        """Whether losses and weights are still numbers; if not, the run was rolled back."""
        if self._checkpointing.is_finite():
            return True
        self._roll_back()
        return False

    def _is_best(self) -> bool:
        return self._is_healthy() and self._judge.is_best(self._counters)

    # What people ask

    def _obey(self) -> None:
        """Do what was asked since the last time; a pause lasts until someone ends it."""
        paused = self._answer(paused=False)
        with self._pace.standing(paused), self._watch.ignoring(paused):
            while paused and not self._stop.wait(_SECONDS_BETWEEN_LOOKS):
                self._run.check_there()
                paused = self._answer(paused=True)

    def _answer(self, *, paused: bool) -> bool:
        """Do what was asked; whether training is to pause."""
        for request in self._inbox.take():
            failure = None
            match request.verb:
                case "pause":
                    paused = True
                case "continue":
                    paused = False
                case "checkpoint":
                    failure = self._checkpoint()
                case "stop":
                    self._stop.set()
            self._report(Answered(self._counters.step, request.verb, request.id, failure))
        return paused

    def _sharing(self) -> CoreSharing | None:
        return self._watch.sharing(self._pace.speed)

    def _is_stopped(self) -> bool:
        """Whether to end; a long reading asks this between its pieces."""
        self._obey()
        self._watch.follow(self._counters.step, self._pace.speed)
        return self._stop.is_set()

    # What is due

    def _log_progress(self) -> None:
        counters, learner = self._counters, self._learner
        mean = learner.read_loss_sum() / max(1, counters.loss_steps)
        if not math.isfinite(mean):
            self._roll_back()
            return
        learner.loss_sum.zero_()
        counters.loss_steps = 0
        counters.train_loss = mean
        before = mean if counters.smooth_loss is None else counters.smooth_loss
        counters.smooth_loss = before + _SMOOTHING * (mean - before)
        self._corpus.text.release_pages()
        rate = learning_rate(self._recipe, counters.step, self._progress())
        self._teller.progress(counters, self._pace, mean, counters.rate_scale * rate)

    def _validate(self) -> None:
        if self._is_best():
            self._checkpoint(best=True)

    def _checkpoint(self, *, best: bool = False, last: bool = False) -> str | None:
        """Save the run; None, or why it was not saved.

        Where that fails, all but the `last` time, training goes on meanwhile: a disk may be full
        for an hour, and what is learnt in that hour need not be lost.
        """
        if not self._is_healthy():
            return "there was nothing to save: the loss was not a number, and training went back"
        counters = self._counters
        counters.marks["checkpoint"] = counters.step, counters.seconds
        try:
            self._checkpointing.save(counters, best=best)
        except RnntermError as error:
            self._run.check_there()
            if last:
                raise
            if best:
                self._judge.forget_best(counters)  # which the disk does not have
            self._report(Troubled(counters.step, f"{error}; training goes on, and tries again"))
            return str(error)
        self._report(Checkpointed(counters.step))
        return None

    def _sample(self, model: Model | None = None) -> None:
        """Let the network, as it is now or as `model` has it, write something."""
        if self._recipe.sample_length and self._is_healthy():
            writer = model or self._checkpointing.snapshot(self._counters)
            self._scribe.write(writer, self._counters.step)

    def _roll_back(self) -> None:
        """The loss is no number any more: back to the last good checkpoint, at half the rate."""
        broken = self._counters
        scale = broken.rate_scale / 2
        if scale < _LOWEST_RATE_SCALE:
            raise DivergedError(
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
        judged = self._judge.can_validate and not stopped
        best = (judged or not self._judge.can_validate) and self._is_best()
        # Before the long last reading: nothing can be lost by then.
        self._checkpoint(best=best, last=True)
        counters = self._counters
        best_val_loss = self._validate_exactly(best=best) if judged else counters.best_val_loss
        if not stopped:
            self._sample(self._checkpointing.best_model(counters))
        reason = STOPPED if stopped else FINISHED
        return self._teller.end(counters, self._pace, reason, best_val_loss, self._sharing())

    def _validate_exactly(self, *, best: bool) -> float | None:
        """Read the validation part with the last weights and with the best; the best's loss.

        A stop on the way leaves the estimates standing.
        """
        counters = self._counters
        self._report(Validating(counters.step))
        counters.reported_val_loss = self._judge.exact_loss()
        if counters.reported_val_loss is None:
            return counters.best_val_loss
        self._checkpoint(best=best, last=True)  # the model file tells the exact figure
        if best:
            return counters.reported_val_loss
        kept = self._checkpointing.best_model(counters)
        exact = self._judge.exact_loss(kept)
        return counters.best_val_loss if exact is None else exact
