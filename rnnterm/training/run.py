"""A session of training: from a plan to a trained model file, with everything written down."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rnnterm.errors import DivergedError, RnntermError, UsageError, is_out_of_memory
from rnnterm.runs.control import Inbox
from rnnterm.runs.events import Event, Failed, Listener, Ticked
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.metrics import MetricsLog
from rnnterm.runs.result import TrainingResult
from rnnterm.runs.status import CRASHED, DIVERGED, StatusWriter
from rnnterm.training.estimate import memory_notes
from rnnterm.training.plan import TrainingPlan

if TYPE_CHECKING:
    from rnnterm.training.trainer import Trainer


class TrainingSession:
    """Trains a run, new or resumed, and owns its folder all the while."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self._listeners: list[Listener] = []
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask for a checkpoint and an early end; safe to call from a signal handler."""
        self._stop.set()

    def train(self, report: Listener | None = None) -> TrainingResult:
        """Train to the end of the budget, telling `report` and the run's log about it.

        The run is visible, and locked, when the Started event comes. Raises RnntermError if another
        process trains this run, if a new run is stopped before it is visible, or as `Trainer` does.
        """
        with self._opened() as (trainer, notes), self._recorded(report):
            folder = self._plan.folder
            try:
                finished = trainer.train(notes)
            except Exception as error:
                told = _in_one_line(error)
                reason = DIVERGED if isinstance(error, DivergedError) else CRASHED
                self._report(Failed(reason, trainer.step, told))
                if is_out_of_memory(error):
                    raise RnntermError(told) from error
                raise
            return TrainingResult.of(folder, finished)

    @contextmanager
    def _opened(self) -> Iterator[tuple["Trainer", tuple[str, ...]]]:
        """The trainer of a run that is locked and has a checkpoint, and what to know of it."""
        plan = self._plan
        with ExitStack() as stack:
            if plan.resumed:
                # Locked before torch is imported: those who come second need not wait for it.
                stack.enter_context(hold_lock(plan.folder.path))
                plan.folder.prepare()
                Inbox(plan.folder.control).open()  # what is asked from now on is for this session
                trainer = self._make_trainer(stack)
                notes = self._notes() + trainer.resume()
                if trainer.is_spent():
                    raise UsageError(
                        f"run {plan.folder.name} has spent its budget: "
                        "give a larger --time-budget, --steps or --epochs"
                    )
                plan.folder.write_config(plan.config())
            else:
                trainer, notes = self._make_trainer(stack), self._notes()
                staged = stack.enter_context(plan.folder.staged())
                stack.enter_context(hold_lock(staged.path))
                Inbox(staged.control).open()
                staged.write_config(plan.config())
                trainer.save_first(staged)
                if self._stop.is_set():
                    raise RnntermError(f"run {plan.folder.name} was stopped before it began")
                plan.folder.publish(staged)
            yield trainer, notes

    def _notes(self) -> tuple[str, ...]:
        """What a person should know of the text, and of the memory that training it takes."""
        return self._plan.corpus.notes + memory_notes(self._plan.recipe, self._plan.corpus)

    def _make_trainer(self, stack: ExitStack) -> "Trainer":
        from rnnterm.training.machine import training_settings
        from rnnterm.training.trainer import Trainer

        plan = self._plan
        stack.enter_context(training_settings(plan.recipe.threads))
        try:
            return Trainer(plan.folder, plan.recipe, plan.corpus, self._report, self._stop)
        except Exception as error:
            if is_out_of_memory(error):
                raise RnntermError(_in_one_line(error)) from error
            raise

    @contextmanager
    def _recorded(self, report: Listener | None) -> Iterator[None]:
        """Every event goes to the log, the status, and whoever else wants to know."""
        folder = self._plan.folder
        with ExitStack() as stack:
            log = stack.enter_context(MetricsLog(folder.metrics))
            status = StatusWriter(folder.status, log.session)
            self._listeners = [partial(_log_event, log), status.report]
            if self._plan.tensorboard:
                from rnnterm.training.tensorboard import TensorBoardWriter

                writer = stack.enter_context(TensorBoardWriter(folder, self._report))
                self._listeners.append(writer.report)
            if report is not None:
                self._listeners.append(report)
            yield

    def _report(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _log_event(log: MetricsLog, event: Event) -> None:
    if not isinstance(event, Ticked):
        log.append(event)


def _in_one_line(error: Exception) -> str:
    """An error for people."""
    if is_out_of_memory(error):
        return (
            "there is not enough memory: lower batch_size, bptt or hidden_size, or close something"
        )
    text = str(error).strip().split("\n")[0]
    return text if isinstance(error, RnntermError) else f"{type(error).__name__}: {text}"
