"""The chosen unit's values as a line under the map, column under column."""

import numpy as np

from rnnterm.plotting.cells import AXIS, CURSOR, RULE, Grid
from rnnterm.plotting.raster import Raster
from rnnterm.plotting.scale import Scale
from rnnterm.plotting.series import Series
from rnnterm.tui.hidden.picture import Part, Picture
from rnnterm.tui.hidden.unit_map import GUTTER
from rnnterm.tui.widgets.chart import rows_of
from rnnterm.tui.widgets.rows import Rows

_LINE = 1


class UnitLine(Rows):
    """Draws one unit in its own height, with what it is at the cursor."""

    DEFAULT_CSS = "UnitLine { height: 4; }"

    def __init__(self, *, ascii_only: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._ascii = ascii_only
        self._key: object = None
        self._plain: Grid | None = None
        self._shown: tuple[Picture, int, int] | None = None

    def draw(self, picture: Picture, unit: int, step: int) -> None:
        """Draw a unit over the steps of the map, with the cursor at one of them."""
        self._shown, part = (picture, unit, step), picture.part
        width, height = self.size
        if width - GUTTER != part.width or not height:  # the map will be drawn anew, too
            self.show([])
            return
        key = (id(part.scene), part.columns.start, part.columns.stop, unit, width, height)
        if key != self._key or self._plain is None:
            self._key, self._plain = (
                key,
                unit_curve(part, unit, width, height, ascii_only=self._ascii),
            )
        grid = Grid(self._plain.codes.copy(), self._plain.styles.copy())
        _point(grid, picture, unit, step, ascii_only=self._ascii)
        self.show(rows_of(grid))

    def on_resize(self) -> None:
        """Draw into the new size."""
        super().on_resize()
        if self._shown is not None:
            self.draw(*self._shown)


def unit_curve(part: Part, unit: int, width: int, height: int, *, ascii_only: bool) -> Grid:
    """A unit's values over the steps of a part, in the columns of the map, with its scale."""
    grid = Grid.blank(width, height)
    scene = part.scene
    y_scale = Scale(scene.low, scene.high)
    columns = _column_count(part)
    dots = (1, 1) if ascii_only else (2, 4)
    raster = Raster(columns, height, *dots)
    plot = grid.part(slice(None), slice(GUTTER, GUTTER + columns))
    zero = raster.cell_row(0.0, y_scale)
    if zero is not None and scene.low < 0:
        plot.write(zero, 0, ("- " if ascii_only else "┄") * columns, RULE)
    steps = np.arange(part.columns.start, part.columns.stop)
    series = Series(steps, scene.curve(unit)[part.columns])
    drawn = raster.line(raster.columns(series, _x_scale(part)), y_scale, (1, 0))
    codes = ord("*") if ascii_only else raster.braille(drawn)
    plot.stamp(raster.counts(drawn) > 0, codes, _LINE)
    for row, value in ((0, scene.high), (height - 1, scene.low)):
        if height > 1:
            grid.write(row, 0, f"{value:>{GUTTER - 1}.3g}", AXIS)
    return grid


def _point(grid: Grid, picture: Picture, unit: int, step: int, *, ascii_only: bool) -> None:
    """Mark the cursor in the map's column, and the value there."""
    column, scene = picture.column_of(step), picture.part.scene
    if column is None:
        return
    for row in range(grid.height):
        grid.write(row, GUTTER + column, "|" if ascii_only else "│", CURSOR)
    raster = Raster(1, grid.height)
    at = raster.cell_row(float(scene.curve(unit)[step]), Scale(scene.low, scene.high))
    if at is not None:
        grid.write(at, GUTTER + column, "o" if ascii_only else "●", _LINE)


def _column_count(part: Part) -> int:
    return min(part.width, int(part.columns.stop - part.columns.start))


def _x_scale(part: Part) -> Scale:
    return Scale(part.columns.start - 0.5, part.columns.stop - 0.5)
