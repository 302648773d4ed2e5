"""Charts of `rnnterm explore` as lines: heat map, line chart and bars, coloured or in glyphs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rnnterm.cli.explore_page import Canvas, Line
from rnnterm.cli.explore_tint import LEVELS, Range
from rnnterm.plotting.cells import AXIS, CURSOR, Grid
from rnnterm.plotting.heat import heat_map
from rnnterm.plotting.palette import SERIES, nearest_256

if TYPE_CHECKING:
    from rnnterm.nn.cells import Array

_MUTED = "2"
_BOLD = "1"


def heat_lines(
    values: "Array", reach: Range, canvas: Canvas, height: int, column: int | None = None
) -> list[Line]:
    """Values, shape (rows, columns), as a heat map; below it a mark at one of the columns."""
    heat = heat_map(values, canvas.width, height, low=reach.low, high=reach.high, levels=LEVELS,
                    look=canvas.look)  # fmt: skip
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
        lines.append([(" " * place, ""), ("▲" if not canvas.ascii_only else "^", _BOLD)])
    return lines


def chart_lines(grid: Grid, canvas: Canvas, styles: Mapping[int, str] | None = None) -> list[Line]:
    """A drawn chart: series in their colours, axes faint."""
    given = {AXIS: _MUTED, CURSOR: _BOLD, 0: ""} | dict(styles or {})

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
