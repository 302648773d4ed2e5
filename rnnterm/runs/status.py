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
from rnnterm.runs.metrics import LogEntry
from rnnterm.runs.records import record_from_json, record_to_json

_VERSION = 1
_SECONDS_BETWEEN_WRITES = 1.0

RUNNING, PAUSED = "running", "paused"
FINISHED, STOPPED, DIVERGED, CRASHED = "finished", "stopped", "diverged", "crashed"
ENDS = (FINISHED, STOPPED, DIVERGED, CRASHED)


@dataclass(frozen=True)
class RunStatus:
    """What a trainer last said; losses in nats per character, times in seconds.

    Attributes:
        state: `running`, `paused`, or how the last session ended: one of `ENDS`.
        progress: the share of the budget that is spent, 0 to 1.
        seconds: training time over all sessions.
        checkpoint_step: the last step that is safe.
        checkpoint_time, time: of the checkpoint and of this status, since the epoch.
        error: why the session ended, where it ended badly.
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

    def after(self, entry: LogEntry) -> "RunStatus":
        """The status once an event has happened."""
        changed: dict[str, Any] = {"time": entry.time, "session": entry.session}
        event = entry.event
        match event:
            case Started():
                changed |= {"state": RUNNING, "error": None, "network": event.network}
                changed |= {"device": event.device, "eta_seconds": None, "chars_per_second": None}
                for name in ("train_loss", "val_loss", "best_val_loss"):
                    changed[name] = getattr(event, name)
            case Progressed() | Ticked():
                changed |= {"progress": event.progress, "eta_seconds": _known(event.eta)}
                changed["chars_per_second"] = event.chars_per_second
                if isinstance(event, Progressed):
                    changed |= {"seconds": event.seconds, "train_loss": _known(event.train_loss)}
            case Validated():
                changed["val_loss"] = _known(event.val_loss)
                if event.best:
                    changed["best_val_loss"] = event.val_loss
            case Checkpointed():
                changed |= {"checkpoint_step": event.step, "checkpoint_time": entry.time}
            case Answered(request="pause"):
                changed["state"] = PAUSED
            case Answered(request="continue"):
                changed["state"] = RUNNING
            case Finished():
                changed |= {"state": event.reason, "eta_seconds": None, "seconds": event.seconds}
                changed |= {"val_loss": event.val_loss, "best_val_loss": event.best_val_loss}
                changed |= {"train_loss": event.train_loss}
                if event.reason == FINISHED:
                    changed["progress"] = 1.0
            case Failed():
                changed |= {"state": event.reason, "eta_seconds": None, "error": event.error}
        step = event.to_step if isinstance(event, RolledBack) else event.step
        return replace(self, **changed, step=step)


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
        changed = isinstance(event, Started | Checkpointed) or self._status.state != before
        if changed or now - self._written >= _SECONDS_BETWEEN_WRITES:
            self._written = now
            self._write()

    def _write(self) -> None:
        text = json.dumps({"version": _VERSION} | record_to_json(self._status))
        try:
            replace_file(self._path, text.encode())
        except FileNotFoundError:
            raise RnntermError(
                f"the folder of run {self._path.parent.name} is gone: nothing is left to train for"
            ) from None
        except OSError:
            pass


def read_status(path: Path) -> RunStatus | None:
    """The last status that was written; None where there is none that can be read."""
    try:
        values = json.loads(path.read_text("ascii"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.get("version") != _VERSION:
        return None
    if values.get("state") not in (RUNNING, PAUSED, *ENDS):
        return None
    return record_from_json(RunStatus, values)


def status_of(entries: list[LogEntry]) -> RunStatus:
    """What a log says of its run's status."""
    status = RunStatus()
    for entry in entries:
        status = status.after(entry)
    return status


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
