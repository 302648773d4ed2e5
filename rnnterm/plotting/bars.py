"""Bars, sparklines and progress on single rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.plotting.cells import AXIS, Grid, cell_text
from rnnterm.plotting.scale import Scale
from rnnterm.plotting.series import Series

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WHOLE = "▇"  # a little lower than its row, so that bars in neighbouring rows stay apart
_SPARKS = "▁▂▃▄▅▆▇█"
_ASCII_SPARKS = "_.-=+*%#"
_GAP = 1


def bar(share: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar over `share` (0 to 1) of `width` columns, filled up with blanks.

    What is above nothing shows at least an eighth of a column; NaN shows nothing.
    """
    width = max(0, width)
    share = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
    if ascii_only:
        whole = max(round(share * width), math.ceil(share))
        return ("#" * min(whole, width)).ljust(width)
    eighths = max(round(share * width * 8), math.ceil(share))
    drawn = _WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]
    return drawn[:width].ljust(width)


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart.

    Attributes:
        share: how much of the longest possible bar, 0 to 1.
        figure: what is written beside the label, such as `.41`.
        style: the id of the bar's cells, above zero.
    """

    label: str
    share: float
    figure: str = ""
    style: int = 1


def bar_chart(bars: Sequence[Bar], width: int, *, ascii_only: bool = False) -> Grid:
    """A row for each: label, figure and bar, in columns; where there is no room, bars go first."""
    grid = Grid.blank(width, len(bars))
    labels = [cell_text(bar.label, ascii_only=ascii_only) for bar in bars]
    figures = [cell_text(bar.figure, ascii_only=ascii_only) for bar in bars]
    label_width, figure_width = (max(map(len, texts), default=0) for texts in (labels, figures))
    figure_start = label_width + _GAP if label_width else 0
    bar_start = figure_start + (figure_width + _GAP if figure_width else 0)
    for row, entry in enumerate(bars):
        grid.write(row, 0, labels[row], AXIS)
        grid.write(row, figure_start, figures[row].rjust(figure_width), AXIS)
        drawn = bar(entry.share, grid.width - bar_start, ascii_only=ascii_only)
        grid.write(row, bar_start, drawn.rstrip(), entry.style)
    return grid


def sparkline(
    values: npt.ArrayLike,
    width: int,
    *,
    low: float | None = None,
    high: float | None = None,
    ascii_only: bool = False,
) -> str:
    """Values as blocks of rising height; where many fall into a column, the highest one shows.

    The lowest and the highest value, or `low` and `high`, have the lowest and the highest block;
    what is not finite is a blank. Fewer values than columns take a column each.
    """
    series = Series.counted(values)
    columns = min(len(series), max(0, width))
    if not columns:
        return " " * max(0, width)
    heights = series.columns(-0.5, len(series) - 0.5, columns).high
    least, most = series.extremes()
    scale = Scale.around(*sorted((least if low is None else low, most if high is None else high)))
    blocks = _ASCII_SPARKS if ascii_only else _SPARKS
    places = np.clip(scale.places(heights), 0, 1)
    drawn = "".join(
        " " if math.isnan(place) else blocks[round(place * (len(blocks) - 1))]
        for place in places.tolist()
    )
    return drawn.ljust(width)


def progress_bar(share: float, width: int, style: int = 1, *, ascii_only: bool = False) -> Grid:
    """One row: heavy as far as `share` (0 to 1), in `style`, then light, as part of the frame."""
    grid = Grid.blank(width, 1)
    done, half, rest = "=>-" if ascii_only else "━╸─"
    share = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
    halves = math.floor(share * grid.width * 2)
    reached = done * (halves // 2) + half * (halves % 2)
    grid.write(0, 0, rest * grid.width, AXIS)
    grid.write(0, 0, reached, style)
    return grid
