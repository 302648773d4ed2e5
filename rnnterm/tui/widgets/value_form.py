"""A list of values with a cursor: what each is called, what it is now, what it means."""

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rnnterm.glyphs import fit

_NAME_COLUMNS = 21  # two marks, the longest name of a recipe, a blank
_VALUE_COLUMNS = 18  # where the meaning follows
_WITH_MEANING = 60  # columns from which each row also tells what its value means


@dataclass(frozen=True)
class Row:
    """One line of the form.

    Attributes:
        name: of the value, or "" for a heading.
        label: the heading, or the name again.
        value: as a person would type it.
        changed: whether it differs from what it would be by itself.
        meaning: what it means, for where there is room.
    """

    name: str
    label: str
    value: str = ""
    changed: bool = False
    meaning: str = ""


class ValueForm(ScrollView, can_focus=False):
    """Names and values, one a line; a heading cannot have the cursor."""

    DEFAULT_CSS = """
    ValueForm { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }
    ValueForm > .form--name { color: $foreground; }
    ValueForm > .form--value { color: $text-primary; }
    ValueForm > .form--changed { color: $text-accent; text-style: bold; }
    ValueForm > .form--meaning { color: $foreground-muted; }
    ValueForm > .form--heading { color: $foreground-muted; text-style: underline; }
    ValueForm > .form--cursor { background: $primary 30%; text-style: bold; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "form--name", "form--value", "form--changed", "form--meaning", "form--heading",
        "form--cursor",
    }  # fmt: skip

    @dataclass
    class RowClicked(Message):
        """A row was clicked; `again` tells that it already had the cursor."""

        again: bool

    def __init__(self, name_columns: int = _NAME_COLUMNS, *, id: str | None = None) -> None:  # noqa: A002
        """`name_columns` go to the marks and the names, before the values."""
        super().__init__(id=id)
        self.name_columns = name_columns
        self._rows: list[Row] = []
        self._cursor = 0

    @property
    def cursor(self) -> Row:
        """The row under the cursor."""
        return self._rows[self._cursor]

    @property
    def cursor_line(self) -> int:
        """Where that row is, in lines below the form's upper edge."""
        return self._cursor - self.scroll_offset.y

    def show(self, rows: list[Row]) -> None:
        """Draw other rows; the cursor stays on its value, where that is still there."""
        before = self.cursor.name if self._rows else ""
        self._rows = rows
        names = [row.name for row in rows]
        self._cursor = names.index(before) if before in names else 0
        self.virtual_size = Size(0, len(rows))
        self._reveal()
        self.refresh()

    def move(self, step: int) -> None:
        """Move the cursor over headings, up to the ends."""
        place = self._cursor + step
        while 0 <= place < len(self._rows) and not self._rows[place].name:
            place += step
        if 0 <= place < len(self._rows):
            self._go(place)

    def _go(self, place: int) -> None:
        for line in (self._cursor, place):
            self.refresh_line(line)
        self._cursor = place
        self._reveal()

    def _reveal(self) -> None:
        above = self._cursor > 0 and not self._rows[self._cursor - 1].name
        region = Region(0, self._cursor - above, 1, 1 + above)
        self.scroll_to_region(region, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        if self._rows:
            self._reveal()

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row that was clicked."""
        place = event.y + self.scroll_offset.y
        if place < len(self._rows) and self._rows[place].name:
            again = place == self._cursor
            self._go(place)
            self.post_message(self.RowClicked(again))

    def render_line(self, y: int) -> Strip:
        """One row, filled to the width."""
        place, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row, at_cursor = self._rows[place], place == self._cursor
        over = ("form--cursor",) if at_cursor else ()
        segments = [
            Segment(text, self.get_component_rich_style(style, *over))
            for text, style in _parts(row, self.name_columns, width, at_cursor=at_cursor)
        ]
        rest = self.get_component_rich_style(*over) if over else self.rich_style
        return Strip(segments).adjust_cell_length(width, rest)


def _parts(row: Row, name_columns: int, width: int, *, at_cursor: bool) -> list[tuple[str, str]]:
    """Texts with the component classes that style them."""
    if not row.name:
        return [(row.label, "form--heading")]
    marks = ("▸" if at_cursor else " ") + ("*" if row.changed else " ")
    wide = width >= _WITH_MEANING
    room = _VALUE_COLUMNS if wide else max(1, width - name_columns)
    value_style = "form--changed" if row.changed else "form--value"
    parts = [
        (f"{marks}{row.label}".ljust(name_columns), "form--name"),
        (fit(row.value, room), value_style),
    ]
    if wide:
        meaning = fit(row.meaning, width - name_columns - room - 1)
        parts.append((f" {meaning}", "form--meaning"))
    return parts
