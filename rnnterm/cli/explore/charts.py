"""Charts of `rnnterm explore` as lines: heat map, line chart and bars, coloured or in glyphs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnterm.cli.explore.page import BOLD, MUTED, Canvas, Line
from rnnterm.cli.explore.tint import LEVELS, Range
from rnnterm.plotting.cells import AXIS, CURSOR, Grid
from rnnterm.plotting.heat import heat_map
from rnnterm.plotting.palette import SERIES, nearest_256

if TYPE_CHECKING:
    from rnnterm.nn.cells import Array

_NEARLY_ALL = 0.98


def heat_lines(
    values: "Array", reach: Range, canvas: Canvas, height: int, column: int | None = None
) -> tuple[list[Line], Range]:
    """Values, shape (rows, columns), as a heat map; below it a mark at one of the columns.

    Rows that share one of the map are averaged, so similar ones should be neighbours. Means of
    both signs are small: the range that comes back is the one that was drawn.
    """
    reach = _of_means(values, reach, height * (2 if canvas.look == "halves" else 1))
    heat = heat_map(values, canvas.width, height, low=reach.low, high=reach.high, levels=LEVELS,
                    look=canvas.look, pooling="mean")  # fmt: skip
    colors = reach.colors

    def style(code: int) -> str:
        if canvas.look != "halves" or code == 0:
            return ""
        upper, lower = heat.pair(code)
        ink = "" if upper is None else f"38;5;{colors[upper]}"
        ground = "" if lower is None else f"48;5;{colors[lower]}"
        return ";".join(filter(None, (ink, ground)))

    lines = [
        [(text, style(code)) for text, code in heat.grid.runs(row)]
        for row in range(heat.grid.height)
    ]
    lines = [line for line in lines if any(text.strip() or code for text, code in line)]
    place = None if column is None else heat.column_of(column)
    if place is not None:
        lines.append([(" " * place, ""), ("▲" if not canvas.ascii_only else "^", BOLD)])
    return lines, reach


def _of_means(values: "Array", reach: Range, rows: int) -> Range:
    """The range that the means of a signed map's rows nearly all keep to."""
    if not reach.is_signed or len(values) <= rows:
        return reach
    edges = np.arange(rows) * len(values) // rows
    counts = np.diff([*edges, len(values)])[:, np.newaxis]
    means = np.add.reduceat(values, edges, axis=0) / counts
    high = max(float(np.quantile(np.abs(means), _NEARLY_ALL)), 1e-6)
    return Range(-high, high)


def chart_lines(grid: Grid, canvas: Canvas, styles: Mapping[int, str] | None = None) -> list[Line]:
    """A drawn chart: series in their colours, axes faint."""
    given = {AXIS: MUTED, CURSOR: BOLD, 0: ""} | dict(styles or {})

    def style(code: int) -> str:
        if code in given:
            return given[code]
        return series_style(code) if canvas.colors and code > 0 else ""

    return [[(text, style(code)) for text, code in grid.runs(row)] for row in range(grid.height)]


def series_style(code: int) -> str:
    """The SGR parameters of the series with an id from 1."""
    return f"38;5;{nearest_256(SERIES[(code - 1) % len(SERIES)])}"


def texts(lines: Sequence[str], style: str = "") -> list[Line]:
    """Plain lines."""
    return [[(line, style)] for line in lines]
