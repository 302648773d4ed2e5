"""Whether a trainer that holds its run still lives: stopped processes hold their locks, too.

A trainer touches its run's `status.json` twice a second, whatever it is at.
"""

import time
from dataclasses import dataclass

from rnnterm.quantities import format_duration
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import Owner, read_owner, signed_at

_SILENT_AFTER = 10.0  # seconds
_LATE_AFTER = 2.5  # seconds: it is time to ask the system


@dataclass(frozen=True)
class Silence:
    """A trainer that gives no sign of life.

    Attributes:
        since: its last sign, in seconds since the epoch.
        stopped_pid: its process, where that is stopped by a signal; else it may be stuck.
    """

    since: float
    stopped_pid: int | None = None

    @property
    def seconds(self) -> float:
        """How long it has lasted by now."""
        return max(0.0, time.time() - self.since)

    def describe(self) -> str:
        """For people: `not answering for 0:20`, and what to do."""
        told = f"not answering for {format_duration(self.seconds)}"
        if self.stopped_pid is None:
            return told
        return f"{told}: stopped by a signal; kill -CONT {self.stopped_pid} lets it go on"


def silence_of(run: RunFolder) -> Silence | None:
    """The silence of a trainer that holds its run; None while it gives signs of life.

    Of a trainer on another machine nothing is known: its clock may be another.
    """
    try:
        # Who resumes a run has yet to touch the status of the session before.
        since = max(run.status.lstat().st_mtime, signed_at(run.path))
    except OSError:
        return None
    seconds = time.time() - since
    if seconds < _LATE_AFTER:
        return None
    owner = read_owner(run.path)
    if owner is None or not owner.is_alive_here():
        return None
    if _is_stopped(owner):
        return Silence(since, owner.pid)
    return Silence(since) if seconds > _SILENT_AFTER else None


def _is_stopped(owner: Owner) -> bool:
    import psutil

    try:
        return bool(psutil.Process(owner.pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
