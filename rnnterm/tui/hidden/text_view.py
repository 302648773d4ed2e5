"""A text, a cell a character, each tinted by a value of its own; one of them has the cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from rnnterm.glyphs import visible
from rnnterm.plotting.cells import cell_text
from rnnterm.tui.hidden.inks import TINTS, tint_styles
from rnnterm.tui.hidden.scene import in_sight

_CURSOR, _SELECTED = Style(reverse=True, bold=True), Style(reverse=True)


class TintedText(Widget):
    """Shows the lines around the cursor. Line ends are a glyph: a place tells a character."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "TintedText { height: auto; max-height: 3; }"

    @dataclass
    class Pointed(Message):
        """A character was clicked, or the wheel turned; with Shift it selects up to there."""

        step: int
        selecting: bool = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cells = self._cells_source = ""
        self._tints: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self._step = 0
        self._span: tuple[int, int] | None = None
        self._top = 0
        self._strips: dict[int, Strip] = {}
        self._styles: dict[int, Style] = {}

    @property
    def text(self) -> str:
        """What is shown of each character of the text."""
        return self._cells

    @property
    def tints(self) -> list[int]:
        """The tint of each character, -`TINTS` to `TINTS`."""
        return [int(tint) for tint in self._tints]

    def show(
        self, text: str, shares: npt.ArrayLike, step: int, span: tuple[int, int] | None
    ) -> None:
        """Show a text.

        Args:
            shares: the value of each character, -1 to 1; NaN is as good as 0.
            step: the character that has the cursor.
            span: the selected characters.
        """
        cells = self._cells_of(text)
        tints = np.rint(np.nan_to_num(np.asarray(shares, np.float64)) * TINTS).astype(np.int8)
        if cells == self._cells and np.array_equal(tints, self._tints):
            self.point(step, span)
            return
        before, tints_before = self._cells, self._tints
        self._cells, self._tints = cells, tints
        self._strips.clear()
        if self._has_other_height(len(before)):
            self._step, self._span = step, span
            self._follow()
            self.refresh(layout=True)
            return
        shared = min(len(before), len(cells))
        same = tints[:shared] == tints_before[:shared]
        is_beginning = before[:shared] == cells[:shared]
        self.point(step, span)
        if is_beginning:
            self._paint(np.flatnonzero(~same), shared, max(len(before), len(cells)))
        else:
            self.refresh()

    def _paint(self, changed: npt.NDArray[np.intp], start: int, stop: int) -> None:
        """Paint the changed characters, and all from `start` to `stop`; a stretch a line."""
        width = max(1, self.size.width)
        regions = []
        for line in range(self._top, self._top + self.size.height):
            first, last = line * width, line * width + width - 1
            inside = changed[(changed >= first) & (changed <= last)].tolist()
            if start <= last and stop > first:
                inside += [max(start, first), min(stop - 1, last)]
            if inside:
                left, right = min(inside) - first, max(inside) - first
                regions.append(Region(left, line - self._top, right - left + 1, 1))
        if regions:
            self.refresh(*regions)

    def point(self, step: int, span: tuple[int, int] | None = None) -> None:
        """Move the cursor; only what it leaves and enters is painted."""
        if (step, span) == (self._step, self._span):
            return
        touched = {self._step, step} | _difference(self._span, span)
        self._step, self._span = step, span
        if self._follow():
            self._strips.clear()
            self.refresh()
            return
        width = max(1, self.size.width)
        for place in touched:
            self._strips.pop(place // width, None)
        self.refresh(*(Region(at % width, at // width - self._top, 1, 1) for at in touched))

    def _has_other_height(self, length_before: int) -> bool:
        """Whether the text takes more lines, or fewer, than it did, as far as they are shown."""
        width = max(1, self.size.width)
        lines, before = (-(-length // width) for length in (len(self._cells), length_before))
        return lines != before and min(lines, before) <= self.size.height

    def _cells_of(self, text: str) -> str:
        if self._cells and text.startswith(self._cells_source):
            begun, known = self._cells, len(self._cells_source)
        else:
            begun, known = "", 0
        self._cells_source = text
        return begun + "".join(_cell_of(char) for char in text[known:])

    def _follow(self) -> bool:
        """Have the cursor's line in sight; whether the lines moved."""
        width, height = max(1, self.size.width), max(1, self.size.height)
        lines = -(-len(self._cells) // width)
        top = in_sight(self._top, min(height, lines), lines, self._step // width)
        moved, self._top = top != self._top, top
        return moved

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the text takes; the style sheet says how many at most."""
        return max(1, -(-len(self._cells) // max(1, width)))

    def on_resize(self) -> None:
        """Break the lines elsewhere."""
        self._follow()
        self._strips.clear()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._strips.clear()
        self._styles = {}

    def on_click(self, event: Click) -> None:
        """Go to the character under the mouse."""
        at = event.get_content_offset(self)
        if at is not None:
            step = (at.y + self._top) * max(1, self.size.width) + at.x
            if step < len(self._cells):
                self.post_message(self.Pointed(step, event.shift))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """A line on."""
        self._scroll(event, 1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """A line back."""
        self._scroll(event, -1)

    def _scroll(self, event: MouseScrollDown | MouseScrollUp, lines: int) -> None:
        event.stop()
        if self._cells:
            step = self._step + lines * max(1, self.size.width)
            self.post_message(self.Pointed(max(0, min(step, len(self._cells) - 1))))

    def render_line(self, y: int) -> Strip:
        """A line of the text."""
        line, width = self._top + y, self.size.width
        strip = self._strips.get(line)
        if strip is None:
            strip = self._strips[line] = self._strip_of(line * width, width)
        return strip

    def _strip_of(self, start: int, width: int) -> Strip:
        if not self._styles:
            self._styles = tint_styles(self)
        stop = min(start + width, len(self._cells))
        segments = [
            Segment(self._cells[first:last], self._style_at(first))
            for first, last in self._runs(start, stop)
        ]
        return Strip(segments, max(0, stop - start)).adjust_cell_length(width, self._styles[0])

    def _runs(self, start: int, stop: int) -> Sequence[tuple[int, int]]:
        """Stretches of one style."""
        if start >= stop:
            return []
        edges = {start, stop} | {self._step, self._step + 1} | set(self._span or ())
        changes = np.flatnonzero(np.diff(self._tints[start:stop])) + start + 1
        borders = sorted({*changes.tolist(), *(at for at in edges if start <= at <= stop)})
        return list(pairwise(borders))

    def _style_at(self, place: int) -> Style:
        style = self._styles[int(self._tints[place])]
        if place == self._step:
            return style + _CURSOR
        if self._span is not None and self._span[0] <= place < self._span[1]:
            return style + _SELECTED
        return style


def _cell_of(char: str) -> str:
    """One column for a character."""
    return " " if char == " " else cell_text(visible(char))[:1] or "?"


def _difference(one: tuple[int, int] | None, other: tuple[int, int] | None) -> set[int]:
    """The places in just one of two spans."""
    return set(range(*(one or (0, 0)))) ^ set(range(*(other or (0, 0))))
