"""Keeps a training at as many threads as the machine has cores to spare for, while it runs.

A watching thread measures the load ten times a second. What it chooses is applied in two ways.
The number of threads changes between two steps, in the thread that trains. How long threads spin
while they wait changes at once, even in the middle of a step that others have slowed to seconds.
"""

import threading
from collections import deque
from contextlib import suppress
from types import TracebackType

import torch

from rnnterm.cores import allowed_processors
from rnnterm.training.cpu_load import CpuLoad, CpuMeter
from rnnterm.training.thread_choice import ThreadChoice

_SECONDS_BETWEEN_MEASUREMENTS = 0.1
_MOST_LOADS = 100  # that are kept until somebody takes them
_MOST_TEAMS = 8
_SHARED_ELEMENTS = 1 << 18  # of an array that is large enough to be worked on by several threads


class ThreadTuner:
    """Changes the threads of torch's products with the load of the machine.

    Args:
        most: threads when nobody else needs a core.
        fixed: whether that number was set by hand: then the load is measured, and nothing changes.

    Attributes:
        most: see above.
        changes: how often the number of threads has changed.
    """

    def __init__(self, most: int, *, fixed: bool = False) -> None:
        self.most = most
        self.changes = 0
        self._is_fixed = fixed
        self._choice = ThreadChoice(most, len(allowed_processors()))
        self._applied = most
        self._lock = threading.Lock()
        self._recent: deque[CpuLoad] = deque(maxlen=_MOST_LOADS)
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="cpu load", daemon=True)
        self._short_waits = _ShortWaits()

    def __enter__(self) -> "ThreadTuner":
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self._short_waits.end()
        if self._applied != self.most:
            torch.set_num_threads(self.most)
            self._applied = self.most

    @property
    def is_measuring(self) -> bool:
        """Whether the load is measured now."""
        return self._watcher.is_alive()

    @property
    def count(self) -> int:
        """The number of threads that products share now."""
        return self._applied

    def adjust(self) -> bool:
        """Apply the number of threads that was chosen; call it in the thread that trains.

        Returns:
            Whether the number changed.
        """
        chosen = self._choice.chosen.count
        if self._is_fixed or chosen == self._applied:
            return False
        # Only here: in OpenMP the number belongs to the thread that shares its work.
        torch.set_num_threads(chosen)
        self._applied = chosen
        self.changes += 1
        return True

    def take_loads(self) -> list[CpuLoad]:
        """The loads that were measured since the last call, oldest first."""
        with self._lock:
            loads = list(self._recent)
            self._recent.clear()
        return loads

    def _watch(self) -> None:
        with suppress(OSError):  # a system that does not tell its load: nothing is adapted
            meter, seen = CpuMeter(), self._applied
            while not self._ended.wait(_SECONDS_BETWEEN_MEASUREMENTS):
                load = meter.measure(seen)
                with self._lock:
                    self._recent.append(load)
                if self._applied != seen:  # it was measured over two numbers of threads
                    seen = self._applied
                    self._choice.changed()
                    continue
                chosen = self._choice.update(load)
                if not self._is_fixed:
                    self._short_waits.set(seen if chosen.short_waits else 0)


class _ShortWaits:
    """Has OpenMP's threads sleep soon when they wait, for as long as others need the cores.

    GNU's OpenMP, which torch brings along on Linux, spins for about 300,000 turns, or for 100 once
    it manages more threads than there are processors (see GOMP_SPINCOUNT in the manual of
    libgomp). It reads its settings only when it is loaded, but a second team of threads, which has
    nothing to do, changes what it counts at any time, and sleeps meanwhile. Other OpenMP libraries
    are not changed by it.
    """

    def __init__(self) -> None:
        self._holders: list[threading.Thread] = []
        self._release = threading.Event()

    def set(self, threads: int) -> None:
        """Begin short waits of a training of so many threads, or end them with 0."""
        if threads < 2:
            self.end()
        elif not self._holders:
            self._release = threading.Event()
            for number in range(_teams_needed(threads, len(allowed_processors()))):
                holder = threading.Thread(
                    target=_hold_a_team, args=(self._release,), name=f"team {number}", daemon=True
                )
                with suppress(RuntimeError):  # no more threads are allowed: waits stay long
                    holder.start()
                    self._holders.append(holder)

    def end(self) -> None:
        """Let threads spin again."""
        self._release.set()
        for holder in self._holders:
            holder.join()
        self._holders = []


def _teams_needed(threads: int, processors: int) -> int:
    """Teams beside the training's own that make more threads than there are processors.

    None where it would take many: with so many processors to spare, no thread lacks one for long.
    """
    needed = (processors - 1) // (threads - 1)
    return needed if needed <= _MOST_TEAMS else 0


def _hold_a_team(release: threading.Event) -> None:
    """Own a team of OpenMP threads, which belongs to the thread that first shares its work."""
    torch.ones(_SHARED_ELEMENTS).add_(1)
    release.wait()
