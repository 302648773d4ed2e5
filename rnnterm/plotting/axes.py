"""The frame of a chart: its axes, their ticks and labels, and the space they leave for the data."""

from dataclasses import dataclass

from rnnterm.plotting.cells import AXIS, Grid
from rnnterm.plotting.raster import Raster
from rnnterm.plotting.scale import Scale, Tick

_LEAST_WIDTH = 10  # of the data, below which labels of y are left out
_LEAST_HEIGHT = 4  # of the data, below which the x axis is left out
_X_AXIS_HEIGHT = 2
_LABEL_GAP = 2
_X_TICK_WIDTH = 8
_MOST_X_TICKS = 7  # a few are enough however wide the chart


@dataclass(frozen=True)
class Frame:
    """Where the data of a chart are drawn, in cells of its grid."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class _Glyphs:
    up: str
    across: str
    corner: str
    y_tick: str
    x_tick: str


_BOXES = _Glyphs("│", "─", "└", "┤", "┬")
_ASCII = _Glyphs("|", "-", "+", "+", "+")


def fitted_frame(
    grid: Grid,
    x_scale: Scale,
    y_scale: Scale,
    *,
    x_labels: bool = True,
    y_labels: bool = True,
    x_axis: bool = True,
    ascii_only: bool = False,
) -> Frame:
    """Draw the axes that fit into a grid; the frame of what is left for the data."""
    has_x_axis = x_axis and grid.height >= _LEAST_HEIGHT + _X_AXIS_HEIGHT
    height = grid.height - _X_AXIS_HEIGHT if has_x_axis else grid.height
    raster = Raster(grid.width, height, *((1, 1) if ascii_only else (2, 4)))
    y_ticks = _y_ticks(raster, y_scale) if y_labels else []
    gutter = max((len(tick.label) + 1 for tick in y_ticks), default=0)
    if gutter + 1 + _LEAST_WIDTH > grid.width:
        return Frame(0, 0, grid.width, grid.height)
    frame = Frame(gutter + 1, 0, grid.width - gutter - 1, height)
    glyphs = _ASCII if ascii_only else _BOXES
    _draw_y_axis(grid, raster, y_scale, y_ticks, gutter=gutter, glyphs=glyphs)
    if has_x_axis:
        _draw_x_axis(grid, frame, x_scale, glyphs, labels=x_labels)
    return frame


def _y_ticks(raster: Raster, scale: Scale) -> list[Tick]:
    height = raster.height
    gap = 1 if height <= 5 else max(2, height // 7)

    def are_apart(ticks: list[Tick]) -> bool:
        rows = raster.rows_of([tick.value for tick in ticks], scale) // raster.down
        return bool((rows[:-1] - rows[1:] >= gap).all())

    return scale.ticks(height // gap + 1, are_apart)


def _draw_y_axis(
    grid: Grid, raster: Raster, scale: Scale, ticks: list[Tick], *, gutter: int, glyphs: _Glyphs
) -> None:
    for row in range(raster.height):
        grid.write(row, gutter, glyphs.up, AXIS)
    for tick in ticks:
        place = raster.cell_row(tick.value, scale)
        if place is not None:
            text = tick.label.rjust(gutter - 1) + " " + glyphs.y_tick
            grid.write(place, 0, text, AXIS)


def _draw_x_axis(grid: Grid, frame: Frame, scale: Scale, glyphs: _Glyphs, *, labels: bool) -> None:
    row = frame.top + frame.height
    grid.write(row, frame.left - 1, glyphs.corner + glyphs.across * frame.width, AXIS)
    raster = Raster(frame.width, frame.height)

    def placed(ticks: list[Tick]) -> list[tuple[int, int, str]]:
        """The column of each tick's mark, and of its label, which stays inside the grid."""
        spots = []
        for label, column in ((t.label, raster.cell_column(t.value, scale)) for t in ticks):
            if column is not None:
                mark = frame.left + column
                start = min(max(0, mark - len(label) // 2), grid.width - len(label))
                spots.append((mark, start, label))
        return spots

    def are_apart(ticks: list[Tick]) -> bool:
        spots = placed(ticks)
        ends = [start + len(label) for _, start, label in spots]
        starts = [start for _, start, _ in spots]
        pairs = zip(ends, starts[1:], strict=False)
        return min(starts, default=0) >= 0 and all(b - a >= _LABEL_GAP for a, b in pairs)

    most = min(_MOST_X_TICKS, frame.width // _X_TICK_WIDTH)
    for mark, start, label in placed(scale.ticks(most, are_apart) if labels else []):
        grid.write(row, mark, glyphs.x_tick, AXIS)
        grid.write(row + 1, start, label, AXIS)
