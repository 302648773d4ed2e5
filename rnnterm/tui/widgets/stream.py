"""A text that grows character by character, each in one of a few styles.

The text is laid out as a terminal would: by cells, not words. What a change touches is all that is
painted again, and when the text reaches the bottom it moves up by a third of the height at once:
over a slow line a screen that moves with every line costs most of all.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import category

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from rnnterm.terminal import safe_line

SEED, NOTE = -1, -2
"""Levels of what is no model's: the text that a person began with, and remarks in between."""

_MOST_MARKS = 4
_TAB = 8
_MOST_LETTERS = 20_000
_SLACK = 1_000
_WHEEL = 3
_ORANGE_ON_DARK, _ORANGE_ON_LIGHT = Color(255, 120, 0), Color(176, 64, 0)
_SHARES = (0.0, 0.35, 0.65, 1.0, 1.0)
_NONE = Style()
_MARKED = {4: Style(bold=True, underline=True)}
_MARKED_WITHOUT_COLOR = {2: Style(italic=True), 3: Style(bold=True), **_MARKED}


@dataclass(slots=True)
class _Line:
    """One line: its glyphs with their levels, and the number of the letter that it begins with."""

    begin: int
    glyphs: list[tuple[str, int]] = field(default_factory=list)
    width: int = 0
    strip: Strip | None = None


class TextStream(Widget):
    """Shows the end of a text and follows it; scrolled back, it stays where it is.

    Letters are (text, level): a character and how surprising it was (0 to 4), or `SEED`, or a short
    remark as a whole with `NOTE`. The newest 20,000 are kept.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"stream--seed", "stream--note"}  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    TextStream { height: 1fr; }
    TextStream > .stream--seed { color: $text-primary; text-style: italic; }
    TextStream > .stream--note { color: $text-muted; }
    """

    class Seen(Message):
        """It came to be on the screen, or is not any more."""

        def __init__(self, is_seen: bool) -> None:
            super().__init__()
            self.is_seen = is_seen

    class Scrolled(Message):
        """It began or ceased to follow the text."""

    def __init__(self) -> None:
        super().__init__()
        self._letters: list[tuple[str, int]] = []
        self._begin = 0  # the number of the first letter that is kept
        self._lines = [_Line(0)]
        self._first = 0  # the number of the first line that is kept
        self._top = 0  # the number of the line at the top of the screen
        self._width = 0
        self._is_following = True
        self._styles: dict[int, Style] = {}

    @property
    def is_following(self) -> bool:
        """Whether the text's end stays on the screen."""
        return self._is_following

    @property
    def lines(self) -> list[str]:
        """The lines that are kept, as they are shown."""
        return ["".join(text for text, _ in line.glyphs) for line in self._lines]

    @property
    def lines_below(self) -> int:
        """How many lines lie below the screen."""
        return max(0, self._last - self._top - self.size.height + 1)

    # The text

    def write(self, letters: Iterable[tuple[str, int]]) -> None:
        """Add letters at the end."""
        line, column = self._last, self._lines[-1].width
        for letter in letters:
            self._letters.append(letter)
            self._place(self._begin + len(self._letters) - 1, *letter)
        self._let_go()
        if not self._follow():
            self._repaint(line, column)

    def take_back(self) -> None:
        """Remove the last letter, and remarks after it."""
        while self._letters and self._letters.pop()[1] == NOTE:
            pass
        end = self._begin + len(self._letters)
        while len(self._lines) > 1 and self._begins_too_late(self._lines[-1], end):
            del self._lines[-1]
        # The line is laid out anew: how many glyphs a letter became, nobody noted.
        begin = self._lines[-1].begin
        self._lines[-1] = _Line(begin)
        for number in range(begin, end):
            self._place(number, *self._letters[number - self._begin])
        self._follow()
        self.refresh()

    def _begins_too_late(self, line: _Line, end: int) -> bool:
        """Whether a text of the letters up to `end` has no such line: only a break begins one."""
        if line.begin == end:
            return self._letters[end - 1 - self._begin][0] != "\n"
        return line.begin > end

    def clear(self) -> None:
        """Remove all letters."""
        self._letters.clear()
        self._begin = self._first = self._top = 0
        self._lines = [_Line(0)]
        self._set_following(True)
        self.refresh()

    # Moving

    def scroll_lines(self, lines: int) -> None:
        """Look so many lines further down, or up; at the end it follows again."""
        height = max(self.size.height, 1)
        end = max(self._first, self._last - height + 1)
        if lines < 0:
            top = max(self._first, min(self._top, end) + lines)
        else:
            top = max(self._top, min(self._top + lines, end))
        self._set_following(top >= end)
        if top != self._top:
            self._top = top
            self.refresh()

    def scroll_pages(self, pages: int) -> None:
        """Look so many screens further down, or up."""
        self.scroll_lines(pages * max(1, self.size.height - 1))

    def follow_end(self) -> None:
        """Show the end, and follow it."""
        self._set_following(True)
        self._follow()
        self.refresh()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Look back."""
        event.stop()
        self.scroll_lines(-_WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Look forth."""
        event.stop()
        self.scroll_lines(_WHEEL)

    # Layout

    @property
    def _last(self) -> int:
        """The number of the last line."""
        return self._first + len(self._lines) - 1

    def _place(self, number: int, text: str, level: int) -> None:
        """Put a letter at the end of the last line, or on a new one."""
        line = self._lines[-1]
        if text == "\n":
            self._lines.append(_Line(number + 1))
            return
        room = self._width - line.width
        if text == "\t":
            shown, cells = " " * (count := max(1, min(_TAB - line.width % _TAB, room))), count
        else:
            shown, cells = _shown(text, max(self._width, 1))
        if not cells:
            _put_mark(line, shown)
            return
        if cells > room and line.glyphs:
            line = _Line(number)
            self._lines.append(line)
        line.glyphs.append((shown, level))
        line.width += cells
        line.strip = None

    def _let_go(self) -> None:
        """Drop the oldest lines once there are too many letters."""
        if len(self._letters) <= _MOST_LETTERS + _SLACK:
            return
        oldest = self._begin + len(self._letters) - _MOST_LETTERS
        count = bisect_right(self._lines, oldest, key=lambda line: line.begin) - 1
        if count <= 0:
            return
        del self._lines[:count]
        self._first += count
        del self._letters[: self._lines[0].begin - self._begin]
        self._begin = self._lines[0].begin
        if self._top < self._first:
            self._top = self._first
            self.refresh()

    def _follow(self) -> bool:
        """Move so that the end is on the screen, if it is to be; whether that painted all anew."""
        height = self.size.height
        if not (self._is_following and height):
            return False
        if self._top <= self._last < self._top + height:
            return False
        self._top = max(self._first, self._last + 1 - height + height // 3)
        self.refresh()
        return True

    def _set_following(self, is_following: bool) -> None:
        if is_following != self._is_following:
            self._is_following = is_following
            self.post_message(self.Scrolled())

    def on_resize(self, event: Resize) -> None:
        """Lay all out for another width; keep in sight what was."""
        if event.size.width != self._width:
            at_top = self._lines[min(max(self._top - self._first, 0), len(self._lines) - 1)].begin
            self._width = event.size.width
            self._first, self._lines = 0, [_Line(self._begin)]
            for number, letter in enumerate(self._letters, self._begin):
                self._place(number, *letter)
            self._top = bisect_right(self._lines, at_top, key=lambda line: line.begin) - 1
        if self._is_following:
            end = self._last + 1 - self.size.height
            self._top = max(self._first, min(self._top, self._last), end)
        self.refresh()

    def on_show(self) -> None:
        """Tell that it can be seen."""
        self.post_message(self.Seen(True))

    def on_hide(self) -> None:
        """Tell that it cannot."""
        self.post_message(self.Seen(False))

    # Painting

    def notify_style_update(self) -> None:
        """Paint all anew in another theme's colours."""
        super().notify_style_update()
        self._styles = {}
        for line in self._lines:
            line.strip = None

    def render_line(self, y: int) -> Strip:
        """One line, as wide as the widget."""
        number, width = self._top + y - self._first, self.size.width
        plain = self._style_of(0)
        if not 0 <= number < len(self._lines):
            return Strip.blank(width, plain)
        line = self._lines[number]
        if line.strip is None:
            line.strip = self._strip_of(line)
        if number == len(self._lines) - 1 and line.width < width:
            caret = Strip([Segment(" ", plain + Style(reverse=True))], 1)
            return Strip.join([line.strip, caret]).extend_cell_length(width, plain)
        return line.strip.extend_cell_length(width, plain)

    def _repaint(self, line: int, column: int) -> None:
        """Have painted what was written since the text ended at this line and column."""
        regions = []
        for number in range(max(line, self._top), self._last + 1):
            begin = column if number == line else 0
            width = self._lines[number - self._first].width - begin
            regions.append(Region(begin, number - self._top, width + 1, 1))  # with the caret
        inside = Region(0, 0, self.size.width, self.size.height)
        if regions := [part for region in regions if (part := region.intersection(inside))]:
            self.refresh(*regions)

    def _strip_of(self, line: _Line) -> Strip:
        """A line's glyphs as segments, neighbours of one style together."""
        segments: list[Segment] = []
        run: list[str] = []
        level = None
        for text, own in line.glyphs:
            # A blank shows no colour, so it need not cost a change of it.
            takes_own = own != level and not (text == " " and level in (0, 1, 2, 3) and own != 4)
            if takes_own and run:
                segments.append(Segment("".join(run), self._style_of(level)))
                run = []
            level = own if takes_own else level
            run.append(text)
        if run:
            segments.append(Segment("".join(run), self._style_of(level)))
        return Strip(segments, line.width)

    def _style_of(self, level: int | None) -> Style:
        if not self._styles:
            self._styles = self._find_styles()
        return self._styles[level or 0]

    def _find_styles(self) -> dict[int, Style]:
        """The style of each level, from the theme's colours."""
        background = self.background_colors[1]
        base = self.rich_style
        plain = Color.from_rich_color(base.color)
        orange = _ORANGE_ON_DARK if background.brightness < 0.5 else _ORANGE_ON_LIGHT
        marks = _MARKED_WITHOUT_COLOR if self.app.no_color else _MARKED
        styles = {
            level: base
            + Style(color=plain.blend(orange, share).rich_color)
            + marks.get(level, _NONE)
            for level, share in enumerate(_SHARES)
        }
        styles[SEED] = self.get_component_rich_style("stream--seed")
        styles[NOTE] = self.get_component_rich_style("stream--note")
        return styles


@lru_cache(maxsize=4096)
def _shown(text: str, width: int) -> tuple[str, int]:
    """How a letter looks, and its cells; those of a combining mark are 0, and of what hides none.

    Joiners, selectors and the like are left out: terminals disagree about how wide they make
    others, and one that is wrong breaks the lines of the panel.
    """
    shown = safe_line(text)
    cells = cell_len(shown)
    if cells > width:
        return ("?", 1) if len(text) == 1 else (set_cell_size(shown, width), width)
    if not cells and (category(text) in ("Cf", "Sk") or 0xFE00 <= ord(text) <= 0xFE0F):
        return "", 0
    return shown, cells


def _put_mark(line: _Line, mark: str) -> None:
    """Set a combining mark over the last glyph, unless there is none, or too many are."""
    if mark and line.glyphs:
        text, level = line.glyphs[-1]
        if len(text) <= _MOST_MARKS:
            line.glyphs[-1] = (text + mark, level)
            line.strip = None
