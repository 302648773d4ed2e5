"""A few rows that take as much room as they are."""

import textwrap
from collections.abc import Sequence

from rnnterm.terminal import safe_line
from rnnterm.tui.widgets.rows import Ink, Row, Rows


class Lines(Rows):
    """As high as what it shows."""

    DEFAULT_CSS = "Lines { height: 0; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._sentence: tuple[str, Ink] | None = None

    def say(self, sentence: str, ink: Ink) -> None:
        """Show a sentence, wrapped at whatever width there is or will be."""
        self._sentence = sentence, ink
        self._wrap()

    def show(self, rows: Sequence[Row]) -> None:
        """See `Rows.show`."""
        self._sentence = None
        self._show(rows)

    def on_resize(self) -> None:
        """A tool that has just been opened learns only now how wide it is."""
        super().on_resize()
        self._wrap()

    def _wrap(self) -> None:
        if self._sentence is not None and self.size.width:
            text, ink = self._sentence
            self._show(wrapped_rows(text, self.size.width, ink))

    def _show(self, rows: Sequence[Row]) -> None:
        super().show(rows)
        height = self.styles.height
        if height is None or height.value != len(rows):
            self.styles.height = len(rows)


def wrapped_rows(text: str, width: int, ink: Ink) -> list[Row]:
    """A sentence in rows."""
    return [[(line, ink)] for line in textwrap.wrap(safe_line(text), max(8, width))]
