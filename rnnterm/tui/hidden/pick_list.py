"""A list with a cursor, for the answers that a tool found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from rnnterm.tui.widgets.rows import Row, Rows

_FAR = 1_000_000


class PickList(Rows, can_focus=True):
    """Rows of which one is current; keys, clicks and the wheel move there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "move(-10)", "page up", show=False),
        Binding("pagedown", "move(10)", "page down", show=False),
        Binding("home", f"move(-{_FAR})", "first", show=False),
        Binding("end", f"move({_FAR})", "last", show=False),
        Binding("enter", "pick", "go to", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is at another row, from 0."""

        place: int

    @dataclass
    class Picked(Message):
        """Enter was pressed on a row, or it was clicked."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._entries: list[Row] = []
        self._cursor = self._top = 0

    @property
    def cursor(self) -> int:
        """The current row."""
        return self._cursor

    def fill(self, entries: Sequence[Row], *, cursor: int | None = None) -> None:
        """Show other rows; the cursor stays at its place, or goes to `cursor`."""
        self._entries = list(entries)
        wanted = self._cursor if cursor is None else cursor
        self._cursor = max(0, min(wanted, len(self._entries) - 1))
        self._draw()

    def on_resize(self) -> None:
        """Other rows are in sight."""
        super().on_resize()
        self._draw()

    def on_focus(self) -> None:
        """Keys go here."""
        self._draw()

    def on_blur(self) -> None:
        """Keys go elsewhere."""
        self._draw()

    def _draw(self) -> None:
        height = max(1, self.size.height)
        self._top = min(max(self._top, self._cursor - height + 1), self._cursor)
        self._top = max(0, min(self._top, len(self._entries) - height))
        rows: list[Row] = []
        for place in range(self._top, min(len(self._entries), self._top + height)):
            entry = self._entries[place]
            if place != self._cursor:
                rows.append([("  ", ""), *entry])
                continue
            text = "▸ " + "".join(piece for piece, _ in entry)
            ink = "reverse" if self.has_focus else "bold"
            rows.append([(text.ljust(self.size.width), ink)])
        self.show(rows)

    def on_click(self, event: Click) -> None:
        """Go to the row under the mouse, and take it."""
        place = self._top + event.y
        if place < len(self._entries):
            self._go(place)
            self.post_message(self.Picked(place))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The next row."""
        event.stop()
        self._go(self._cursor + 1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The row before."""
        event.stop()
        self._go(self._cursor - 1)

    def _go(self, place: int) -> None:
        place = max(0, min(place, len(self._entries) - 1))
        if self._entries and place != self._cursor:
            self._cursor = place
            self._draw()
            self.post_message(self.Moved(place))

    def action_move(self, rows: int) -> None:
        """So many rows down, or up."""
        self._go(self._cursor + rows)

    def action_pick(self) -> None:
        """Take the current row."""
        if self._entries:
            self.post_message(self.Picked(self._cursor))
