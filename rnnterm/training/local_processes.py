"""The processes that train one run on this machine, which nobody else can reach.

Rank 0 starts the others and meets them without a launcher's server: addresses stand in a file of
the user's own, messages go over the loopback interface, and no message is unpickled. `torchrun`,
which serves several machines, listens on all interfaces.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psutil
import torch.distributed as dist

from rnnterm.errors import RnntermError
from rnnterm.text.encoded import cache_folder
from rnnterm.training.world import WORKER, World

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_LOOPBACK = "127.0.0.1"
_SECONDS_TO_MEET = timedelta(seconds=300)
_SECONDS_BETWEEN_CHECKS = 0.02
_SECONDS_TO_END = 10.0
_SECONDS_TO_SPEAK = 1.0
_LAST_OUTPUT = 2000  # characters of a failed worker's standard error


@contextmanager
def started_workers(size: int) -> Iterator["Store"]:
    """Start ranks 1 to `size` - 1 on this machine; gives the store in which all ranks meet.

    They end with this process, however it ends.

    Raises:
        RnntermError: one of them ended before it could take part, or there is no loopback.
    """
    with ExitStack() as stack:
        path = stack.enter_context(_meeting_file())
        _stay_private()
        store = open_store(path, size)
        workers = [stack.enter_context(_worker(rank, size, path)) for rank in range(1, size)]
        try:
            _wait_until_ready(store, workers)
            yield store
        except Exception:  # an interrupt is obeyed at once
            _let_speak(workers)
            raise
        for worker in workers:
            worker.wait_for_end()


def join_as_worker(arguments: list[str]) -> tuple[World, "Store"]:
    """Become the worker that rank 0's command line describes, ready to meet the others.

    Args:
        arguments: `WORKER`, this rank, the number of processes, the file in which they meet.
    """
    rank, size, path = int(arguments[1]), int(arguments[2]), arguments[3]
    threading.Thread(target=_end_with_rank_0, daemon=True).start()
    _stay_private()
    store = open_store(path, size)
    store.set(_ready_key(rank), "1")
    return World(rank, rank, size, size), store


def open_store(path: str, size: int) -> "Store":
    """Open the store of `size` processes that lies in a file; its values are plain bytes."""
    store = dist.FileStore(path, size)  # type: ignore[attr-defined]
    store.set_timeout(_SECONDS_TO_MEET)
    return store


class _Worker:
    """A process that rank 0 started; what it writes to its standard error goes to ours."""

    def __init__(self, rank: int, process: "subprocess.Popen[bytes]") -> None:
        self._rank, self._process = rank, process
        self._output = bytearray()
        self._copier = threading.Thread(target=self._copy_errors, daemon=True)
        self._copier.start()

    def check_alive(self) -> None:
        """Raise RnntermError with its last words if it has ended."""
        code = self._process.poll()
        if code is not None:
            self._copier.join(_SECONDS_TO_END)
            lines = self._output.decode(errors="replace").strip().splitlines()
            reason = f": {lines[-1]}" if lines else ""
            raise RnntermError(f"process {self._rank} ended with {code} before it began{reason}")

    def wait_for_end(self) -> None:
        """Let it end by itself, as it was told to."""
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"process {self._rank} does not end by itself, and is ended\n")

    def _copy_errors(self) -> None:
        stream: IO[bytes] | None = self._process.stderr
        assert stream is not None
        while chunk := os.read(stream.fileno(), 1 << 16):
            self._output = (self._output + chunk)[-_LAST_OUTPUT:]
            # Where nobody reads ours, the worker must still not wait for who takes what it writes.
            with suppress(OSError, ValueError):
                sys.stderr.write(chunk.decode(errors="replace"))
                sys.stderr.flush()

    def let_speak(self, seconds: float) -> None:
        """Give it time to end by itself, as one that fails does once it has told why."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def finish_output(self) -> None:
        """Wait, once it has ended, until what it wrote is passed on."""
        self._copier.join(_SECONDS_TO_SPEAK)  # something else may hold its end of the pipe


@contextmanager
def _worker(rank: int, size: int, path: str) -> Iterator[_Worker]:
    process = subprocess.Popen(
        [sys.executable, "-m", "rnnterm.training", WORKER, str(rank), str(size), path],
        stdin=subprocess.PIPE,  # its end tells that rank 0 has ended
        stdout=subprocess.DEVNULL,  # ours is where rank 0 answers who started it
        stderr=subprocess.PIPE,
    )
    worker = _Worker(rank, process)
    try:
        yield worker
    finally:
        process.kill()  # nothing that it holds is not held by rank 0, too
        process.wait()
        worker.finish_output()
        assert process.stdin is not None
        process.stdin.close()


def _let_speak(workers: list[_Worker]) -> None:
    # One of them may be what failed, and tells why just now.
    deadline = time.monotonic() + _SECONDS_TO_SPEAK
    for worker in workers:
        worker.let_speak(max(0.0, deadline - time.monotonic()))


def _end_with_rank_0() -> None:
    """End this process when rank 0 ends, even if that was killed before they met."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


@contextmanager
def _meeting_file() -> Iterator[str]:
    """A file that only this user's processes can open, and that goes with this process."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("meeting")  # in no folder: a kill leaves nothing behind
        # It is never closed, and ends with this process: the store opens it by this path for each
        # thing it does, to its very end, and by then another file could have got the number.
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    else:
        folder = tempfile.mkdtemp(prefix="rnnterm-")  # of mode 0700
        try:
            yield str(Path(folder) / "meeting")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _stay_private() -> None:
    """Have gloo and NCCL listen on the loopback interface alone, and torch cache where we do."""
    interfaces = psutil.net_if_addrs().items()
    names = [name for name, known in interfaces if any(a.address == _LOOPBACK for a in known)]
    if not names:
        raise RnntermError(
            f"several processes talk over the loopback interface, but none here has {_LOOPBACK}: "
            "train with one process"
        )
    os.environ["GLOO_SOCKET_IFNAME"] = names[0]
    os.environ["NCCL_SOCKET_IFNAME"] = f"={names[0]}"  # else NCCL takes it for how a name begins
    # DDP makes this folder, else by a name in the temporary folder that anyone could have taken.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder().parent / "torch"))


def _ready_key(rank: int) -> str:
    return f"ready/{rank}"


def _wait_until_ready(store: "Store", workers: list[_Worker]) -> None:
    keys = [_ready_key(rank) for rank in range(1, len(workers) + 1)]
    while not store.check(keys):
        for worker in workers:
            worker.check_alive()
        time.sleep(_SECONDS_BETWEEN_CHECKS)
