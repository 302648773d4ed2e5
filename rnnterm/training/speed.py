"""How fast a session's steps are: now, at their best, and what others took of it."""

from collections import deque
from collections.abc import Iterable

from rnnterm.training.cpu_load import CpuLoad

_WINDOW = 1.5  # seconds of steps that make a speed
_LOAD_WINDOW = 1.0  # seconds of loads that make a mean
_SHARED = 0.4  # cores in use by others in which time counts as shared


class SpeedMeter:
    """Measures a session's speed from its steps, and the load from what was measured meanwhile.

    Validation, checkpoints and samples are no steps: they do not count as slowness.
    """

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()
        self._window = 0.0
        self._seconds, self._characters, self._count = 0.0, 0, 0
        self._best = 0.0
        self._loads: deque[CpuLoad] = deque()
        self._load_seconds = self._others = self._shared = 0.0

    def add_step(self, seconds: float, characters: int) -> None:
        """Count a step over so many characters."""
        self._steps.append((seconds, characters))
        self._window += seconds
        self._seconds += seconds
        self._characters += characters
        self._count += 1
        while len(self._steps) > 1 and self._window - self._steps[0][0] >= _WINDOW:
            self._window -= self._steps.popleft()[0]
        if self._window >= _WINDOW:
            self._best = max(self._best, self._recent())

    def add_loads(self, loads: Iterable[CpuLoad]) -> None:
        """Count the loads of the intervals since the last call."""
        for load in loads:
            self._loads.append(load)
            self._load_seconds += load.seconds
            self._others += load.others * load.seconds
            if load.others > _SHARED:
                self._shared += load.seconds
        while sum(load.seconds for load in self._loads) - _LOAD_WINDOW > (
            self._loads[0].seconds if self._loads else 0.0
        ):
            self._loads.popleft()

    @property
    def chars_per_second(self) -> float | None:
        """Over the last second or two of steps; None before the first."""
        return self._recent() if self._steps else None

    @property
    def seconds_per_step(self) -> float | None:
        """Over the last second or two of steps; None before the first."""
        return self._window / len(self._steps) if self._steps else None

    @property
    def step_seconds(self) -> float:
        """Time of all steps of the session."""
        return self._seconds

    @property
    def pace(self) -> float | None:
        """The speed now as a share of the best in this session; None before there is one."""
        return min(1.0, self._recent() / self._best) if self._best else None

    @property
    def others(self) -> float:
        """Cores that others have used in the last second."""
        seconds = sum(load.seconds for load in self._loads)
        return sum(load.others * load.seconds for load in self._loads) / seconds if seconds else 0.0

    @property
    def throttled(self) -> float:
        """Share of the last second in which a CPU quota stopped the process."""
        seconds = sum(load.seconds for load in self._loads)
        stopped = sum(load.throttled * load.seconds for load in self._loads)
        return stopped / seconds if seconds else 0.0

    @property
    def mean_others(self) -> float:
        """Cores that others have used on average over the session."""
        return self._others / self._load_seconds if self._load_seconds else 0.0

    @property
    def lost_seconds(self) -> float:
        """How much longer the steps took than at the best speed, where cores were shared."""
        if not (self._best and self._load_seconds):
            return 0.0
        shared = self._shared / self._load_seconds
        lost = self._seconds - self._characters / self._best
        return max(0.0, min(lost, shared * self._seconds))

    def _recent(self) -> float:
        return sum(characters for _, characters in self._steps) / max(1e-9, self._window)
