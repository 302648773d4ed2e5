"""The mean of gradients over processes on one machine's cores, in memory that they share.

gloo would send gradients through the kernel's network, and who waits for that sleeps, and wakes to
cold caches: a small network loses a third of each step to it. Here each process writes its
gradients where all can read them, watches for the others to have done so, and averages its share.
"""

import mmap
import os
import platform
import select
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.futures import Future

from rnnterm.training.exchange import PeerLostError, lost_peers
from rnnterm.training.world import World

_WATCHED_SECONDS = 0.003  # a longer wait is slept through, but for a look now and then
_SLEEP_SECONDS = 0.0005
_NONE = -1  # in the place of a descriptor
_CACHE_LINE = 64  # bytes: counters that share one would slow each other down


class SharedMean:
    """The mean of the gradients of all processes, as DDP's communication hook.

    Each mean is formed by one process, over the parts in the order of their ranks: all processes
    get the same bits. See torch's documentation of `DistributedDataParallel.register_comm_hook`.
    """

    def __init__(self, memory: mmap.mmap, ends: list[int], world: World, count: int) -> None:
        """Work in `memory`, zeros at first; `ends` tell, by descriptors, of the processes' ends."""
        self._rank, self._size, self._ends = world.rank, world.size, ends
        counters = np.frombuffer(memory, np.int64, world.size * _CACHE_LINE // 8)
        self._meetings = counters.reshape(world.size, -1)[:, 0]  # to which each has come
        table = torch.frombuffer(memory, dtype=torch.float32, offset=world.size * _CACHE_LINE)
        self._parts = table.view(world.size + 1, count)[:-1]
        self._means = table.view(world.size + 1, count)[-1]
        self._written = 0
        self._promised: list[tuple[slice, Tensor, Future[Tensor]]] = []

    @classmethod
    def among(cls, world: World, device: torch.device, count: int) -> "SharedMean | None":
        """One for `count` gradients of each process; all processes ask for it at once.

        None on a GPU or another kind of machine, and where not all can reach the memory of the
        first. Raises PeerLostError.
        """
        if device.type != "cpu" or world.local_size < world.size or not _can_share():
            return None
        size = memory_size(world, count)
        own = _offer(size) if world.rank == 0 else _NONE
        with lost_peers():
            offers = torch.zeros(world.size, 2, dtype=torch.int64)
            dist.all_gather(list(offers), torch.tensor([os.getpid(), own]))
            pids, (offered, *_) = offers.T.tolist()
            reached = _reach(pids, offered, size)
            has_everyone = torch.tensor(int(reached is not None))
            dist.all_reduce(has_everyone, dist.ReduceOp.MIN)
        if own != _NONE:
            os.close(own)
        mean = cls(*reached, world, count) if reached else None
        if mean and not has_everyone:
            mean.close()
            return None
        return mean

    def reduce(
        self,
        state: object,
        bucket: dist.GradBucket,  # type: ignore[name-defined]
    ) -> Future[Tensor]:
        """The means of some of the gradients, once all of them are there."""
        del state
        gradients, promise = bucket.buffer(), Future[Tensor]()
        place = slice(self._written, self._written + len(gradients))
        self._parts[self._rank, place] = gradients
        self._written = place.stop
        self._promised.append((place, gradients, promise))
        if bucket.is_last():
            self._average()
        return promise

    def close(self) -> None:
        """Let go of the other processes."""
        for end in self._ends:
            os.close(end)

    def _average(self) -> None:
        count, self._written = self._written, 0
        promised, self._promised = self._promised, []
        self._meet()
        share = slice(self._rank * count // self._size, (self._rank + 1) * count // self._size)
        torch.mean(self._parts[:, share], 0, out=self._means[share])
        self._meet()
        for place, gradients, promise in promised:
            promise.set_result(gradients.copy_(self._means[place]))

    def _meet(self) -> None:
        """Wait until all processes have come here as often; raises PeerLostError."""
        self._meetings[self._rank] += 1
        meeting = self._meetings[self._rank]
        for other, end in enumerate(self._ends):
            begun = time.perf_counter()
            while self._meetings[other] < meeting:
                if time.perf_counter() - begun < _WATCHED_SECONDS:
                    os.sched_yield()  # the other one may need this very core
                    continue
                if _has_ended(end, _SLEEP_SECONDS) and self._meetings[other] < meeting:
                    raise PeerLostError


def _has_ended(end: int, seconds: float) -> bool:
    """Whether a process, by its descriptor, ends within so many seconds."""
    waiting = select.poll()
    waiting.register(end, select.POLLIN)
    return bool(waiting.poll(1000 * seconds))


def memory_size(world: World, count: int) -> int:
    """Bytes: a counter for each process, the gradients of each, and their means."""
    return world.size * _CACHE_LINE + 4 * count * (world.size + 1)


def _can_share() -> bool:
    """Whether this is Linux, and this Python knows the calls that it takes."""
    # With other processors than x86, numbers may be seen in another order than written.
    usual = sys.platform == "linux" and platform.machine() == "x86_64"
    return usual and hasattr(os, "memfd_create") and hasattr(os, "pidfd_open")


def _offer(size: int) -> int:
    """A descriptor of memory for others to reach; `_NONE` where there is none to be had."""
    try:
        own = os.memfd_create("gradients")  # nameless: nothing is left when all have ended
        os.ftruncate(own, size)
    except OSError:
        return _NONE
    return own


def _reach(pids: list[int], offered: int, size: int) -> tuple[mmap.mmap, list[int]] | None:
    """What the first process offers, and descriptors by which the end of each is seen."""
    try:
        with Path(f"/proc/{pids[0]}/fd/{offered}").open("r+b") as file:
            memory = mmap.mmap(file.fileno(), size)
        return memory, [os.pidfd_open(pid) for pid in pids]
    except (OSError, ValueError):
        return None
