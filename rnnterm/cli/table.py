"""Rows of a listing in aligned columns, as wide as the terminal has room for."""

from collections.abc import Callable, Collection, Mapping, Sequence

from rnnterm.glyphs import columns, fit
from rnnterm.terminal import safe_line

GAP = "  "
UNKNOWN = "–"
_NARROWEST = 7  # columns that a text keeps when it gives way
_TOO_MUCH = 1e15  # no run comes as far: a damaged file says so


def column_widths(
    rows: Sequence[Mapping[str, str]], width: int, shrinking: Sequence[str]
) -> dict[str, int]:
    """As wide as each column's content; where that is too much, texts give way in that order."""
    if not rows:
        return {}
    widths = {name: max(columns(safe_line(row[name])) for row in rows) for name in rows[0]}
    room = width - len(GAP) * (len(widths) - 1)
    for name in shrinking:
        excess = max(0, sum(widths.values()) - room)
        widths[name] = max(min(widths[name], _NARROWEST), widths[name] - excess)
    return widths


def cells(row: Mapping[str, str], widths: Mapping[str, int], figures: Collection[str]) -> list[str]:
    """A row's cells, each filled up to its column's width; figures stand to the right."""
    return [
        " " * max(0, widths[name] - columns(row[name])) + row[name]
        if name in figures
        else fit(row[name], widths[name])
        for name in widths
    ]


def table_row(row: Mapping[str, str], widths: Mapping[str, int], figures: Collection[str]) -> str:
    """A row as one line."""
    return GAP.join(cells(row, widths, figures)).rstrip()


def assignments(values: Mapping[str, object]) -> str:
    """Values by name for a cell: `cell=lstm  bptt=64`."""
    return GAP.join(f"{key}={value}" for key, value in values.items())


def figure(number: float | None, write: Callable[[float], str]) -> str:
    """A number for a cell; a dash where it is not known, or absurd."""
    return write(number) if number is not None and abs(number) < _TOO_MUCH else UNKNOWN
