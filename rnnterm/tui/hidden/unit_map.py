"""The map of units x time, with the cursor's column and the chosen unit's row marked."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.color import Color
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import get_current_worker

from rnnterm.plotting.heat import HeatMap, Look, heat_map
from rnnterm.tui.hidden.inks import LEVELS, contrast, ramp_of
from rnnterm.tui.hidden.scene import Scene, in_sight

GUTTER = 6
"""Columns at the left, for the number of the chosen unit."""
_CLOSEST = 30  # doublings, more than any map needs
_NEARLY_ALL = 0.995  # of the means are within the scale
_MARKED = Style(bold=True)
_REVERSE = Style(reverse=True, bold=True)


class Part(NamedTuple):
    """The part of a scene that a map shows."""

    scene: Scene
    rows: slice
    columns: slice
    width: int
    height: int
    look: Look


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn part of a scene.

    Attributes:
        low, high: the values that have the first and the last colour.
        is_mean: whether a row that stands for several units shows their mean.
    """

    part: Part
    heat: HeatMap
    low: float
    high: float
    is_mean: bool

    def describe(self) -> str:
        """What a row and a column stand for, and what the colours mean."""
        units, steps = (
            round((at.stop - at.start) / max(1, len(edges) - 1))
            for at, edges in (
                (self.part.rows, self.heat.row_edges),
                (self.part.columns, self.heat.column_edges),
            )
        )
        parts = []
        shown, total = self.part.rows.stop - self.part.rows.start, len(self.part.scene.order)
        if shown < total:
            parts.append(f"{shown} of {total} units")
        if units > 1:
            parts.append(f"{'mean' if self.is_mean else 'strongest'} of {units} units a row")
        if steps > 1:
            parts.append(f"{steps} steps a column")
        parts.append(f"{self.low:.2g} … {self.high:.2g}".replace("-", "−"))
        return " · ".join(parts)

    def column_of(self, step: int) -> int | None:
        """The map's column in which a step lies."""
        return self.heat.column_of(step - self.part.columns.start)

    def row_of(self, unit: int) -> int | None:
        """The row of cells in which a unit lies."""
        row = int(self.part.scene.rank[unit]) - self.part.rows.start
        edges = self.heat.row_edges
        if not edges[0] <= row < edges[-1]:
            return None
        return (int(np.searchsorted(edges, row, side="right")) - 1) // self.rows_a_cell

    @property
    def rows_a_cell(self) -> int:
        """Rows of the map in one row of cells."""
        return 2 if self.part.look == "halves" else 1

    def step_at(self, column: int) -> int | None:
        """The first step in a column."""
        edges = self.heat.column_edges
        return int(edges[column]) + self.part.columns.start if column < len(edges) - 1 else None

    def unit_at(self, row: int, step: int) -> int | None:
        """Of the units in a row of cells the one that is farthest from zero at a step."""
        edges, first = self.heat.row_edges, row * self.rows_a_cell
        if first >= len(edges) - 1:
            return None
        last = min(first + self.rows_a_cell, len(edges) - 1)
        scene, start = self.part.scene, self.part.rows.start
        units = scene.order[start + int(edges[first]) : start + int(edges[last])]
        return int(units[np.argmax(np.abs(scene.values[step, units]))])


def draw(part: Part) -> Picture:
    """Draw a part of a scene.

    Rows that stand for several units show the one farthest from zero; sorted by similarity, they
    show the units' mean, on a scale that reaches as far as the means do.
    """
    scene = part.scene
    shown = scene.values[part.columns][:, scene.order[part.rows]].T
    rows = part.height * (2 if part.look == "halves" else 1)
    is_mean = scene.by == "similarity" and len(shown) > rows
    low, high = scene.low, scene.high
    if is_mean and low < 0:
        edges = np.arange(rows + 1) * len(shown) // rows
        means = np.add.reduceat(shown, edges[:-1], axis=0) / np.diff(edges)[:, np.newaxis]
        high = max(float(np.quantile(np.abs(means), _NEARLY_ALL)), 1e-6)
        low = -high
    heat = heat_map(
        shown, part.width, part.height, low=low, high=high, levels=LEVELS, look=part.look,
        pooling="mean" if is_mean else "peak",
    )  # fmt: skip
    return Picture(part, heat, low, high, is_mean=is_mean)


class UnitMap(Widget):
    """Draws a scene in a thread, pooled to fit or closer; then the cursor costs two columns."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "UnitMap { height: 1fr; }"

    @dataclass
    class Pointed(Message):
        """A cell was clicked."""

        step: int
        unit: int | None = None

    @dataclass
    class Zoomed(Message):
        """The wheel was turned: 1 is closer, -1 further away."""

        by: Literal[1, -1]

    @dataclass
    class Drawn(Message):
        """Another part is on the screen."""

        part: Part

    def __init__(self, *, look: Look, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look
        self._scene: Scene | None = None
        self._step = self._unit = self._zoom = 0
        self._wanted: Part | None = None
        self._picture: Picture | None = None
        self._column: int | None = None
        self._row: int | None = None
        self._strips: dict[int, Strip] = {}
        self._styles: dict[int, Style] = {}
        self._colors: tuple[Color, ...] = ()

    @property
    def picture(self) -> Picture | None:
        """What is drawn."""
        return self._picture

    @property
    def is_closest(self) -> bool:
        """Whether it is at 1:1."""
        part = self._wanted
        if part is None:
            return True
        rows, columns = (at.stop - at.start for at in (part.rows, part.columns))
        return bool(rows <= self._rows_shown and columns <= part.width)

    def show(self, scene: Scene, step: int, unit: int, zoom: int) -> None:
        """Show a part of a scene that has the cursor in it."""
        self._scene, self._step, self._unit, self._zoom = scene, step, unit, zoom
        wanted = self._part()
        if wanted is None:
            return
        if self._wanted is None or _key(wanted) != _key(self._wanted):
            self._wanted = wanted
            self._draw(wanted)
        self._mark()

    def clear(self) -> None:
        """Show nothing."""
        self._scene = self._wanted = self._picture = None
        self._strips.clear()
        self.refresh()

    @property
    def _rows_shown(self) -> int:
        return self.size.height * (2 if self._look == "halves" else 1)

    def _part(self) -> Part | None:
        """The part to show: it stays where it is while the cursor is in it."""
        width, scene = self.size.width - GUTTER, self._scene
        if scene is None or width < 1 or self.size.height < 1:
            return None
        before = self._wanted
        steps, units = scene.values.shape
        # Of ranked units the first ones count: they are not pooled.
        closest = _CLOSEST if scene.by == "score" else self._zoom
        spans = []
        for length, room, place, zoom, old in (
            (units, self._rows_shown, int(scene.rank[self._unit]), closest, before and before.rows),
            (steps, width, self._step, self._zoom, before and before.columns),
        ):
            span = min(length, max(room, -(-length // 2**zoom)))
            start = in_sight(old.start if old else 0, span, length, place)
            spans.append(slice(start, start + span))
        return Part(scene, spans[0], spans[1], width, self.size.height, self._look)

    @work(thread=True, exclusive=True, description="")
    def _draw(self, part: Part) -> None:
        picture = draw(part)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._take, picture)

    def _take(self, picture: Picture) -> None:
        if self._wanted is None or _key(picture.part) != _key(self._wanted):
            return
        before, self._picture = self._picture, picture
        self._strips.clear()
        if before is None or (before.part.scene.low < 0) != (picture.part.scene.low < 0):
            self._styles, self._colors = {}, ()
        self._column = self._row = None
        self._mark(paint=False)
        self.refresh()
        self.post_message(self.Drawn(picture.part))

    def _mark(self, *, paint: bool = True) -> None:
        """Move the marks to the cursor's column and the unit's row."""
        picture = self._picture
        if picture is None:
            return
        column, row = picture.column_of(self._step), picture.row_of(self._unit)
        regions = []
        if column != self._column:
            regions += [
                Region(GUTTER + at, y, 1, 1)
                for at in (column, self._column)
                if at is not None
                for y in range(0, self.size.height, 2)
            ]
        rows = {at for at in (row, self._row) if at is not None}
        regions += [Region(0, at, GUTTER, 1) for at in rows]
        self._column, self._row = column, row
        if paint and regions:
            self.refresh(*regions)

    def on_resize(self) -> None:
        """Draw into the new size."""
        if self._scene is not None:
            self.show(self._scene, self._step, self._unit, self._zoom)

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._strips.clear()
        self._styles, self._colors = {}, ()

    def on_click(self, event: Click) -> None:
        """Go to the step and the unit under the mouse."""
        at = event.get_content_offset(self)
        if at is None or self._picture is None:
            return
        step = self._picture.step_at(max(0, at.x - GUTTER))
        if step is not None:
            self.post_message(self.Pointed(step, self._picture.unit_at(at.y, step)))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Closer."""
        event.stop()
        self.post_message(self.Zoomed(1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Further away."""
        event.stop()
        self.post_message(self.Zoomed(-1))

    # Painting

    def render_line(self, y: int) -> Strip:
        """A row of the map, with what is marked in it."""
        plain, picture = self.visual_style.rich_style, self._picture
        if picture is None or y >= picture.heat.grid.height:
            return Strip.blank(self.size.width, plain)
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip_of(picture, y)
        if self._column is not None and y % 2 == 0:
            strip = Strip.join(
                [
                    strip.crop(0, self._column),
                    Strip([self._cursor(picture, y, self._column)], 1),
                    strip.crop(self._column + 1, None),
                ]
            )
        label = f"▸{self._unit:>{GUTTER - 2}} " if y == self._row else " " * GUTTER
        gutter = Strip([Segment(label, plain + _MARKED)], GUTTER)
        return Strip.join([gutter, strip]).adjust_cell_length(self.size.width, plain)

    def _strip_of(self, picture: Picture, y: int) -> Strip:
        grid = picture.heat.grid
        return Strip(
            [Segment(text, self._style_of(picture, style)) for text, style in grid.runs(y)],
            grid.width,
        )

    def _cursor(self, picture: Picture, y: int, column: int) -> Segment:
        """The cell under the cursor: a line on the colour that is there.

        In every other row, so that most values stay as they are, and half is sent for each move.
        """
        grid = picture.heat.grid
        style = self._style_of(picture, int(grid.styles[y, column]))
        if self._look != "halves" or self.app.no_color:
            return Segment(chr(int(grid.codes[y, column])), style + _REVERSE)
        upper, lower = picture.heat.pair(int(grid.styles[y, column]))
        level = upper if lower is None else lower
        if level is None or upper is None:
            return Segment("│" if upper is not None else " ", style)
        ground = self._ramp(picture)[level]
        ink = contrast(ground).rich_color
        return Segment("│", Style(color=ink, bgcolor=ground.rich_color))

    def _ramp(self, picture: Picture) -> tuple[Color, ...]:
        if not self._colors:
            self._colors = ramp_of(self, signed=picture.part.scene.low < 0)
        return self._colors

    def _style_of(self, picture: Picture, style: int) -> Style:
        if style not in self._styles:
            self._styles[style] = self._mixed(picture, style)
        return self._styles[style]

    def _mixed(self, picture: Picture, style: int) -> Style:
        plain = self.visual_style.rich_style
        if style <= 0 or self.app.no_color:
            return plain
        ramp = self._ramp(picture)
        if self._look != "halves":
            return plain
        upper, lower = picture.heat.pair(style)
        ink = ramp[upper].rich_color if upper is not None else None
        ground = ramp[lower].rich_color if lower is not None else None
        return plain + Style(color=ink, bgcolor=ground)


def _key(part: Part) -> tuple[object, ...]:
    rows, columns = part.rows, part.columns
    return (
        id(part.scene), rows.start, rows.stop, columns.start, columns.stop, part.width,
        part.height,
    )  # fmt: skip
