"""A series as bars, a column a value, each in the colour of a value of its own."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from rnnterm.explore.equations import number
from rnnterm.explore.series import SeriesReading
from rnnterm.tui.hidden.inks import TINTS, bar_styles
from rnnterm.tui.hidden.scene import in_sight
from rnnterm.tui.hidden.unit_map import GUTTER

_CURSOR, _FAINT = Style(reverse=True, bold=True), Style(dim=True)
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class SeriesView(Widget):
    """Shows the values around the cursor; the lowest of all has the lowest bar.

    The columns are those of the map below, where that shows every step.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "SeriesView { height: 3; }"

    @dataclass
    class Pointed(Message):
        """A value was clicked, or the wheel turned."""

        step: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._values = np.zeros(0)
        self._tints: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self._extra = 0  # values before the first step: a window that enters in one step
        self._step = self._start = 0
        self._styles: dict[int, Style] = {}

    @property
    def tints(self) -> list[int]:
        """The tint of each value, -`TINTS` to `TINTS`."""
        return [int(tint) for tint in self._tints]

    def show(self, reading: SeriesReading, shares: npt.ArrayLike, step: int) -> None:
        """Show a series; `shares` is the value of each step, -1 to 1, which gives the colour."""
        values = reading.series.values[reading.stretch.start : reading.stretch.stop]
        given = np.rint(np.nan_to_num(np.asarray(shares, np.float64)) * TINTS).astype(np.int8)
        self._extra = len(values) - len(given)
        self._values, self._tints = values, np.pad(given, (self._extra, 0), "edge")
        self._step = step
        self._follow()
        self.refresh()

    def point(self, step: int) -> None:
        """Move the cursor; only what it leaves and enters is painted, unless all moves."""
        touched = {self._step, step}
        self._step = step
        if self._follow():
            self.refresh()
            return
        for one in touched:
            column = GUTTER + one + self._extra - self._start
            self.refresh(Region(column, 0, 1, self.size.height))

    @property
    def values_in_sight(self) -> int:
        """How many values fit."""
        return max(1, self.size.width - GUTTER)

    def _follow(self) -> bool:
        """Have the cursor in sight; whether the values moved."""
        room, total = self.values_in_sight, len(self._values)
        start = in_sight(self._start, min(room, total), total, self._step + self._extra)
        moved, self._start = start != self._start, start
        return moved

    def on_resize(self) -> None:
        """More values fit, or fewer."""
        self._follow()
        self.refresh()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._styles = {}

    def on_click(self, event: Click) -> None:
        """Go to the value under the mouse."""
        at = event.get_content_offset(self)
        if at is not None:
            place = self._start + at.x - GUTTER
            if self._start <= place < len(self._values):
                self.post_message(self.Pointed(max(0, place - self._extra)))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """A screen on."""
        event.stop()
        self.post_message(self.Pointed(self._step + self.values_in_sight))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """A screen back."""
        event.stop()
        self.post_message(self.Pointed(self._step - self.values_in_sight))

    def render_line(self, y: int) -> Strip:
        """A row of the bars."""
        if not self._styles:
            self._styles = bar_styles(self)
        if not len(self._values):
            return Strip.blank(self.size.width, self._plain)
        height = self.size.height
        segments = [Segment(self._label(y, height), self._plain + _FAINT)]
        stop = min(self._start + self.values_in_sight, len(self._values))
        glyphs = self._glyphs(height - 1 - y, height)
        for place in range(self._start, stop):
            style = self._styles[int(self._tints[place])]
            is_cursor = place == self._step + self._extra
            segments.append(Segment(glyphs[place], style + _CURSOR if is_cursor else style))
        strip = Strip(segments, GUTTER + stop - self._start)
        return strip.adjust_cell_length(self.size.width, self._plain)

    def _label(self, y: int, height: int) -> str:
        """The highest value beside the uppermost row, the lowest beside the last."""
        ends = {height - 1: float(self._values.min()), 0: float(self._values.max())}
        label = number(ends[y]) if y in ends else ""
        return f"{label:>{GUTTER - 1}} "[:GUTTER]

    @property
    def _plain(self) -> Style:
        return self.visual_style.rich_style

    def _glyphs(self, row: int, height: int) -> str:
        """What each value shows in a row, counted from the bottom."""
        values = self._values
        low, span = float(values.min()), float(np.ptp(values)) or 1.0
        eighths = 1 + np.rint((values - low) / span * (8 * height - 1)).astype(int)
        return "".join(_EIGHTHS[at] for at in np.clip(eighths - 8 * row, 0, 8))
