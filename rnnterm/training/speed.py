"""How fast a session's steps are: now, on a quiet machine, and what others took of it."""

from collections import deque
from collections.abc import Iterable

from rnnterm.training.cpu_load import CpuLoad

_WINDOW = 1.5  # seconds of steps that make a speed
_LOAD_WINDOW = 1.0  # seconds of loads that make a mean
_QUIET = 0.25  # cores in use by others up to which a speed is a usual one
_NEEDED = 0.4  # of a core: others that leave less than all threads but this have taken something


class SpeedMeter:
    """Measures a session's speed from its steps, and the load from what was measured meanwhile.

    Validation, checkpoints and samples are no steps: they do not count as slowness.

    Args:
        most: threads that the training has when nobody else needs a core.
        processors: that the loads are measured on.
    """

    def __init__(self, most: int = 1, processors: int = 1) -> None:
        self._room = max(0.0, processors - most) + _NEEDED  # that others can use for nothing
        self._processors = processors
        self._steps: deque[tuple[float, int]] = deque()
        self._window, self._window_characters = 0.0, 0
        self._seconds, self._characters = 0.0, 0
        self._usual = 0.0
        self._loads: deque[CpuLoad] = deque()
        self._loads_window = 0.0
        self._load_seconds = self._others = self._shared = self._shared_others = 0.0

    def add_step(self, seconds: float, characters: int) -> None:
        """Count a step over so many characters."""
        self._steps.append((seconds, characters))
        self._window += seconds
        self._window_characters += characters
        self._seconds += seconds
        self._characters += characters
        while len(self._steps) > 1 and self._window - self._steps[0][0] >= _WINDOW:
            gone, read = self._steps.popleft()
            self._window -= gone
            self._window_characters -= read
        if self._window >= _WINDOW and self.others <= _QUIET:
            self._usual = max(self._usual, self._recent())

    def add_loads(self, loads: Iterable[CpuLoad]) -> None:
        """Count the loads of the intervals since the last call."""
        for load in loads:
            self._loads.append(load)
            self._loads_window += load.seconds
            self._load_seconds += load.seconds
            self._others += load.others * load.seconds
            if load.others > self._room:
                self._shared += load.seconds
                self._shared_others += load.others * load.seconds
            while self._loads_window - self._loads[0].seconds >= _LOAD_WINDOW:
                self._loads_window -= self._loads.popleft().seconds

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
        """The speed now as a share of the best that a quiet machine gave; None before it did."""
        return min(1.0, self._recent() / self._usual) if self._usual else None

    @property
    def others(self) -> float:
        """Cores that others have used in the last second."""
        return self._mean([load.others for load in self._loads])

    @property
    def throttled(self) -> float:
        """Share of the last second in which a CPU quota stopped the process."""
        return self._mean([load.throttled for load in self._loads])

    @property
    def mean_others(self) -> float:
        """Cores that others have used on average over the session."""
        return self._others / self._load_seconds if self._load_seconds else 0.0

    @property
    def lost_seconds(self) -> float:
        """How much longer the steps took than on a quiet machine, where cores were shared.

        Where the machine never was quiet, that is the share of the cores that others used.
        """
        if not self._shared:
            return 0.0
        shared = self._shared / self._load_seconds * self._seconds
        if not self._usual:
            return shared * min(1.0, self._shared_others / self._shared / self._processors)
        return max(0.0, min(self._seconds - self._characters / self._usual, shared))

    def _recent(self) -> float:
        return self._window_characters / max(1e-9, self._window)

    def _mean(self, values: list[float]) -> float:
        if not self._loads:
            return 0.0
        weighted = zip(self._loads, values, strict=True)
        return sum(load.seconds * value for load, value in weighted) / self._loads_window
