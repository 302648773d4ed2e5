"""What the head of a CSV table tells: its delimiter, its columns, and which of them hold what."""

import csv
import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rnnterm.errors import RnntermError, UsageError
from rnnterm.forecast.dates import date_form, names_dates

_DELIMITERS = "\t;|,"  # the rarer ones in numbers and texts come first
_FEW_TO_COUNT = 5  # rows: fewer may rise evenly by chance
_MISSING = frozenset(("", "-", "--", ".", "?", "n/a", "na", "#n/a", "none", "null", "missing"))
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)

Row = list[str]


@dataclass(frozen=True)
class Header:
    """What the head of a table tells.

    Attributes:
        columns: their names.
        numeric: the numbers, from 0 on, of those that can be forecast, most likely first.
        date: that of the column of dates; None if there is none.
        delimiter: between cells.
        named: whether the first row holds the names.
        width: how many cells the first row has.
    """

    columns: tuple[str, ...]
    numeric: tuple[int, ...]
    date: int | None
    delimiter: str
    named: bool
    width: int

    def find(self, name: str, source: str) -> int:
        """The column of that name or number (from 1 on); raises UsageError for none or several."""
        name = " ".join(name.split())
        for same in (str, str.casefold):
            found = [at for at, each in enumerate(self.columns) if same(each) == same(name)]
            if len(found) > 1:
                raise UsageError(
                    f"{source} has {len(found)} columns called {name!r}: "
                    f"name one by its number, such as {found[0] + 1}"
                )
            if found:
                return found[0]
        if name.isdecimal() and 1 <= int(name) <= len(self.columns):
            return int(name) - 1
        near = difflib.get_close_matches(name, self.columns, n=1)
        listed = ", ".join(self.columns)
        listed = listed if len(listed) < 200 else f"{listed[:200]}…"
        meant = f"did you mean {near[0]!r}?" if near else f"there are {listed}"
        raise UsageError(f"{source} has no column {name!r}: {meant}")


def read_header(head: Sequence[str], source: str) -> Header:
    """What the first lines of a table tell; raises RnntermError if they hold nothing."""
    delimiter = _delimiter(head)
    rows = [row for row in csv_rows(head, delimiter) if any(cell.strip() for cell in row)]
    if not rows:
        raise RnntermError(f"{source} is empty: there is nothing to forecast")
    first, width = rows[0], max(map(len, rows))
    is_named = any(_is_name(cell) for cell in first)
    names = [" ".join(cell.split()) for cell in first] if is_named else []
    names += [""] * (width - len(names))
    columns = tuple(name or f"column {at + 1}" for at, name in enumerate(names))
    body = rows[1:] if is_named else rows
    sample = [[row[at].strip() if at < len(row) else "" for row in body] for at in range(width)]
    filled = [[cell for cell in cells if not is_missing(cell)] for cells in sample]
    dated = [
        at
        for at, cells in enumerate(filled if width > 1 else ())
        if cells and (date_form(cells[:1], named=False) or _are_dates(columns[at], cells))
    ]
    shares = [
        sum(_is_number(cell, delimiter) for cell in cells) / max(1, len(cells)) for cells in filled
    ]
    date = dated[0] if dated else None
    if date is None and width > 1 and any(shares[1:]) and _counts(sample[0], delimiter):
        date = 0
    likely = sorted((at for at in range(width) if at != date and shares[at]), key=_negated(shares))
    return Header(columns, tuple(likely), date, delimiter, is_named, len(first))


def csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """The rows of a table, cell by cell; raises RnntermError for one that is none."""
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise RnntermError(f"row {reader.line_num} cannot be read: {error}") from None


def _delimiter(head: Sequence[str]) -> str:
    """What most lines have the same number of; a comma if nothing."""
    lines = [line for line in head[:50] if line.strip()]
    best, most = ",", 0
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        same = max((counts.count(count) for count in set(counts) if count), default=0)
        if same > most:
            best, most = delimiter, same
    return best


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().casefold() in _MISSING


def _is_number(cell: str, delimiter: str) -> bool:
    return to_number(cell, delimiter) is not None


def to_number(cell: str, delimiter: str) -> float | None:
    """A finite number; with a decimal comma where commas do not separate cells."""
    text = cell.strip()
    if _THOUSANDS.fullmatch(text) and delimiter == ",":  # which was quoted
        text = text.replace(",", "")
    elif delimiter != "," and "," in text:
        text = text.replace(".", "").replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_name(cell: str) -> bool:
    """Whether a cell of the first row can only be a name."""
    text = cell.strip()
    return not (is_missing(text) or _is_number(text, ";") or date_form([text], named=False)) and (
        text.casefold() not in ("nan", "inf", "-inf")
    )


def _are_dates(name: str, cells: Row) -> bool:
    return names_dates(name) and (
        date_form(cells[:1], named=True) is not None or _is_number(cells[0], ";")
    )


def _counts(cells: Row, delimiter: str) -> bool:
    """Whether a column counts its rows, by equal whole steps: what is a step, not a value."""
    told = [to_number(cell, delimiter) for cell in cells]
    numbers = [number for number in told if number is not None and number == int(number)]
    if len(numbers) < max(_FEW_TO_COUNT, len(cells)):
        return False
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps.pop() > 0


def _negated(shares: list[float]) -> Callable[[int], float]:
    return lambda at: -round(shares[at], 1)
