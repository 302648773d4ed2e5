"""The line over everything: which model, which values of which unit, and which step."""

from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from rnnterm.glyphs import columns
from rnnterm.terminal import safe_line
from rnnterm.tui.widgets.rows import Row, Rows

_SEPARATOR = " · "


class InfoLine(Rows):
    """One row of figures; a click on one does what its key does."""

    DEFAULT_CSS = "InfoLine { height: 1; padding: 0 1; }"

    @dataclass
    class Clicked(Message):
        """A figure was clicked; `verb` is the action's."""

        verb: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._zones: list[tuple[int, int, str]] = []

    def tell(self, figures: list[tuple[str, str]], right: str) -> None:
        """Show figures, each with its verb or none, and one at the right end."""
        width = self.content_size.width
        room = width - columns(right) - 2
        row: Row = []
        zones, used = [], 0
        for text, verb in figures:
            piece = safe_line(text)
            gap = len(_SEPARATOR) if row else 0
            if used + gap + columns(piece) > room:
                break
            if row:
                row.append((_SEPARATOR, "muted"))
            zones.append((used + gap, used + gap + columns(piece), verb))
            row.append((piece, "bold" if not used else ""))
            used += gap + columns(piece)
        row.append((" " * max(0, width - used - columns(right)), ""))
        row.append((right[: max(0, width)], "bold"))
        self._zones = zones
        self.show([row])

    def on_click(self, event: Click) -> None:
        """Do what the figure under the mouse is for."""
        at = event.get_content_offset(self)
        verb = next((verb for x, end, verb in self._zones if at and x <= at.x < end), "")
        if verb:
            self.post_message(self.Clicked(verb))
