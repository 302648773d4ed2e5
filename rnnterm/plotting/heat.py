"""Heat maps: two values a cell in colour, or one a cell in glyphs that need no colour."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rnnterm.plotting.cells import Grid
from rnnterm.plotting.series import Floats

Levels = npt.NDArray[np.int32]
Edges = npt.NDArray[np.intp]
Look = Literal["halves", "glyphs", "ascii"]
"""`halves` needs colours and shows twice the rows; the others tell by the glyph alone."""
Pooling = Literal["peak", "mean"]

MOST_LEVELS = 25
"""Two levels a cell make a style for each pair: screens stay quick below a thousand styles."""
_HALF = ord("▀")
_GLYPHS = {"glyphs": ("·-=≡", " ", "░▒▓█"), "ascii": (".-=%", " ", "+x*#")}
_RAMPS = {"glyphs": " ·░▒▓█", "ascii": " .+x*#"}


@dataclass(frozen=True, eq=False)
class HeatMap:
    """A drawn heat map.

    Attributes:
        grid: exactly as large as was asked. In `halves`, style `id` means the two colours
            `pair(id)`; in the other looks it is the level + 1, or 0 where nothing is.
        levels: how many there are; with values of both signs, the middle one is about zero.
        row_edges: value rows `row_edges[i]` to `row_edges[i + 1]` are shown in row i of the map,
            which has two rows a cell in `halves`.
        column_edges: the same of the columns.
    """

    grid: Grid
    levels: int
    row_edges: Edges
    column_edges: Edges

    def pair(self, style: int) -> tuple[int | None, int | None]:
        """The levels of a cell's upper and lower half (its `▀` and its ground); None is empty."""
        upper, lower = divmod(style, self.levels + 1)
        return upper - 1 if upper else None, lower - 1 if lower else None

    def column_of(self, index: int) -> int | None:
        """The grid's column that shows a column of values; None if it is not in sight."""
        if not self.column_edges[0] <= index < self.column_edges[-1]:
            return None
        return int(np.searchsorted(self.column_edges, index, side="right")) - 1


def heat_map(
    values: npt.ArrayLike,
    width: int,
    height: int,
    *,
    low: float = -1.0,
    high: float = 1.0,
    levels: int = 17,
    look: Look = "halves",
    pooling: Pooling = "peak",
    rows: slice = slice(None),
    columns: slice = slice(None),
) -> HeatMap:
    """Draw values, shape (rows, columns), into `width` x `height` cells.

    What is larger than the map is pooled to fit; what is smaller leaves cells empty. To zoom to
    1:1, choose as many `rows` and `columns` as the map has. Empty too is what is NaN.

    Args:
        low, high: the values of the first and the last level; what is beyond has those too.
        levels: 2 to `MOST_LEVELS`; odd, so that zero has one, if `low` is below zero.
        pooling: `peak` keeps the value farthest from zero with its sign, so that one active unit
            among many is seen; `mean` averages.

    Raises:
        ValueError: a range that does not rise, a number of levels that is not allowed, or an
            array that has not two dimensions.
    """
    given = np.asarray(values, np.float64)
    if given.ndim != 2:
        raise ValueError("a heat map shows values of shape (rows, columns)")
    if not low < high or not np.isfinite(high - low):
        raise ValueError("a heat map needs a finite range that rises")
    if not 2 <= levels <= MOST_LEVELS or (low < 0 and levels % 2 == 0):
        raise ValueError(f"a heat map has 2 to {MOST_LEVELS} levels, an odd number if signed")
    grid = Grid.blank(width, height)
    row_edges = _edges(given.shape[0], rows, grid.height * (2 if look == "halves" else 1))
    column_edges = _edges(given.shape[1], columns, grid.width)
    pooled = _pooled(given, row_edges, column_edges, pooling)
    shown = _quantized(pooled, low, high, levels)
    if look == "halves":
        _draw_halves(grid, shown, levels)
    else:
        ramp = _signed_ramp(look, levels) if low < 0 < high else _ramp(look, levels)
        part = grid.part(slice(shown.shape[0]), slice(shown.shape[1]))
        codes = np.array([ord(glyph) for glyph in ramp], np.uint32)
        part.stamp(shown >= 0, codes[shown], 0)
        part.styles[:] = shown + 1
    return HeatMap(grid, levels, row_edges, column_edges)


def _edges(length: int, part: slice, most: int) -> Edges:
    """Borders of at most `most` nearly equal pieces of a part of 0 to `length`."""
    start, stop, _ = part.indices(length)
    pieces = min(max(0, stop - start), most)
    if not pieces:
        return np.array([start], np.intp)
    return start + np.arange(pieces + 1) * (stop - start) // pieces


def _pooled(values: Floats, row_edges: Edges, column_edges: Edges, pooling: Pooling) -> Floats:
    """One value for each piece, shape (row pieces, column pieces); NaN where all are NaN."""
    shape = (len(row_edges) - 1, len(column_edges) - 1)
    if 0 in shape:
        return np.empty(shape)
    seen = values[row_edges[0] : row_edges[-1], column_edges[0] : column_edges[-1]]
    starts = (row_edges[:-1] - row_edges[0], column_edges[:-1] - column_edges[0])
    if seen.shape == shape:
        return seen

    def reduced(how: np.ufunc, array: Floats) -> Floats:
        result: Floats = how.reduceat(how.reduceat(array, starts[0], axis=0), starts[1], axis=1)
        return result

    if pooling == "peak":
        lowest, highest = reduced(np.fmin, seen), reduced(np.fmax, seen)
        peaks: Floats = np.where(-lowest > highest, lowest, highest)
        return peaks
    present = np.isfinite(seen)
    with np.errstate(all="ignore"):
        sums = reduced(np.add, np.where(present, seen, 0.0))
        means: Floats = sums / reduced(np.add, present.astype(np.float64))
    return means


def _quantized(values: Floats, low: float, high: float, levels: int) -> Levels:
    """The level of each value; the nearest, or -1 where there is none."""
    with np.errstate(all="ignore"):
        places = np.clip((np.clip(values, low, high) - low) / (high - low), 0, 1)
        chosen = np.rint(places * (levels - 1))
    return np.where(np.isnan(chosen), -1, chosen).astype(np.int32)


def _draw_halves(grid: Grid, shown: Levels, levels: int) -> None:
    halves = np.full((grid.height * 2, grid.width), -1, np.int32)
    halves[: shown.shape[0], : shown.shape[1]] = shown
    upper, lower = halves[::2] + 1, halves[1::2] + 1
    styles = upper * (levels + 1) + lower
    np.copyto(grid.styles, styles)
    np.copyto(grid.codes, np.uint32(_HALF), where=styles > 0)


def _ramp(look: str, levels: int) -> str:
    glyphs = _RAMPS[look]
    return "".join(glyphs[level * len(glyphs) // levels] for level in range(levels))


def _signed_ramp(look: str, levels: int) -> str:
    """A glyph for each level: thin strokes below zero, shades above, denser away from it."""
    below, zero, above = _GLYPHS[look]
    side = levels // 2
    strengths = [distance * len(above) // side for distance in range(side)]
    return (
        "".join(below[strength] for strength in reversed(strengths))
        + zero
        + "".join(above[strength] for strength in strengths)
    )
