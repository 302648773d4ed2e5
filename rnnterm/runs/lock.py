"""One run, one trainer: the lock that a trainer holds, and who that trainer is.

The lock is the truth: the system frees it however its holder ends. The process number in
`owner.json` serves for signals and for telling people, and only while it is provably the same
process. Where the system tells who holds the lock, and it is another process, the run is not
trained, and people learn who keeps it locked.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rnnterm.errors import RnntermError
from rnnterm.files import failing_as, open_regular, open_to_append, write_json
from rnnterm.runs.entries import load_object
from rnnterm.runs.records import record_from_json, record_to_json

LOCK = ".lock"
_OWNER = "owner.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROC = Path("/proc")
_LOCKS = _PROC / "locks"
_SAME_START = 2.0  # seconds: the clock that start times are told by may be set in between
_PATIENCE = 1.0  # seconds: those who only look hold the lock for a moment
_SECONDS_TO_BEGIN = 30.0  # that a new process may need before it has written its name
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


@dataclass(frozen=True)
class Stranger:
    """A process that holds a run's lock and is not its trainer.

    Anyone who may read the file can lock it: a run folder is therefore private. One that an earlier
    rnnterm made is open to others until it is resumed.

    Attributes:
        user: whose process it is, where that is another user.
    """

    pid: int
    user: str | None = None

    def describe(self) -> str:
        """For people: `process 123 of user ann`."""
        return f"process {self.pid}" + (f" of user {self.user}" if self.user else "")


@dataclass(frozen=True)
class LockState:
    """Who holds a run's lock at one moment.

    Attributes:
        is_trained: whether its holder is a trainer, as far as can be told.
        owner: that trainer, where it is known.
        stranger: the holder that is no trainer of the run.
    """

    is_trained: bool = False
    owner: Owner | None = None
    stranger: Stranger | None = None

    @property
    def problem(self) -> str | None:
        """What a person should know of the lock."""
        if self.stranger is None:
            return None
        return f"its lock is held by {self.stranger.describe()}, which is not its trainer"


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Be the trainer of the run in `folder`, as `owner.json` will say.

    Raises RnntermError that names the owner if there is one, or where the folder is missing or its
    lock is a link.
    """
    from filelock import FileLock, Timeout  # slow to import, and readers take no lock

    # Versions of filelock differ in whether they set this mode on a file that is there.
    lock = FileLock(folder / LOCK, mode=0o600)
    with failing_as(f"cannot lock {folder} by its {LOCK}"):
        # FileLock alone would make the folder anew, after its run was deleted.
        open_to_append(folder / LOCK).close()
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
    """Whether someone holds the run's lock; looking neither writes nor waits."""
    import fcntl

    try:
        file = open_regular(folder / LOCK)
    except OSError:
        return False
    with file:
        try:
            # Shared, so that those who look never find each other.
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def is_trained(folder: Path) -> bool:
    """Whether a trainer holds the run's lock, and no stranger; looking neither writes nor waits."""
    return look_at_lock(folder).is_trained


def look_at_lock(folder: Path) -> LockState:
    """Who holds the run's lock; looking neither writes nor waits."""
    if not is_locked(folder):
        return LockState()
    owner = read_owner(folder)
    holder = _holder(folder, owner)
    alive = owner if owner is not None and owner.may_live() else None
    if holder is None or holder.pid == os.getpid():  # not told, as beyond Linux; or this process
        return LockState(is_trained=True, owner=alive)
    # In a container a process has another number, under another host's name.
    elsewhere = alive is not None and alive.host != socket.gethostname() and holder.user is None
    if alive is not None and (alive.pid == holder.pid or elsewhere):
        return LockState(is_trained=True, owner=alive)
    if owner is not None and _is_inside(owner, holder.pid):
        return LockState(is_trained=True, owner=replace(owner, pid=holder.pid))
    if holder.user is None and _has_yet_to_sign(folder, holder.pid):
        return LockState(is_trained=True)
    return LockState(stranger=holder)


def _is_inside(owner: Owner, pid: int) -> bool:
    """Whether a process is the owner, by the number that it has within a container's namespace."""
    if owner.boot != _boot_id():
        return False
    try:
        lines = (_PROC / str(pid) / "status").read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    numbers = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    return len(numbers) > 1 and numbers[-1] == str(owner.pid)


def _has_yet_to_sign(folder: Path, pid: int) -> bool:
    """Whether a process is so new that it may be a trainer whose name is not written yet.

    What holds the lock for longer, and has not written its name, is no trainer.
    """
    import psutil

    try:
        begun = psutil.Process(pid).create_time()
        signed = signed_at(folder)
    except FileNotFoundError:
        signed = 0.0
    except (psutil.Error, OSError):
        return False
    return signed < begun + _SAME_START and time.time() - begun < _SECONDS_TO_BEGIN


def check_free(folder: Path) -> None:
    """Raise RnntermError that says who it is if someone holds the run's lock."""
    if is_locked(folder):
        raise RnntermError(busy_message(folder))


def read_owner(folder: Path) -> Owner | None:
    """The last trainer, alive or not; None where nobody wrote a readable name."""
    try:
        values = load_object(folder / _OWNER)
    except RnntermError:
        return None
    return record_from_json(Owner, values)


def signed_at(folder: Path) -> float:
    """When the last trainer wrote its name, in seconds since the epoch; raises OSError if none."""
    return (folder / _OWNER).lstat().st_mtime


def busy_message(folder: Path) -> str:
    """Why nobody else may train the run now."""
    deadline = time.monotonic() + _SECONDS_TO_SIGN
    state = look_at_lock(folder)
    # Who has just taken the lock has yet to write its name over that of an earlier owner. A process
    # of another user cannot be waited for: it never writes there.
    while _may_sign(state) and time.monotonic() < deadline:
        time.sleep(0.02)
        state = look_at_lock(folder)
    stranger = state.stranger
    if not state.is_trained and stranger is None:
        stranger = _holder(folder, state.owner)  # one that shares the lock keeps trainers out, too
    if stranger is not None:
        held = f"its lock is held by {stranger.describe()}, which is not its trainer"
        return f"run {folder.name} cannot be used now: {held}; end that process first"
    who = state.owner.describe() if state.owner else "another process"
    return f"run {folder.name} is being trained by {who}: attach to it, or stop it first"


def _may_sign(state: LockState) -> bool:
    """Whether the holder of a lock may be a trainer that begins just now."""
    if state.is_trained:
        return state.owner is None
    return state.stranger is not None and state.stranger.user is None


def _holder(folder: Path, owner: Owner | None) -> Stranger | None:
    """The process that keeps others from the lock, where the system tells."""
    try:
        found = (folder / LOCK).lstat()
        lines = _LOCKS.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"
    exact: list[tuple[str, int]] = []
    alike: list[tuple[str, int]] = []
    for line in lines:
        # 1: FLOCK ADVISORY WRITE 4711 08:01:131 0 EOF
        match line.split():
            case [_, "FLOCK", _, how, pid, place, *_] if pid.isdecimal():
                on, _, inode = place.rpartition(":")
                if inode == str(found.st_ino):
                    (exact if on == device else alike).append((how, int(pid)))
    if not exact:
        # A file system of layers or subvolumes has another device there than files tell. Another
        # file system has files of the same number, too.
        known = owner.pid if owner is not None else None
        exact = [each for each in alike if each[1] == known or _has_open(each[1], found)]
    holders = sorted(exact, reverse=True)  # who writes, before those who share
    pids = [pid for _, pid in holders if pid > 0]
    return _as_stranger(pids[0], found.st_uid) if pids else None


def _has_open(pid: int, file: os.stat_result) -> bool:
    """Whether a process has a file open, as far as the system tells this user."""
    with suppress(OSError):
        for link in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                if os.path.samestat(link.stat(), file):
                    return True
    return False


def _as_stranger(pid: int, uid: int) -> Stranger:
    """A process, with its user's name unless that is the user of number `uid`."""
    import pwd

    try:
        user = Path(f"/proc/{pid}").stat().st_uid
    except OSError:  # ended just now, or hidden
        return Stranger(pid)
    if user == uid:
        return Stranger(pid)
    try:
        return Stranger(pid, pwd.getpwuid(user).pw_name)
    except KeyError:
        return Stranger(pid, str(user))


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        import psutil

        return f"boot at {psutil.boot_time():.0f}"
