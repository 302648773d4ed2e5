"""A few rows that take as much room as they are."""

import textwrap
from collections.abc import Sequence

from rnnterm.terminal import safe_line
from rnnterm.tui.widgets.rows import Ink, Row, Rows


class Lines(Rows):
    """As high as what it shows."""

    DEFAULT_CSS = "Lines { height: 0; }"

    def show(self, rows: Sequence[Row]) -> None:
        """See `Rows.show`."""
        super().show(rows)
        height = self.styles.height
        if height is None or height.value != len(rows):
            self.styles.height = len(rows)


def wrapped_rows(text: str, width: int, ink: Ink) -> list[Row]:
    """A sentence in rows."""
    return [[(line, ink)] for line in textwrap.wrap(safe_line(text), max(8, width))]
