"""Line charts: several series over each other, in braille or ASCII, with axes and a read-off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnnterm.plotting.axes import Frame, fitted_frame
from rnnterm.plotting.cells import CURSOR, RULE, Grid, cell_text
from rnnterm.plotting.raster import Raster
from rnnterm.plotting.scale import Scale
from rnnterm.plotting.series import Series

Bounds = tuple[float | None, float | None]
"""The two ends of an axis; None leaves an end to the data."""

_SHADE = ord("░")
_SPOT_WIDTH = 4  # columns from one spot of a series to the next, where it has many


@dataclass(frozen=True)
class Line:
    """A series as a line.

    Attributes:
        style: the id of its cells, above zero.
        dash: columns of dots drawn and left out in turn, to tell lines apart without colours.
        mark: its character in ASCII charts.
    """

    series: Series
    style: int
    dash: tuple[int, int] = (1, 0)
    mark: str = "*"

    def __post_init__(self) -> None:
        on, off = self.dash
        if on < 1 or off < 0:
            raise ValueError("a dash has at least one column of dots, and no negative space")


@dataclass(frozen=True)
class Spots:
    """A series as one character at its points; at some of them, evenly spaced, where it has many.

    Attributes:
        style: the id of its cells, above zero.
        mark: an ASCII character.
    """

    series: Series
    style: int
    mark: str = "o"


@dataclass(frozen=True)
class Band:
    """The space between two series, shaded, under all lines.

    Of a series and itself it is the spread of the values that share a column.
    """

    low: Series
    high: Series
    style: int


@dataclass(frozen=True)
class Rule:
    """A dashed reference line at a y (or, as an upright of a chart, at an x), with a label."""

    value: float
    label: str = ""
    style: int = RULE


@dataclass(frozen=True)
class LineChart:
    """A drawn chart, and where its parts lie.

    Attributes:
        grid: all of it, exactly as large as was asked.
        frame: the rows and columns of the grid that show data.
        x_scale, y_scale: what they show.
    """

    grid: Grid
    frame: Frame
    x_scale: Scale
    y_scale: Scale

    def x_at(self, column: int) -> float | None:
        """The x in the middle of a column of the grid, for a mouse; None beside the data."""
        place = (column - self.frame.left + 0.5) / max(1, self.frame.width)
        return self.x_scale.value_at(place) if 0 < place < 1 else None


def line_chart(
    lines: Sequence[Line],
    width: int,
    height: int,
    *,
    spots: Sequence[Spots] = (),
    bands: Sequence[Band] = (),
    rules: Sequence[Rule] = (),
    uprights: Sequence[Rule] = (),
    x_range: Bounds = (None, None),
    y_range: Bounds = (None, None),
    log: bool = False,
    cursor: float | None = None,
    x_axis: bool = True,
    ascii_only: bool = False,
) -> LineChart:
    """Draw lines, later ones over earlier ones, into `width` x `height` cells.

    Args:
        spots: over all lines.
        bands: under all lines.
        rules: horizontal lines at some y; the y axis is made to reach them.
        uprights: vertical lines at some x.
        x_range: what to show, to zoom; the y axis fits what is seen, unless `y_range` says.
        log: a logarithmic y axis, on which zero and below are gaps.
        cursor: the x to read off: a column, and a marker on the nearest point of each line.
        x_axis: whether there may be one; it and the labels of y need a chart of some size.
        ascii_only: no other characters than ASCII, for terminals that have none.

    Raises:
        ValueError: a range that falls.
    """
    parts = _Parts(lines, spots, bands, rules, uprights)
    if log:
        parts = parts.positive()
    shown = parts.series
    x_ends = _bounded(*_ends_of_x(shown), x_range)
    x_scale = Scale.around(*x_ends)
    y_ends = _ends_of_y(shown, rules, x_scale, y_range, log=log)
    y_scale = Scale.around(*y_ends, log=log)
    grid = Grid.blank(width, height)
    frame = fitted_frame(
        grid,
        x_scale,
        y_scale,
        x_labels=not np.isnan(x_ends[0]),  # no figures where there are none to show
        y_labels=not np.isnan(y_ends[0]),
        x_axis=x_axis,
        ascii_only=ascii_only,
    )
    chart = LineChart(grid, frame, x_scale, y_scale)
    if frame.width and frame.height:
        _Plot(chart, ascii_only).draw(parts, cursor)
    return chart


@dataclass(frozen=True)
class _Parts:
    """What a chart shows."""

    lines: Sequence[Line]
    spots: Sequence[Spots]
    bands: Sequence[Band]
    rules: Sequence[Rule]
    uprights: Sequence[Rule]

    @property
    def series(self) -> list[Series]:
        """All that the axes have to reach."""
        edges = [edge for band in self.bands for edge in (band.low, band.high)]
        return [each.series for each in self.lines] + [each.series for each in self.spots] + edges

    def positive(self) -> "_Parts":
        """The same as a logarithmic axis sees it."""
        return replace(
            self,
            lines=[replace(line, series=line.series.positive) for line in self.lines],
            spots=[replace(each, series=each.series.positive) for each in self.spots],
            bands=[Band(one.low.positive, one.high.positive, one.style) for one in self.bands],
        )


class _Plot:
    """The part of a chart inside its axes, while it is drawn."""

    def __init__(self, chart: LineChart, ascii_only: bool) -> None:
        frame = chart.frame
        self._x, self._y = chart.x_scale, chart.y_scale
        self._ascii = ascii_only
        dots = (1, 1) if ascii_only else (2, 4)
        self._raster = Raster(frame.width, frame.height, *dots)
        self._grid = chart.grid.part(
            slice(frame.top, frame.top + frame.height), slice(frame.left, frame.left + frame.width)
        )
        self._taken = np.zeros((frame.height, frame.width), np.bool_)

    def draw(self, parts: _Parts, cursor: float | None) -> None:
        """Draw everything, from what lies lowest to what lies on top."""
        for band in parts.bands:
            self.shade(band)
        for upright in parts.uprights:
            self.stand(upright)
        for rule in parts.rules:
            self.lay(rule)
        for line in parts.lines:
            self.trace(line)
        for spots in parts.spots:
            self.mark(spots)
        for rule in parts.rules:
            self.name_rule(rule)
        for upright in parts.uprights:
            self.name_upright(upright)
        if cursor is not None:
            self.read_off(parts.lines, cursor)

    def shade(self, band: Band) -> None:
        low, high = (self._raster.columns(edge, self._x) for edge in (band.low, band.high))
        counts = self._raster.counts(self._raster.band(low, high, self._y))
        # At least half of a cell, but where the band is narrower than that, its fullest cells.
        full = np.minimum(counts.max(axis=0), self._raster.across * self._raster.down // 2)
        self._grid.stamp(
            (counts > 0) & (counts >= full), ord(":") if self._ascii else _SHADE, band.style
        )

    def stand(self, upright: Rule, glyphs: str = "┊:") -> None:
        column = self._raster.cell_column(upright.value, self._x)
        if column is not None:
            for row in range(self._grid.height):
                self._grid.write(row, column, glyphs[self._ascii], upright.style)

    def lay(self, rule: Rule) -> None:
        row = self._raster.cell_row(rule.value, self._y)
        if row is not None:
            width = self._grid.width
            self._grid.write(row, 0, "- " * width if self._ascii else "┄" * width, rule.style)

    def trace(self, line: Line) -> None:
        columns = self._raster.columns(line.series, self._x)
        dots = self._raster.line(columns, self._y, line.dash)
        covered = self._raster.counts(dots) > 0
        if self._ascii:
            mark = cell_text(line.mark[:1] or "*", ascii_only=True)
            self._grid.stamp(covered, ord(mark), line.style)
        elif dots.sum() == 1:  # a lone dot of braille is easily overlooked
            self._grid.stamp(covered, ord("•"), line.style)
        else:
            self._grid.stamp(covered, self._raster.braille(dots), line.style)
        self._taken |= covered

    def mark(self, spots: Spots) -> None:
        x = spots.series.x
        first, beyond = np.searchsorted(x, (self._x.low, np.nextafter(self._x.high, np.inf)))
        most = max(1, self._grid.width // _SPOT_WIDTH)
        chosen = np.linspace(first, beyond - 1, min(most, int(beyond - first))).round().astype(int)
        mark = cell_text(spots.mark[:1] or "o", ascii_only=True)
        for place in chosen.tolist():
            row = self._raster.cell_row(float(spots.series.y[place]), self._y)
            column = self._raster.cell_column(float(x[place]), self._x)
            if row is not None and column is not None:
                self._grid.write(row, column, mark, spots.style)
                self._taken[row, column] = True

    def name_rule(self, rule: Rule) -> None:
        """Write a label on its rule, as far right as no line is in the way; or above, or below."""
        row = self._raster.cell_row(rule.value, self._y)
        if row is not None:
            rightmost = range(self._grid.width - 1, -1, -1)
            rows = (row, row - 1, row + 1)
            self._write_free(rule, ((place, column) for place in rows for column in rightmost))

    def name_upright(self, upright: Rule) -> None:
        """Write a label beside its upright, as far up as no line is in the way."""
        column = self._raster.cell_column(upright.value, self._x)
        if column is not None:
            sides = (column + 1, column - len(upright.label) - 2)
            rows = range(self._grid.height)
            self._write_free(upright, ((row, side) for side in sides for row in rows))

    def _write_free(self, rule: Rule, spots: Iterable[tuple[int, int]]) -> None:
        """Write a label at the first of the (row, column) spots that hides no line or label."""
        text = f" {cell_text(rule.label, ascii_only=self._ascii)} "
        for row, column in spots if rule.label else ():
            is_inside = 0 <= row < self._grid.height and 0 <= column < self._grid.width - len(text)
            room = slice(column, column + len(text))
            if is_inside and not self._taken[row, room].any():
                self._grid.write(row, column, text, rule.style)
                self._taken[row, room] = True
                return

    def read_off(self, lines: Sequence[Line], x: float) -> None:
        if self._raster.cell_column(x, self._x) is None:
            return
        self.stand(Rule(x, style=CURSOR), "│|")
        for line in lines:
            point = line.series.nearest(x)
            if point is None:
                continue
            row = self._raster.cell_row(point.y, self._y)
            column = self._raster.cell_column(point.x, self._x)
            if row is not None and column is not None:
                self._grid.write(row, column, "o" if self._ascii else "●", line.style)


def _ends_of_x(shown: Sequence[Series]) -> tuple[float, float]:
    filled = [series.x for series in shown if len(series)]
    low = min((float(x[0]) for x in filled), default=np.nan)
    high = max((float(x[-1]) for x in filled), default=np.nan)
    return low, high


def _ends_of_y(
    shown: Sequence[Series], rules: Sequence[Rule], x_scale: Scale, given: Bounds, *, log: bool
) -> tuple[float, float]:
    """The extremes of what is seen, and of the rules; NaN where there is nothing."""
    values = [end for series in shown for end in series.extremes(x_scale.low, x_scale.high)]
    values += [rule.value for rule in rules if rule.value > 0 or not log]
    values = [value for value in values if np.isfinite(value)]
    start, end = given
    if log:  # an end that has no logarithm is as good as none
        start = start if start is not None and start > 0 else None
        end = end if end is not None and end > 0 else None
    return _bounded(min(values, default=np.nan), max(values, default=np.nan), (start, end))


def _bounded(low: float, high: float, given: Bounds) -> tuple[float, float]:
    """The data's ends but for those given, which win even where the data lie beyond them."""
    start, end = given
    if start is not None and end is not None:
        return start, end
    if start is not None:
        return start, start if np.isnan(high) else max(high, start)
    if end is not None:
        return end if np.isnan(low) else min(low, end), end
    return low, high
