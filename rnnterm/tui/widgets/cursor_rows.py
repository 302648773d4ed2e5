"""Rows of which one is current: keys, clicks and the mouse wheel move there."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from rnnterm.tui.widgets.rows import Rows

_FAR = 1_000_000


class CursorRows(Rows, can_focus=True):
    """A list with a cursor; what its entries look like, and what a click does, is its heirs'."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "move(-10)", "page up", show=False),
        Binding("pagedown", "move(10)", "page down", show=False),
        Binding("home", f"move(-{_FAR})", "first", show=False),
        Binding("end", f"move({_FAR})", "last", show=False),
    ]
    HEADINGS: ClassVar[int] = 0
    """Rows above the entries."""

    @dataclass
    class Moved(Message):
        """The cursor is at another entry, from 0."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cursor = self._top = 0

    @property
    @abstractmethod
    def count(self) -> int:
        """How many entries there are."""

    @abstractmethod
    def draw(self) -> None:
        """Show the entries of `in_sight`."""

    @property
    def cursor(self) -> int:
        """The current entry."""
        return self._cursor

    def put_cursor(self, place: int) -> None:
        """Have the cursor at an entry, or the one nearest to it, and draw."""
        self._cursor = max(0, min(place, self.count - 1))
        self.draw()

    def in_sight(self) -> range:
        """The entries there is room for, the cursor's among them."""
        room = max(1, self.size.height - self.HEADINGS)
        self._top = min(max(self._top, self._cursor - room + 1), self._cursor)
        self._top = max(0, min(self._top, self.count - room))
        return range(self._top, min(self.count, self._top + room))

    @property
    def cursor_ink(self) -> str:
        """How the current entry looks: other where keys go to it."""
        return "reverse" if self.has_focus else "bold"

    def move_to(self, place: int) -> None:
        """Move the cursor, and say so."""
        place = max(0, min(place, self.count - 1))
        if place != self._cursor:
            self.put_cursor(place)
            self.post_message(self.Moved(place))

    def action_move(self, entries: int) -> None:
        """So many entries down, or up."""
        self.move_to(self._cursor + entries)

    def place_of(self, click: Click) -> int | None:
        """The entry that was clicked."""
        at = click.get_content_offset(self)
        place = self._top + at.y - self.HEADINGS if at is not None else -1
        return place if self._top <= place < self.count else None

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The next entry."""
        event.stop()
        self.action_move(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The entry before."""
        event.stop()
        self.action_move(-1)

    def on_resize(self) -> None:
        """Others are in sight."""
        self.draw()

    def on_focus(self) -> None:
        """Keys go here."""
        self.draw()

    def on_blur(self) -> None:
        """Keys go elsewhere."""
        self.draw()
