"""One run, one trainer: the lock that a trainer holds, and who that trainer is.

The lock is the truth: the system frees it however its holder ends. The process number in
`owner.json` serves for signals and for telling people, and only while it is provably the same
process.
"""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rnnterm.errors import RnntermError
from rnnterm.files import failing_as, write_json
from rnnterm.runs.records import record_from_json, record_to_json

LOCK = ".lock"
_OWNER = "owner.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SAME_START = 2.0  # seconds: the clock that start times are told by may be set in between
_PATIENCE = 1.0  # seconds: those who only look hold the lock for a moment
_SECONDS_TO_SIGN = 10.0  # that a new owner may need on a busy machine to write its name


@dataclass(frozen=True)
class Owner:
    """The process that trains a run.

    Attributes:
        started: when the process began, in seconds since the epoch.
        boot: an identity of the machine's current boot.
    """

    pid: int
    started: float
    boot: str
    host: str

    @classmethod
    def this_process(cls) -> "Owner":
        """Who calls this."""
        import psutil

        started = psutil.Process().create_time()
        return cls(os.getpid(), started, _boot_id(), socket.gethostname())

    def is_alive_here(self) -> bool:
        """Whether just this process runs on this machine: no other that has its number by now."""
        import psutil

        if self.host != socket.gethostname() or self.boot != _boot_id():
            return False
        try:
            started = psutil.Process(self.pid).create_time()
        except (psutil.Error, ValueError, OverflowError):
            return False
        return abs(started - self.started) < _SAME_START

    def may_live(self) -> bool:
        """Whether the process is alive, as far as can be told from this machine."""
        return self.host != socket.gethostname() or self.is_alive_here()

    def describe(self) -> str:
        """For people: `process 1234`, and the host where it is another."""
        elsewhere = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{elsewhere}"


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Be the trainer of the run in `folder`, as `owner.json` will say.

    Raises RnntermError that names the owner if there is one, or where the folder is missing.
    """
    from filelock import FileLock, Timeout  # slow to import, and readers take no lock

    lock = FileLock(folder / LOCK)
    with failing_as(f"cannot lock {folder}"):
        # FileLock alone would make the folder anew, after its run was deleted.
        os.close(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644))
        try:
            lock.acquire(timeout=_PATIENCE, poll_interval=0.02)
        except Timeout:
            raise RnntermError(busy_message(folder)) from None
    try:
        with failing_as(f"cannot lock {folder}"):
            write_json(folder / _OWNER, record_to_json(Owner.this_process()))
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a trainer holds the run's lock; looking neither writes nor waits."""
    import fcntl

    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared, so that those who look never find each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def check_free(folder: Path) -> None:
    """Raise RnntermError that names the owner if a trainer holds the run."""
    if is_locked(folder):
        raise RnntermError(busy_message(folder))


def read_owner(folder: Path) -> Owner | None:
    """The last trainer, alive or not; None where nobody wrote a readable name."""
    try:
        values = json.loads((folder / _OWNER).read_text("ascii"))
    except (OSError, ValueError, RecursionError):
        return None
    return record_from_json(Owner, values) if isinstance(values, dict) else None


def busy_message(folder: Path) -> str:
    """Why nobody else may train the run now."""
    deadline = time.monotonic() + _SECONDS_TO_SIGN
    owner = read_owner(folder)
    # Who has just taken the lock has yet to write its name over that of an earlier owner.
    while not (owner and owner.may_live()) and time.monotonic() < deadline:
        time.sleep(0.02)
        owner = read_owner(folder)
    who = owner.describe() if owner else "another process"
    return f"run {folder.name} is being trained by {who}: attach to it, or stop it first"


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        import psutil

        return f"boot at {psutil.boot_time():.0f}"
