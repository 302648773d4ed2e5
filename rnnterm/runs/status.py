"""How a run is doing: a few figures that its trainer rewrites about once a second."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError
from rnnterm.files import replace_file
from rnnterm.runs.entries import load_object
from rnnterm.runs.events import (
    Answered,
    Checkpointed,
    Event,
    Failed,
    Finished,
    Progressed,
    RolledBack,
    Started,
    Ticked,
    Validated,
)
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.metrics import LogEntry
from rnnterm.runs.records import record_from_json, record_to_json
from rnnterm.runs.sharing import CoreSharing

_VERSION = 1
_SECONDS_BETWEEN_WRITES = 1.0

RUNNING, PAUSED = "running", "paused"
FINISHED, STOPPED, DIVERGED, CRASHED = "finished", "stopped", "diverged", "crashed"
ENDS = (FINISHED, STOPPED, DIVERGED, CRASHED)
_STATE_AFTER = {"pause": PAUSED, "continue": RUNNING}  # a request was done

_AT_THE_END = ("cores", "others", "lost_seconds", "time_budget")
SHARING = ("cores", "most_threads", "threads", "others", "throttled", "pace")


@dataclass(frozen=True)
class RunStatus:
    """What a trainer last said; losses in nats per character, times in seconds.

    Attributes:
        state: `running`, `paused`, or how the last session ended: one of `ENDS`.
        progress: the share of the budget that is spent, 0 to 1.
        seconds: training time over all sessions.
        train_loss: the last point of the curve.
        checkpoint_step: the last step that is safe.
        checkpoint_time, time: of the checkpoint and of this status, since the epoch.
        error: why the session ended, where it ended badly.
        cores, most_threads, threads, others, throttled, pace: see `CoreSharing`; None where it
            is not measured.
        lost_seconds, time_budget: see `Finished`; `cores` and `others` are its, too, at the end.
        answer: the last answer to a request, as the event's JSON values.
    """

    state: str = RUNNING
    session: int = 0
    step: int = 0
    progress: float = 0.0
    seconds: float = 0.0
    train_loss: float | None = None
    val_loss: float | None = None
    best_val_loss: float | None = None
    chars_per_second: float | None = None
    eta_seconds: float | None = None
    checkpoint_step: int | None = None
    checkpoint_time: float | None = None
    time: float = 0.0
    network: str | None = None
    device: str | None = None
    error: str | None = None
    cores: int | None = None
    most_threads: int | None = None
    threads: int | None = None
    others: float | None = None
    throttled: float | None = None
    pace: float | None = None
    lost_seconds: float = 0.0
    time_budget: float = 0.0
    answer: dict[str, Any] | None = None

    def after(self, entry: LogEntry) -> "RunStatus":
        """The status once an event has happened."""
        changed: dict[str, Any] = {"time": entry.time, "session": entry.session}
        event = entry.event
        match event:
            case Started():
                changed |= {"state": RUNNING, "error": None, "network": event.network}
                changed |= {"device": event.device, "eta_seconds": None, "chars_per_second": None}
                for name in ("train_loss", "val_loss", "best_val_loss", "progress", "seconds"):
                    changed[name] = getattr(event, name)
            case Progressed() | Ticked():
                changed |= {"progress": event.progress, "eta_seconds": _known(event.eta)}
                changed["chars_per_second"] = event.chars_per_second
                if isinstance(event, Progressed):
                    changed |= {"seconds": event.seconds, "train_loss": _known(event.train_loss)}
                else:
                    changed |= {name: getattr(event, name) for name in SHARING}
            case Validated():
                changed["val_loss"] = _known(event.val_loss)
                if event.best:
                    changed["best_val_loss"] = event.val_loss
            case Checkpointed():
                changed |= {"checkpoint_step": event.step, "checkpoint_time": entry.time}
            case Answered():
                changed["answer"] = record_to_json(event)
                changed["state"] = _STATE_AFTER.get(event.request, self.state)
            case Finished():
                changed |= {"state": event.reason, "eta_seconds": None, "seconds": event.seconds}
                changed |= {"val_loss": event.val_loss, "best_val_loss": event.best_val_loss}
                changed |= {name: getattr(event, name) for name in _AT_THE_END}
                if event.reason == FINISHED:
                    changed["progress"] = 1.0
            case Failed():
                changed |= {"state": event.reason, "eta_seconds": None, "error": event.error}
        step = event.to_step if isinstance(event, RolledBack) else event.step
        return replace(self, **changed, step=step)

    @property
    def sharing(self) -> CoreSharing | None:
        """What the training gets of the cores while it runs; None where it is not measured."""
        return CoreSharing.of(self) if self.state == RUNNING else None

    @property
    def slowdown(self) -> str | None:
        """How other programs slow the training down, for people; None where they do not."""
        sharing = self.sharing
        return sharing.describe() if sharing and sharing.is_slowing else None

    def last_words(self) -> list[Answered | Finished | Failed]:
        """The last answer and the end of the session, as far as there are such.

        They are in the log, too, but where that cannot be written.
        """
        words: list[Answered | Finished | Failed] = []
        answer = record_from_json(Answered, self.answer or {})
        if answer is not None:
            words.append(answer)
        if self.state in (FINISHED, STOPPED):
            end = Finished(
                reason=self.state,
                step=self.step,
                seconds=self.seconds,
                train_loss=self.train_loss,
                val_loss=self.val_loss,
                best_val_loss=self.best_val_loss,
                chars_per_second=self.chars_per_second or 0.0,
                cores=self.cores or 0,
                others=self.others or 0.0,
                lost_seconds=self.lost_seconds,
                time_budget=self.time_budget,
            )
            words.append(end)
        elif self.state in (DIVERGED, CRASHED):
            words.append(Failed(self.state, self.step, self.error or "it does not say why"))
        return words


class StatusWriter:
    """Keeps `status.json` true while a trainer reports its events."""

    def __init__(self, path: Path, session: int, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._status = RunStatus(session=session)
        self._written = -math.inf

    def report(self, event: Event) -> None:
        """Take an event in, and write if the last time is a second ago or the state has changed.

        Raises RnntermError where the run's folder is gone: there is nothing left to train for. A
        full disk only leaves the status old.
        """
        before, now = self._status.state, self._clock()
        self._status = self._status.after(LogEntry(self._status.session, 0, now, event))
        turn = isinstance(event, Started | Checkpointed | Answered)
        changed = turn or self._status.state != before
        if changed or now - self._written >= _SECONDS_BETWEEN_WRITES:
            self._written = now
            self._write()

    def _write(self) -> None:
        text = json.dumps({"version": _VERSION} | record_to_json(self._status))
        try:
            replace_file(self._path, text.encode(), private=True)
        except FileNotFoundError:
            RunFolder(self._path.parent).check_there()
        except OSError:
            pass  # a full disk leaves the status old: the next event writes it again


def read_status(path: Path) -> RunStatus | None:
    """The last status that was written; None where there is none that can be read."""
    try:
        return load_status(path)
    except RnntermError:
        return None


def load_status(path: Path) -> RunStatus:
    """The last status that was written; raises RnntermError that says why it cannot be read."""
    values = load_object(path)
    version = values.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise RnntermError(f"{path.name} was written by a newer rnnterm: upgrade to read it")
    is_known = type(version) is int and version == _VERSION
    is_known = is_known and values.get("state") in (RUNNING, PAUSED, *ENDS)
    status = record_from_json(RunStatus, values) if is_known else None
    if status is None:
        raise RnntermError(f"{path.name} is damaged")
    return status


def status_of(entries: list[LogEntry]) -> RunStatus:
    """What a log says of its run's status."""
    status = RunStatus()
    for entry in entries:
        status = status.after(entry)
    return status


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
