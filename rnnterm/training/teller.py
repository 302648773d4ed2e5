"""Where a run stands, told as events: its beginning, the points of its curve, its end."""

from dataclasses import asdict

from rnnterm.runs.events import Checkpointed, Finished, Listener, Progressed, Started, Ticked
from rnnterm.runs.sharing import CoreSharing
from rnnterm.training.learner import Learner
from rnnterm.training.pace import Pace
from rnnterm.training.schedule import Budget
from rnnterm.training.state import Counters
from rnnterm.training.system import system_facts


class Teller:
    """Reports a session's figures."""

    def __init__(
        self, run: str, learner: Learner, budget: Budget, steps_per_epoch: float, report: Listener
    ) -> None:
        self._run, self._learner, self._report = run, learner, report
        self._budget, self._steps_per_epoch = budget, steps_per_epoch

    def begin(self, counters: Counters, notes: tuple[str, ...]) -> None:
        """The session begins, at a step that has a checkpoint; `notes` are for people."""
        spec, device = self._learner.model.spec, self._learner.device
        self._report(
            Started(
                run=self._run,
                step=counters.step,
                network=spec.describe(),
                parameters=spec.parameter_count,
                device=str(device),
                precision=self._learner.precision,
                notes=notes,
                system=system_facts(device),
                train_loss=counters.train_loss,
                val_loss=counters.known_val_loss,
                best_val_loss=counters.best_val_loss,
                progress=self._budget.progress(counters.step, counters.seconds),
                seconds=counters.seconds,
            )
        )
        self._report(Checkpointed(counters.step))

    def progress(self, counters: Counters, pace: Pace, loss: float, rate: float) -> None:
        """A point of the curve: the mean training loss, and the learning rate by now."""
        self._report(
            Progressed(
                step=counters.step,
                epoch=counters.step / self._steps_per_epoch,
                progress=self._budget.progress(counters.step, counters.seconds),
                seconds=counters.seconds,
                train_loss=loss,
                learning_rate=rate,
                chars_per_second=self._speed(pace),
                eta=pace.eta(self._budget, counters.step),
            )
        )

    def tick(self, counters: Counters, pace: Pace, sharing: CoreSharing | None) -> None:
        """Keep a screen moving between the points of the curve."""
        step, eta = counters.step, pace.eta(self._budget, counters.step)
        progress = self._budget.progress(step, counters.seconds)
        speed = self._speed(pace)
        shared = asdict(sharing) if sharing else {}
        self._report(Ticked(step, progress, speed, eta, **shared))
        pace.ticked()

    def _speed(self, pace: Pace) -> float:
        """Of the last steps; on a GPU, which a step does not wait for, of the session."""
        recent = pace.speed.chars_per_second if self._learner.device.type == "cpu" else None
        return recent or pace.chars_per_second

    def end(
        self,
        counters: Counters,
        pace: Pace,
        reason: str,
        best_val_loss: float | None,
        sharing: CoreSharing | None,
    ) -> Finished:
        """The session has ended, for that reason; the event reported."""
        finished = Finished(
            reason=reason,
            step=counters.step,
            seconds=counters.seconds,
            train_loss=counters.smooth_loss,
            val_loss=counters.known_val_loss,
            best_val_loss=best_val_loss,
            chars_per_second=pace.chars_per_second,
            cores=sharing.cores if sharing else 0,
            time_budget=self._budget.seconds,
            others=pace.speed.mean_others,
            lost_seconds=pace.speed.lost_seconds,
        )
        self._report(finished)
        return finished
