"""A series that may have millions of points, and what a view of a few columns needs of it.

Lows and highs of blocks of points are kept in a tree, so that drawing any part of a series costs
what the width of the view costs, and no spike is lost.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_FAN_OUT = 16


class Point(NamedTuple):
    """One point of a series."""

    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Columns:
    """A series as n columns of a view see it; each array has shape (n,), NaN where nothing is.

    Attributes:
        low, high: the extremes of the values that fall into a column.
        first, last: the values at its left and right edge, which join it to its neighbours; NaN
            too where the series has a gap there.
    """

    low: Floats
    high: Floats
    first: Floats
    last: Floats


class Series:
    """Values `y` over rising `x`, ready to be seen at any width; points may be added at the end.

    What is not finite in `y` is a gap. Raises ValueError if `x` falls, is not finite, or has
    another length than `y`.
    """

    def __init__(self, x: npt.ArrayLike = (), y: npt.ArrayLike = ()) -> None:
        self._x = np.empty(0)
        self._y = np.empty(0)
        self._size = 0
        self._lows: list[Floats] = []
        self._highs: list[Floats] = []
        self._view: tuple[tuple[float, float, int], Columns] | None = None
        self.extend(x, y)

    @classmethod
    def counted(cls, y: npt.ArrayLike) -> "Series":
        """Values over 0, 1, 2, …"""
        values = np.asarray(y, np.float64)
        return cls(np.arange(len(values)), values)

    def __len__(self) -> int:
        return self._size

    @property
    def x(self) -> Floats:
        """Where the points are, shape (n,)."""
        return self._x[: self._size]

    @property
    def y(self) -> Floats:
        """The values, shape (n,); NaN in gaps."""
        return self._y[: self._size]

    def extend(self, x: npt.ArrayLike, y: npt.ArrayLike) -> None:
        """Add points at the end; the cost is that of the new points."""
        new_x, new_y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        if new_x.ndim != 1 or new_x.shape != new_y.shape:
            raise ValueError("x and y are one-dimensional and of one length")
        # A comparison with NaN is false, and an infinity in a rising x shows at either end.
        rises = (new_x[1:] >= new_x[:-1]).all() and (new_x[:1] >= self.x[-1:]).all()
        if not rises or not np.isfinite(new_x[[0, -1]] if len(new_x) else new_x).all():
            raise ValueError("x must be finite and must not fall")
        size = self._size + len(new_x)
        self._x = _with_room(self._x, self._size, size)
        self._y = _with_room(self._y, self._size, size)
        self._x[self._size : size] = new_x
        self._y[self._size : size] = new_y
        new = self._y[self._size : size]
        new[np.isinf(new)] = np.nan
        self._size = size
        self._grow_tree()
        self._forget_views()

    def cut_after(self, x: float) -> None:
        """Forget the points beyond `x`: what they told was undone."""
        self._size = int(np.searchsorted(self.x, x, side="right"))
        count = self._size
        for level in range(len(self._lows)):
            count //= _FAN_OUT
            self._lows[level] = self._lows[level][:count]
            self._highs[level] = self._highs[level][:count]
        self._forget_views()

    @cached_property
    def positive(self) -> "Series":
        """The series as a logarithmic axis sees it: zero and below are gaps."""
        low, _ = self.extremes()
        if not low <= 0:
            return self
        return Series(self.x, np.where(self.y > 0, self.y, np.nan))

    def nearest(self, x: float) -> Point | None:
        """The point nearest to `x`, to read off; None of an empty series."""
        if not self._size:
            return None
        right = min(int(np.searchsorted(self.x, x)), self._size - 1)
        left = max(right - 1, 0)
        index = left if x - self._x[left] <= self._x[right] - x else right
        return Point(float(self._x[index]), float(self._y[index]))

    def extremes(self, start: float = -np.inf, end: float = np.inf) -> tuple[float, float]:
        """The lowest and highest value with `start <= x <= end`; NaN where there is none."""
        first = np.searchsorted(self.x, [start])
        beyond = np.searchsorted(self.x, [end], side="right")
        low, high = self._extremes_of(first, beyond)
        return float(low[0]), float(high[0])

    def columns(self, start: float, end: float, count: int) -> Columns:
        """What each of `count` equal columns from `start` to `end` sees; the last includes `end`.

        A column without a point has the straight line between the points around it. The last
        view is kept: to paint it again costs nothing here.
        """
        key = (start, end, count)
        if self._view is None or self._view[0] != key:
            self._view = key, self._seen(np.linspace(start, end, count + 1))
        return self._view[1]

    def _forget_views(self) -> None:
        self._view = None
        self.__dict__.pop("positive", None)

    def _seen(self, edges: Floats) -> Columns:
        starts = np.searchsorted(self.x, edges[:-1])
        ends = np.append(starts[1:], np.searchsorted(self.x, edges[-1], side="right"))
        if not self._size:
            nothing = np.full(len(starts), np.nan)
            return Columns(nothing, nothing, nothing, nothing)
        low, high = self._extremes_of(starts, ends)
        inside = ends > starts
        between = self._between(edges, starts)
        first = self._y[np.minimum(starts, self._size - 1)]
        last = self._y[np.maximum(ends - 1, 0)]
        return Columns(*(np.where(inside, seen, between) for seen in (low, high, first, last)))

    def _between(self, edges: Floats, nexts: Indices) -> Floats:
        """The line from the point before each column to the one at `nexts`, in its middle."""
        right = np.minimum(nexts, self._size - 1)
        left = np.maximum(nexts - 1, 0)
        x, y = self._x, self._y
        with np.errstate(all="ignore"):  # what overflows is no number, and a gap
            middle = edges[:-1] / 2 + edges[1:] / 2
            share = (middle - x[left]) / (x[right] - x[left])
            line = y[left] * (1 - share) + y[right] * share
        # Rounded beyond its ends, a level line at the top of a chart would leave the chart.
        values: Floats = np.clip(line, np.minimum(y[left], y[right]), np.maximum(y[left], y[right]))
        values[(nexts == 0) | (nexts == self._size)] = np.nan
        return values

    def _grow_tree(self) -> None:
        lows = highs = self.y
        level = 0
        while len(lows) >= _FAN_OUT:
            if level == len(self._lows):
                self._lows.append(np.empty(0))
                self._highs.append(np.empty(0))
            done = len(self._lows[level])
            fresh = slice(done * _FAN_OUT, len(lows) // _FAN_OUT * _FAN_OUT)
            self._lows[level] = np.append(self._lows[level], _blocks(np.fmin, lows[fresh]))
            self._highs[level] = np.append(self._highs[level], _blocks(np.fmax, highs[fresh]))
            lows, highs = self._lows[level], self._highs[level]
            level += 1

    def _extremes_of(self, starts: Indices, ends: Indices) -> tuple[Floats, Floats]:
        """The extremes of y[start:end] for each pair; NaN where there is no value."""
        low = np.full(len(starts), np.nan)
        high = low.copy()
        for lows, highs in ((self.y, self.y), *zip(self._lows, self._highs, strict=True)):
            # Whole blocks are left to the level above: under a block's width remains at each end.
            head_end = np.minimum(-(-starts // _FAN_OUT) * _FAN_OUT, ends)
            tail_start = np.maximum(ends // _FAN_OUT * _FAN_OUT, head_end)
            begins = np.concatenate((starts, tail_start))[:, np.newaxis]
            index = begins + np.arange(_FAN_OUT - 1)
            outside = index >= np.concatenate((head_end, ends))[:, np.newaxis]
            index[outside] = 0
            for best, values, extreme in ((low, lows, np.fmin), (high, highs, np.fmax)):
                taken = values[index] if len(values) else np.empty(index.shape)
                taken[outside] = np.nan
                heads, tails = np.split(extreme.reduce(taken, axis=1), 2)
                extreme(best, extreme(heads, tails), out=best)
            starts, ends = head_end // _FAN_OUT, tail_start // _FAN_OUT
        return low, high


def _blocks(extreme: np.ufunc, values: Floats) -> Floats:
    """The extreme of every `_FAN_OUT` values; halving is several times faster than a reduction."""
    width = _FAN_OUT
    while width > 1:
        values = extreme(values[::2], values[1::2])
        width //= 2
    return values


def _with_room(buffer: Floats, used: int, needed: int) -> Floats:
    if needed <= len(buffer):
        return buffer
    # Twice the size, so that adding points one by one copies each a bounded number of times.
    larger = np.empty(max(needed, 2 * used))
    larger[:used] = buffer[:used]
    return larger


def moving_mean(y: npt.ArrayLike, window: int) -> Floats:
    """The mean of each value and the `window - 1` before it, of those that are finite; else NaN.

    Sums are built from sums of half the length, not from one running total: a single huge value
    harms only the windows that hold it.
    """
    if window < 1:
        raise ValueError("a window holds at least one value")
    values = np.array(y, np.float64)
    present = np.isfinite(values)
    values[~present] = 0.0
    counts = _window_sums(present.astype(np.float64), window)
    with np.errstate(all="ignore"):
        means: Floats = _window_sums(values, window) / counts
    means[~present] = np.nan
    return means


def _window_sums(values: Floats, window: int) -> Floats:
    """The sum of each value and up to `window - 1` before it."""
    total = np.zeros_like(values)
    piece, length, covered = values, 1, 0
    while covered < window and covered < len(values):
        if (window - covered) & length:
            total[covered:] += piece[: len(piece) - covered]
            covered += length
        longer = piece.copy()
        longer[length:] += piece[:-length]
        piece, length = longer, 2 * length
    return total
