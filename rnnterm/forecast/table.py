"""Reading one column of numbers, and one of dates, out of CSV of any size."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NoReturn

import numpy as np

from rnnterm.errors import RnntermError, UsageError
from rnnterm.forecast.dates import (
    BadDateError,
    DateForm,
    Moments,
    date_form,
    is_ambiguous,
)
from rnnterm.forecast.header import Header, Row, csv_rows, is_missing, read_header, to_number
from rnnterm.forecast.result import Doubles

_HEAD = 1000  # rows that tell what the columns hold
_CHUNK = 1 << 16  # rows
_FINE = re.compile(r"\.\d{3}0*[1-9]")  # of seconds, finer than what is kept
_SHOWN = 40  # characters of a cell

NO_DATES = "none"
"""What takes the place of a column of dates where rows are to be equal steps."""


@dataclass(frozen=True, eq=False)
class Table:
    """What was read, row by row.

    Attributes:
        column, date_column: their names; `column 2` where the file has no header.
        values: shape (n,), NaN where one is missing.
        dates: shape (n,), of dates or of plain numbers; None without a column of them.
        form: how the dates are written; None of numbers.
        notes: what was decided, for people to read.
    """

    column: str
    date_column: str | None
    values: Doubles
    dates: Moments | Doubles | None
    form: DateForm | None
    notes: tuple[str, ...]
    _lines: "_Lines"

    def line(self, row: int) -> int:
        """The line of the file, from 1 on, that a row stands on."""
        return self._lines.of(row)


@dataclass
class _Lines:
    """Where rows stand in their file, which may have blank lines between."""

    first: int
    blank_before: list[int] = field(default_factory=list)

    def of(self, row: int) -> int:
        return self.first + row + bisect_right(self.blank_before, row)


def lines_of(chunks: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in chunks, each with its end."""
    rest = ""
    for chunk in chunks:
        whole, end, rest_now = chunk.rpartition("\n")
        if end:
            yield from (rest + whole + end).splitlines(keepends=True)
            rest = rest_now
        else:
            rest += chunk
    if rest:
        yield rest


def read_table(
    lines: Iterator[str],
    source: str,
    column: str | None = None,
    date_column: str | None = None,
    missing: Collection[str] = (),
    *,
    on_rows: Callable[[int], None] | None = None,
) -> Table:
    """Read a table's column of numbers, and its column of dates if it has one.

    Args:
        source: what to call the file in errors.
        column, date_column: names, or numbers from 1 on; None for those that look like it. With
            `NO_DATES`, rows are equal steps.
        missing: what else than an empty cell stands for a value that is missing, such as `nan`.
        on_rows: told now and then how many rows were read.

    Raises:
        UsageError: a column that there is not.
        RnntermError: nothing to read, or a cell that is no number or no date, with its row.
    """
    head = list(islice(lines, _HEAD))
    header = read_header(head, source)
    date = header.date
    if date_column:
        no_dates = date_column == NO_DATES and NO_DATES not in header.columns
        date = None if no_dates else header.find(date_column, source)
    at = header.find(column, source) if column else _likely_column(header, date)
    if at == date and date is not None and date_column:
        raise UsageError(f"{source}: column {header.columns[at]!r} cannot be both values and dates")
    reader = _Reader(source, header, at, None if at == date else date, missing)
    table = reader.read(chain(head, lines), on_rows)
    others = [header.columns[other] for other in header.numeric if other not in (at, date)]
    if column is None and others:
        note = f"column {table.column!r} is forecast; --column takes another, such as {others[0]!r}"
        return replace(table, notes=(note, *table.notes))
    return table


class _Reader:
    """Reads the two columns of one table in chunks of rows."""

    def __init__(
        self, source: str, header: Header, value: int, date: int | None, missing: Collection[str]
    ) -> None:
        self._source, self._header = source, header
        self._value, self._date = value, date
        self._missing = frozenset(cell.strip().casefold() for cell in missing)
        self._form: DateForm | None = None
        self._lines = _Lines(1)
        self._count = 0
        self._too_wide = 0  # rows with empty cells beyond the first row's
        self._are_cut = False  # dates whose seconds have more than three decimals

    def read(self, lines: Iterable[str], on_rows: Callable[[int], None] | None) -> Table:
        rows = csv_rows(lines, self._header.delimiter)
        if self._header.named:
            for row in rows:
                self._lines.first += 1
                if any(cell.strip() for cell in row):
                    break
        values: list[Doubles] = []
        dates: list[Any] = []
        for chunk in filter(None, self._chunks(rows)):
            self._check_width(chunk)
            values.append(self._numbers(chunk))
            if self._date is not None:
                dates.append(self._dates(chunk, self._date))
            self._count += len(chunk)
            if on_rows:
                on_rows(self._count)
        names = self._header.columns
        return Table(
            names[self._value],
            None if self._date is None else names[self._date],
            np.concatenate(values) if values else np.empty(0),
            np.concatenate(dates) if dates else None,
            self._form,
            tuple(self._notes()),
            self._lines,
        )

    def _notes(self) -> Iterator[str]:
        if count := self._too_wide:
            yield f"empty cells beyond column {self._header.width} in {count:,} rows are left out"
        if self._are_cut:
            yield "seconds are read to their third decimal"

    def _check_width(self, rows: list[Row]) -> None:
        """Refuse a row with more in it than its table has columns: which is which, is unknown."""
        width = self._header.width
        if max(map(len, rows)) <= width:
            return
        for index, row in enumerate(rows):
            extra = row[width:]
            self._too_wide += bool(extra)
            if any(cell.strip() for cell in extra):
                line = self._lines.of(self._count + index)
                raise RnntermError(
                    f"{self._source}: row {line} has {len(row)} cells, the first row only {width}: "
                    "quote cells that hold the delimiter, or name every column"
                )

    def _chunks(self, rows: Iterator[Row]) -> Iterator[list[Row]]:
        """The rows that hold something; in a table of one column a blank is a missing value."""
        blanks = 0
        while chunk := list(islice(rows, _CHUNK)):
            if not blanks and all(chunk) and all(map(itemgetter(0), chunk)):
                yield chunk
                continue
            kept: list[Row] = []
            for row in chunk:
                if not any(row):
                    blanks += 1
                    continue
                if len(self._header.columns) == 1:
                    kept += [[""]] * blanks
                else:
                    self._lines.blank_before += [self._count + len(kept)] * blanks
                blanks = 0
                kept.append(row)
            yield kept

    def _cells(self, rows: list[Row], at: int) -> Row:
        try:
            return [row[at] for row in rows]
        except IndexError:
            short = next(index for index, row in enumerate(rows) if len(row) <= at)
            count = len(rows[short])
            raise RnntermError(
                f"{self._where(short, at)}: the row has only {count} cell{'s'[: count != 1]}"
            ) from None

    def _where(self, index: int, at: int) -> str:
        line = self._lines.of(self._count + index)
        return f"{self._source}: row {line}, column {self._header.columns[at]!r}"

    def _numbers(self, rows: list[Row]) -> Doubles:
        cells = self._cells(rows, self._value)
        try:
            numbers = np.fromiter(map(float, cells), np.float64, len(cells))
            if np.isfinite(numbers).all():
                return numbers
        except ValueError:
            pass  # cell by cell, then, to fill what is missing and name what is wrong
        return np.array([self._number(index, cell) for index, cell in enumerate(cells)])

    def _number(self, index: int, cell: str) -> float:
        if is_missing(cell) or cell.strip().casefold() in self._missing:
            return np.nan
        number = to_number(cell, self._header.delimiter)
        if number is None:
            raise RnntermError(
                f"{self._where(index, self._value)}: {cell.strip()[:_SHOWN]!r} is no number "
                "(leave the cell empty where a value is missing, or name what stands there "
                "with --missing)"
            )
        return number

    def _dates(self, rows: list[Row], at: int) -> Moments | Doubles:
        cells = [cell.strip() for cell in self._cells(rows, at)]
        if self._count == 0:
            self._form = self._find_form(cells[:_HEAD], at)
        if self._form is None:
            return self._numeric_dates(cells, at)
        if self._form.unit == "millisecond" and not self._are_cut:
            self._are_cut = any(map(_FINE.search, cells))
        try:
            return self._form.parse(cells)
        except BadDateError as error:
            self._refuse_date(error.index, cells, at)

    def _find_form(self, cells: Row, at: int) -> DateForm | None:
        """The form that fits most; None of plain numbers."""
        form = date_form(cells, named=True) or date_form(cells[:1], named=True)
        if form and is_ambiguous(cells):
            raise RnntermError(
                f"{self._source}: dates such as {cells[0]} may begin with a month or a day: "
                "write them as 1999-12-31"
            )
        if form is None and to_number(cells[0], self._header.delimiter) is None:
            self._refuse_date(0, cells, at)
        return form

    def _numeric_dates(self, cells: Row, at: int) -> Doubles:
        told = [to_number(cell, self._header.delimiter) for cell in cells]
        for index, number in enumerate(told):
            if number is None:
                self._refuse_date(index, cells, at)
        return np.array(told, np.float64)

    def _refuse_date(self, index: int, cells: Row, at: int) -> NoReturn:
        raise RnntermError(
            f"{self._where(index, at)}: {cells[index][:_SHOWN]!r} is no date such as "
            f"{cells[0][:_SHOWN] if index else '1999-12-31'}"
        )


def _likely_column(header: Header, date: int | None) -> int:
    """The first that holds numbers; else the first that can be told apart, for an error there."""
    others = [at for at in header.numeric if at != date]
    others += [at for at in range(len(header.columns)) if at != date]
    return others[0] if others else 0
