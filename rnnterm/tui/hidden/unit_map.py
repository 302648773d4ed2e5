"""The map of units x time, with the cursor's column and the chosen unit's row marked."""

from dataclasses import dataclass
from typing import Literal

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

from rnnterm.plotting.heat import Look
from rnnterm.tui.hidden.inks import contrast, ramp_of
from rnnterm.tui.hidden.picture import Part, Picture, difference, draw_part
from rnnterm.tui.hidden.scene import Eye, Scene, in_sight

GUTTER = 6
"""Columns at the left, for the number of the chosen unit."""
_CLOSEST = 30  # doublings, more than any map needs
_MARKED = Style(bold=True)
_REVERSE = Style(reverse=True, bold=True)


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
        self._eye = Eye()
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

    def show(self, scene: Scene, eye: Eye) -> None:
        """Show a part of a scene that has the cursor in it."""
        self._scene, self._eye = scene, eye
        wanted = self._part()
        if wanted is None:
            return
        if self._wanted is None or wanted.key != self._wanted.key:
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
        # Of ranked units the first ones count: they are not pooled. Nor is a text that grows.
        eye = self._eye
        rows_zoom = _CLOSEST if scene.by == "score" else eye.zoom
        columns_zoom = _CLOSEST if eye.is_live else eye.zoom
        # It leaves room for what comes, so that not all moves with each step.
        ahead = 2 * width // 3 if eye.is_live else 0
        row = int(scene.rank[eye.unit])
        spans = []
        for length, beyond, room, place, zoom, old in (
            (units, 0, self._rows_shown, row, rows_zoom, before and before.rows),
            (steps, ahead, width, eye.step, columns_zoom, before and before.columns),
        ):
            span = min(length, max(room, -(-length // 2**zoom)))
            start = in_sight(old.start if old else 0, span, length + beyond, place)
            spans.append(slice(start, min(start + span, length)))
        return Part(scene, spans[0], spans[1], width, self.size.height, self._look)

    @work(thread=True, exclusive=True, description="")
    def _draw(self, part: Part) -> None:
        picture = draw_part(part)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._take, picture)

    def _take(self, picture: Picture) -> None:
        if self._wanted is None or picture.part.key != self._wanted.key:
            return
        before, self._picture = self._picture, picture
        self._strips.clear()
        if before is None or (before.part.scene.low < 0) != (picture.part.scene.low < 0):
            self._styles, self._colors = {}, ()
        self._mark()
        regions = difference(before, picture) if before is not None else None
        if regions is None:
            self.refresh()
        else:
            gutter = Region(0, 0, GUTTER, self.size.height)
            self.refresh(gutter, *(region.translate((GUTTER, 0)) for region in regions))
        self.post_message(self.Drawn(picture.part))

    def _mark(self) -> None:
        """Move the marks to the cursor's column and the unit's row."""
        picture = self._picture
        if picture is None:
            return
        column, row = picture.column_of(self._eye.step), picture.row_of(self._eye.unit)
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
        if regions:
            self.refresh(*regions)

    def on_resize(self) -> None:
        """Draw into the new size."""
        if self._scene is not None:
            self.show(self._scene, self._eye)

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
        label = f"▸{self._eye.unit:>{GUTTER - 2}} " if y == self._row else " " * GUTTER
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
