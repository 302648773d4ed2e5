"""A text that grows character by character, each in one of a few styles.

The text is laid out as a terminal would: by cells, not words. What a change touches is all that is
painted again, and when the text reaches the bottom it moves up by a third of the height at once:
over a slow line a screen that moves with every line costs most of all.
"""

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from rnnterm.tui.widgets.text_lines import NOTE, SEED, Letter, Line, TextLines

_WHEEL = 3
_ORANGE_ON_DARK, _ORANGE_ON_LIGHT = Color(255, 120, 0), Color(176, 64, 0)
_SHARES = (0.0, 0.35, 0.65, 1.0, 1.0)
_NONE = Style()
_MARKED = {4: Style(bold=True, underline=True)}
_MARKED_WITHOUT_COLOR = {2: Style(italic=True), 3: Style(bold=True), **_MARKED}


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
        self._text = TextLines()
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
        return ["".join(text for text, _ in line.glyphs) for line in self._text]

    @property
    def lines_below(self) -> int:
        """How many lines lie below the screen."""
        return max(0, self._text.last - self._top - self.size.height + 1)

    # The text

    def write(self, letters: Iterable[Letter]) -> None:
        """Add letters at the end."""
        line, column = self._text.last, self._width_of(self._text.last)
        self._text.add(letters)
        if self._top < self._text.first:  # what was to be seen is not kept any more
            self._top = self._text.first
            self.refresh()
        if not self._follow():
            self._repaint(line, column)

    def note(self, remark: str) -> None:
        """Add a short remark at the end, instead of one after which nothing came."""
        self._text.take_back_notes()
        self.write([(remark, NOTE)])
        self.refresh()

    def take_back(self) -> None:
        """Remove the last letter, and remarks after it."""
        self._text.take_back()
        self._follow()
        self.refresh()

    def clear(self) -> None:
        """Remove all letters."""
        self._text.clear()
        self._top = 0
        self._set_following(True)
        self.refresh()

    # Moving

    def scroll_lines(self, lines: int) -> None:
        """Look so many lines further down, or up; at the end it follows again."""
        height = max(self.size.height, 1)
        end = max(self._text.first, self._text.last - height + 1)
        if lines < 0:
            top = max(self._text.first, min(self._top, end) + lines)
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

    def _follow(self) -> bool:
        """Move so that the end is on the screen, if it is to be; whether that painted all anew."""
        height = self.size.height
        if not (self._is_following and height):
            return False
        if self._top <= self._text.last < self._top + height:
            return False
        self._top = max(self._text.first, self._text.last + 1 - height + height // 3)
        self.refresh()
        return True

    def _set_following(self, is_following: bool) -> None:
        if is_following != self._is_following:
            self._is_following = is_following
            self.post_message(self.Scrolled())

    def on_resize(self, event: Resize) -> None:
        """Lay all out for another width; keep in sight what was."""
        if event.size.width != self._width:
            self._width = event.size.width
            self._top = self._text.lay_out(self._width, self._top)
        if self._is_following:
            end = self._text.last + 1 - self.size.height
            self._top = max(self._text.first, min(self._top, self._text.last), end)
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
        for line in self._text:
            line.strip = None

    def render_line(self, y: int) -> Strip:
        """One line, as wide as the widget."""
        number, width = self._top + y, self.size.width
        plain, line = self._style_of(0), self._text.at(number)
        if line is None:
            return Strip.blank(width, plain)
        if line.strip is None:
            line.strip = self._strip_of(line)
        if number == self._text.last and line.width < width:
            caret = Strip([Segment(" ", plain + Style(reverse=True))], 1)
            return Strip.join([line.strip, caret]).extend_cell_length(width, plain)
        return line.strip.extend_cell_length(width, plain)

    def _repaint(self, line: int, column: int) -> None:
        """Have painted what was written since the text ended at this line and column."""
        regions = []
        for number in range(max(line, self._top), self._text.last + 1):
            begin = column if number == line else 0
            width = self._width_of(number) - begin
            regions.append(Region(begin, number - self._top, width + 1, 1))  # with the caret
        inside = Region(0, 0, self.size.width, self.size.height)
        if regions := [part for region in regions if (part := region.intersection(inside))]:
            self.refresh(*regions)

    def _width_of(self, number: int) -> int:
        line = self._text.at(number)
        return line.width if line is not None else 0

    def _strip_of(self, line: Line) -> Strip:
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
        marks = _MARKED
        if self.app.no_color:
            orange, marks = plain, _MARKED_WITHOUT_COLOR
        styles = {
            level: base
            + Style(color=plain.blend(orange, share).rich_color)
            + marks.get(level, _NONE)
            for level, share in enumerate(_SHARES)
        }
        styles[SEED] = self.get_component_rich_style("stream--seed")
        styles[NOTE] = self.get_component_rich_style("stream--note")
        return styles
