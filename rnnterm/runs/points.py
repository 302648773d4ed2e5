"""A curve in bounded memory: of too many points neighbours merge, and no spike is lost."""

import math
from collections.abc import Sequence
from typing import NamedTuple

_MOST_POINTS = 2048


class Point(NamedTuple):
    """One point of a curve, or several that were merged into one.

    Attributes:
        step: the last of theirs.
        loss: the mean of those that are numbers; NaN where none is.
        low, high: the least and the largest of them.
    """

    step: float
    loss: float
    low: float
    high: float

    @classmethod
    def of(cls, step: float, *losses: float) -> "Point":
        """The point of one loss, or of several up to a step."""
        return cls.merged([cls(step, loss, loss, loss) for loss in losses], step)

    @classmethod
    def merged(cls, points: Sequence["Point"], step: float | None = None) -> "Point":
        """One point for several of equal weight; at the step of the last, unless told."""
        step = points[-1].step if step is None else step
        known = [point for point in points if math.isfinite(point.loss)]
        if not known:
            return cls(step, math.nan, math.nan, math.nan)
        mean = sum(point.loss for point in known) / len(known)
        low, high = min(point.low for point in known), max(point.high for point in known)
        return cls(step, mean, low, high)


class Curve:
    """Losses by rising step, at most so many points; merged ones remember their extremes."""

    def __init__(self, most: int = _MOST_POINTS) -> None:
        self._most, self._stride = most - most % 2, 1
        self._waiting: list[Point] = []
        self._points: list[Point] = []

    @property
    def points(self) -> tuple[Point, ...]:
        """The points so far; each but for those that wait for others to merge with."""
        return tuple(self._points)

    def add(self, point: Point) -> None:
        """A new point at the end."""
        self._waiting.append(point)
        if len(self._waiting) < self._stride:
            return
        self._points.append(Point.merged(self._waiting))
        self._waiting.clear()
        if len(self._points) == self._most:
            pairs = range(0, self._most, 2)
            self._points = [Point.merged(self._points[start : start + 2]) for start in pairs]
            self._stride *= 2

    def thin(self, times: int) -> None:
        """Each point so far stands for `times` as many as were added; merge as many from now on."""
        self._stride *= times

    def forget_after(self, step: int) -> None:
        """Drop what was undone: the run went back to this step."""
        self._points = [point for point in self._points if point.step <= step]
        self._waiting = [point for point in self._waiting if point.step <= step]
