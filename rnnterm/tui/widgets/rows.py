"""Rows of characters that are sent anew only where they changed."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from rnnterm.plotting import cells
from rnnterm.plotting.palette import SERIES

Ink = str | int
"""How a piece looks: `""`, `muted`, `bold`, `heading`, `warning`, `error`, or a chart cell's id."""

Row = list[tuple[str, Ink]]
"""Pieces of safe text, side by side."""

FAINT = 100
"""A chart's id plus this is the same colour, fainter."""


_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)


class Rows(Widget):
    """Shows rows as they are given, cut off at its edges."""

    DEFAULT_CSS = "Rows { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}
        self._inks: dict[Ink, Style] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        before, self._rows = self._rows, list(rows)
        for y in range(max(len(before), len(self._rows))):
            span = _changed(_row_at(before, y), _row_at(self._rows, y))
            if span is not None:
                self._strips.pop(y, None)
                start, stop = span
                self.refresh(Region(start, y, stop - start, 1))

    @property
    def text(self) -> str:
        """All that is shown, without its looks."""
        return "\n".join("".join(piece for piece, _ in row).rstrip() for row in self._rows)

    def notify_style_update(self) -> None:
        """Colours may be others now."""
        super().notify_style_update()
        self._strips.clear()
        self._inks.clear()

    def on_resize(self) -> None:
        """Rows are cut off elsewhere."""
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One row, from the cache where it has not changed."""
        strip = self._strips.get(y)
        if strip is None:
            segments = [Segment(text, self._ink(ink)) for text, ink in _row_at(self._rows, y)]
            strip = Strip(segments).adjust_cell_length(self.size.width, self._ink("")).simplify()
            self._strips[y] = strip
        return strip

    def _ink(self, ink: Ink) -> Style:
        if ink not in self._inks:
            self._inks[ink] = self._mixed(ink)
        return self._inks[ink]

    def _mixed(self, ink: Ink) -> Style:
        looks = self.visual_style
        plain = looks.rich_style
        back, fore = looks.background or _BLACK, looks.foreground or _WHITE
        match ink:
            case "bold" | "heading" | cells.CURSOR:
                return plain + Style(bold=True, underline=ink == "heading" or None)
            case "reverse":
                return plain + Style(reverse=True)
            case "muted" | cells.RULE | cells.AXIS:
                return plain + _colored(back.blend(fore, 0.6))
            case "warning" | "error" | "success":
                return plain + _colored(Color.parse(self.app.theme_variables[ink]))
            case int() if ink > 0:
                series = Color(*SERIES[(ink % FAINT - 1) % len(SERIES)])
                if back.brightness > 0.5:  # the palette is made for dark screens, too
                    series = series.darken(0.15)
                return plain + _colored(back.blend(series, 0.45) if ink > FAINT else series)
        return plain


def _colored(color: Color) -> Style:
    return Style(color=color.rich_color)


def _row_at(rows: list[Row], y: int) -> Row:
    return rows[y] if y < len(rows) else []


def _changed(before: Row, after: Row) -> tuple[int, int] | None:
    """The columns (start, stop) in which two rows differ; None where they are the same."""
    if before == after:
        return None
    one, other = _cells(before), _cells(after)
    length = max(len(one), len(other))
    one += [(" ", "")] * (length - len(one))
    other += [(" ", "")] * (length - len(other))
    if not all(char < "\u0300" or "\u2000" <= char < "\u2e80" for char, _ in (*one, *other)):
        return 0, 2 * length  # characters that may be wide, or marks
    places = [x for x, (old, new) in enumerate(zip(one, other, strict=True)) if old != new]
    return (places[0], places[-1] + 1) if places else None


def _cells(row: Row) -> list[tuple[str, Ink]]:
    return [(char, ink) for text, ink in row for char in text]
