"""How many threads a training should have while other programs use the same cores.

Threads that share a matrix product meet thousands of times a second. Where one of them has lost
its core to another program, the others wait for it, and OpenMP's threads wait by spinning: they
burn the very core that the late one needs. With as many threads as there is room for, nobody waits.
"""

import math
from collections import deque
from dataclasses import dataclass

from rnnterm.training.cpu_load import CpuLoad

_CONTENDED = 0.1  # processor seconds a second that threads wait: more is another program's doing
_CALM = 0.03
_SECONDS_TO_TAKE_BACK = 0.4  # of calm, before threads may spin again
_SECONDS_TO_CHANGE = 0.35  # that are averaged before the number of threads changes
_ROOM_TO_GROW = 0.7  # of one more core, that others leave idle
_ROOM_TO_GROW_LATER = 0.55  # the same, once the number has been as it is for a while
_SECONDS_AS_IT_IS = 5.0
_SECONDS_OF_REGRET = 3.0  # growth that is undone so soon was a mistake: the next one waits longer
_LONGEST_WAIT = 8.0
_ROOM_TO_STAY = 0.45  # of the last core, below which it is given up


@dataclass(frozen=True)
class Threads:
    """What a training should do now.

    Attributes:
        count: threads that share its products.
        short_waits: whether threads should sleep soon instead of spinning while they wait.
    """

    count: int
    short_waits: bool


class ThreadChoice:
    """Chooses threads from measured loads; a pure rule, without clock or system.

    Args:
        most: threads that all usable cores make.
        cores: processors that the loads were measured on.
    """

    def __init__(self, most: int, cores: float) -> None:
        self._most, self._cores = most, cores
        self._loads: deque[CpuLoad] = deque()
        self._calm_seconds = math.inf
        self._since_change = self._since_growth = math.inf
        self._wait = 0.0  # before the next growth
        self._chosen = Threads(most, short_waits=False)

    @property
    def chosen(self) -> Threads:
        """The choice by the loads so far."""
        return self._chosen

    @property
    def is_limited(self) -> bool:
        """Whether others leave room for fewer threads than all cores make."""
        return self._chosen.count < self._most

    def update(self, load: CpuLoad) -> Threads:
        """Take in the load of an interval that has just ended."""
        self._loads.append(load)
        while sum(each.seconds for each in self._loads) - self._loads[0].seconds >= (
            _SECONDS_TO_CHANGE
        ):
            self._loads.popleft()
        self._since_change += load.seconds
        self._since_growth += load.seconds
        count, before = self._count(), self._chosen.count
        if count != before:
            self._note_change(grown=count > before)
        self._chosen = Threads(count, self._should_wait_shortly(load))
        return self._chosen

    def changed(self) -> None:
        """Begin to measure anew: the loads so far were those of another number of threads."""
        self._loads.clear()

    def _count(self) -> int:
        count = self._chosen.count
        measured = sum(each.seconds for each in self._loads)
        if measured < _SECONDS_TO_CHANGE:
            return count
        others = sum(each.others * each.seconds for each in self._loads) / measured
        room = self._cores - others
        if room < count - 1 + _ROOM_TO_STAY:
            return max(1, min(count, math.floor(room + 1 - _ROOM_TO_STAY)))
        later = self._since_change > _SECONDS_AS_IT_IS
        needed = _ROOM_TO_GROW_LATER if later else _ROOM_TO_GROW
        if room >= count + needed and self._since_change >= self._wait:
            return min(self._most, max(count, math.floor(room + 1 - needed)))
        return count

    def _note_change(self, *, grown: bool) -> None:
        self._since_change = 0.0
        if grown:
            self._since_growth = 0.0
        elif self._since_growth < _SECONDS_OF_REGRET:
            self._wait = min(_LONGEST_WAIT, max(1.0, 2 * self._wait))
            self._since_growth = math.inf  # the same growth is regretted once
        elif self._since_growth < math.inf:
            self._wait = 0.0

    def _should_wait_shortly(self, load: CpuLoad) -> bool:
        if load.waiting > _CONTENDED:
            self._calm_seconds = 0.0
        elif load.waiting < _CALM:
            self._calm_seconds += load.seconds
        return self._calm_seconds < _SECONDS_TO_TAKE_BACK
