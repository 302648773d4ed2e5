"""A screen of ASCII alone, for terminals and fonts that have no more."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from rnnterm.glyphs import in_ascii


class AsciiOnly(LineFilter):
    """The last thing that happens to each line of the screen, borders and dialogs among them.

    Widgets write as they always do; only charts and their legends, which ASCII would make
    illegible, are drawn in another way by those who draw them.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in as many columns."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
