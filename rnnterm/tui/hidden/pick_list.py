"""The answers that a tool found, to go to one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message

from rnnterm.tui.widgets.cursor_rows import CursorRows
from rnnterm.tui.widgets.rows import Row


class PickList(CursorRows):
    """Answers with a cursor; Enter or a click takes one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "pick", "go to", show=False)]

    @dataclass
    class Picked(Message):
        """Enter was pressed on an answer, or it was clicked."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._entries: list[Row] = []

    @property
    def count(self) -> int:
        """How many answers there are."""
        return len(self._entries)

    def fill(self, entries: Sequence[Row], *, cursor: int | None = None) -> None:
        """Show other answers; the cursor stays at its place, or goes to `cursor`."""
        self._entries = list(entries)
        self.put_cursor(self.cursor if cursor is None else cursor)

    def draw(self) -> None:
        """Show the answers that there is room for."""
        rows: list[Row] = []
        for place in self.in_sight():
            entry = self._entries[place]
            if place != self.cursor:
                rows.append([("  ", ""), *entry])
                continue
            text = "▸ " + "".join(piece for piece, _ in entry)
            rows.append([(text.ljust(self.size.width), self.cursor_ink)])
        self.show(rows)

    def on_click(self, event: Click) -> None:
        """Go to the answer under the mouse, and take it."""
        place = self.place_of(event)
        if place is not None:
            self.move_to(place)
            self.post_message(self.Picked(place))

    def action_pick(self) -> None:
        """Take the current answer."""
        if self._entries:
            self.post_message(self.Picked(self.cursor))
