"""How long a session has trained, how fast, and how much longer it will."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnnterm.training.schedule import Budget
from rnnterm.training.speed import SpeedMeter

_SECONDS_BETWEEN_TICKS = 0.5
_SECONDS_BETWEEN_MEASUREMENTS = 15.0


class Pace:
    """One session's clock and counts; times in seconds."""

    def __init__(
        self,
        seconds_before: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        speed: SpeedMeter | None = None,
    ) -> None:
        """Begin a session.

        Args:
            seconds_before: training time of earlier sessions.
            clock: tells worked time, in seconds.
            speed: measures the steps; a new one by default.
        """
        self._before, self._clock = seconds_before, clock
        self._begun = self._ticked = self._measured = clock()
        self._steps = self._characters = 0
        self.speed = speed or SpeedMeter()

    @property
    def seconds(self) -> float:
        """Training time over all sessions."""
        return self._before + self._clock() - self._begun

    def count(self, seconds: float, characters: int) -> None:
        """One more step was taken, in so many seconds, over so many characters."""
        self._steps += 1
        self._characters += characters
        self.speed.add_step(seconds, characters)

    @property
    def chars_per_second(self) -> float:
        """Over this session."""
        return self._characters / self._session_seconds

    def eta(self, budget: Budget, step: int) -> float:
        """Seconds until the budget is spent, if steps stay as fast as the last few."""
        return budget.eta(step, self.seconds, self._steps_per_second)

    def is_tick_due(self) -> bool:
        """Whether half a second has passed since a screen last heard something."""
        return self._clock() - self._ticked > _SECONDS_BETWEEN_TICKS

    def ticked(self) -> None:
        """A screen has heard something."""
        self._ticked = self._clock()

    def is_measuring_due(self) -> bool:
        """Whether it is time to measure what the trainer uses; if so, the interval begins anew."""
        due = self._clock() - self._measured > _SECONDS_BETWEEN_MEASUREMENTS
        if due:
            self._measured = self._clock()
        return due

    @contextmanager
    def standing(self, paused: bool) -> Iterator[None]:
        """While paused, time does not count."""
        stopped = self._clock()
        yield
        if paused:
            self._begun += self._clock() - stopped

    @property
    def _steps_per_second(self) -> float:
        """At the speed of the last steps, with all else taking its share of the time as before."""
        recent = self.speed.seconds_per_step
        if not recent:
            return 0.0
        return min(1.0, self.speed.step_seconds / self._session_seconds) / recent

    @property
    def _session_seconds(self) -> float:
        return max(1e-9, self._clock() - self._begun)
