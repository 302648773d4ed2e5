"""Watching a run that another process trains: one reader for commands and for the app.

It polls: watching for changes does not work on network file systems, and a poll of a file that has
not grown costs microseconds. Every poll reads a bounded piece of the log and keeps a bounded part
of it, however long the run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rnnterm.runs.events import (
    Failed,
    Finished,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Ticked,
    Validated,
)
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import is_trained
from rnnterm.runs.metrics import LogEntry, LogTail
from rnnterm.runs.points import Curve, Point
from rnnterm.runs.silence import Silence, silence_of
from rnnterm.runs.skim import skim
from rnnterm.runs.status import CRASHED, ENDS, PAUSED, RUNNING, SHARING, RunStatus, read_status

_MOST_SAMPLES = 20
_LONG_LOG = 1 << 22  # bytes, which take half a second to read
_LEFT_TO_READ = 1 << 18  # bytes at the end of a long log, which hold the last of everything


@dataclass(frozen=True)
class RunView:
    """A run at one moment; nothing in it changes any more.

    Attributes:
        state: `running`, `paused`, or how it ended.
        status: the trainer's last figures.
        started: the last session's beginning.
        ended: how that session ended; None while it goes on, or if it just broke off.
        train, val: the curves, without what a later session or a roll-back undid.
        samples: the last few, oldest first.
        news: what came into the log since the view before.
        is_behind: whether more of the log waits to be read.
        silence: where a trainer holds the run and gives no sign of life.
    """

    name: str
    state: str
    status: RunStatus
    started: Started | None
    ended: Finished | Failed | None
    train: tuple[Point, ...]
    val: tuple[Point, ...]
    samples: tuple[Sampled, ...]
    news: tuple[LogEntry, ...]
    is_behind: bool
    silence: Silence | None = None

    @property
    def is_over(self) -> bool:
        """Whether no trainer is at work and all that the last one said has been read."""
        return self.state in ENDS and not self.is_behind

    @property
    def tick(self) -> Ticked:
        """The trainer's last figures as an event, which the log does not hold."""
        status = self.status
        eta = float("nan") if status.eta_seconds is None else status.eta_seconds
        shared = {name: getattr(status, name) for name in SHARING}
        return Ticked(status.step, status.progress, status.chars_per_second or 0.0, eta, **shared)


class RunReader:
    """Reads a run again and again; each `poll` gives a new view of it.

    With `from_end`, what the log holds by now is passed over: only what comes counts as news.
    """

    def __init__(self, run: RunFolder, *, from_end: bool = False) -> None:
        self._run = run
        self._tail = LogTail(run.metrics)
        if from_end:
            self._tail.skip_to_end()
        self._fold = RunStatus()
        self._started: Started | None = None
        self._ended: Finished | Failed | None = None
        self._train, self._val = Curve(), Curve()
        self._curves: tuple[tuple[Point, ...], tuple[Point, ...]] = ((), ())
        self._samples: tuple[Sampled, ...] = ()
        self._skimmed: list[LogEntry] = []

    def skim(self) -> None:
        """Before the first poll: take a long log in at a glance, all but its end.

        The curves are then made of merged points, the next news are what was read, and samples are
        those at the end.
        A log of a million lines takes about half a second; a short one is left to be read whole.
        """
        try:
            is_long = self._run.metrics.lstat().st_size > _LONG_LOG
        except OSError:
            return
        if is_long:
            found, end, stride = skim(self._run.metrics, _LEFT_TO_READ)
            self._tail.skip_to(end)
            for entry, point in found:
                self._take(entry, point)
            self._skimmed = [entry for entry, _ in found]
            self._train.thin(stride)

    def poll(self) -> RunView:
        """The run as it is now."""
        held = is_trained(self._run.path)  # before reading: what it said last is then in the log
        status = read_status(self._run.status)
        entries, is_behind = self._tail.read()
        for entry in entries:
            self._take(entry)
        if self._skimmed:
            entries, self._skimmed = [*self._skimmed, *entries], []
        if entries:
            self._curves = self._train.points, self._val.points
        status = status or self._fold
        return RunView(
            name=self._run.name,
            state=true_state(status, held=held),
            status=status,
            started=self._started,
            ended=self._ended,
            train=self._curves[0],
            val=self._curves[1],
            samples=self._samples,
            news=tuple(entries),
            is_behind=is_behind,
            silence=silence_of(self._run) if held else None,
        )

    def catch_up(self, take: Callable[[RunView], None] = lambda view: None) -> RunView:
        """Poll until all of the log is read, giving each view to `take`; returns the last."""
        while True:
            view = self.poll()
            take(view)
            if not view.is_behind:
                return view

    def _take(self, entry: LogEntry, point: Point | None = None) -> None:
        """Fold an entry in; `point` where it stands for all of a stretch of the curve."""
        self._fold = self._fold.after(entry)
        event = entry.event
        match event:
            case Started():
                self._started, self._ended = event, None
                self._forget_after(event.step)
            case Progressed():
                self._train.add(point or Point.of(event.step, event.train_loss))
            case Validated():
                self._val.add(Point.of(event.step, event.val_loss))
            case Sampled():
                self._samples = (*self._samples, event)[-_MOST_SAMPLES:]
            case RolledBack():
                self._forget_after(event.to_step)
            case Finished() | Failed():
                self._ended = event

    def _forget_after(self, step: int) -> None:
        self._train.forget_after(step)
        self._val.forget_after(step)
        self._samples = tuple(sample for sample in self._samples if sample.step <= step)


def why_it_broke_off(view: RunView, run: RunFolder) -> str:
    """Why a session ended without a result."""
    if run.is_gone:
        return f"{run.path} was deleted or moved away: its training ends without a result"
    if isinstance(view.ended, Failed):
        return view.ended.error
    ended = f"the trainer of {run.name} was ended at step {view.status.step:,} by something else"
    return view.status.error or ended


def true_state(status: RunStatus, *, held: bool) -> str:
    """What a run does: the lock knows whether it is trained, the status what the trainer said."""
    if held:
        return PAUSED if status.state == PAUSED else RUNNING
    return status.state if status.state in ENDS else CRASHED
