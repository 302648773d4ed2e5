"""Dates as people write them in tables, to ticks of one unit."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

Unit = Literal["year", "month", "day", "weekday", "millisecond", "number"]
Moments = npt.NDArray[np.datetime64]

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_FEW = 1000  # cells, which may be checked one by one
_STARTS = re.compile(r"\d{4}", re.ASCII)
_NAMES = frozenset("date datetime day ds month period quarter time timestamp week year".split())


class BadDateError(ValueError):
    """A cell that is no date of its column's form; `index` says which of those given."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass(frozen=True)
class DateForm:
    """One way to write dates.

    Attributes:
        unit: how fine the dates are that are written so.
        iso: from a match to what ISO 8601 writes; None where that is what was written.
    """

    unit: Unit
    pattern: re.Pattern[str]
    iso: Callable[[re.Match[str]], str] | None = None

    def parse(self, cells: Sequence[str]) -> Moments:
        """Dates from text, of milliseconds; raises BadDateError at the first that is none."""
        match = self.pattern.fullmatch
        try:
            if self.iso is None and len(cells) > _FEW and all(map(_STARTS.match, cells)):
                return np.array(cells, "datetime64[ms]")  # numpy knows these forms, and is quick
            written = [self._written(match(cell)) for cell in cells]
            return np.array(written, "datetime64[ms]")
        except ValueError:
            if len(cells) == 1:
                raise BadDateError(0) from None
        # One that is written well need not exist, such as the 30th of February: look for it.
        for index, cell in enumerate(cells):
            try:
                self.parse([cell])
            except BadDateError:
                raise BadDateError(index) from None
        raise BadDateError(0)

    def _written(self, found: re.Match[str] | None) -> str:
        if found is None:
            raise ValueError
        return found[0] if self.iso is None else self.iso(found)


def names_dates(name: str) -> bool:
    """Whether a column of that name holds dates, as far as one can tell from a name."""
    return name.strip().casefold() in _NAMES


def date_form(cells: Sequence[str], *, named: bool) -> DateForm | None:
    """The form of a column of dates; None if it has none.

    Args:
        cells: the first of the column, none empty. Where they say `3/4/2020` and `25/4/2020`, it
            is the latter that tells days from months.
        named: whether the column is said to be one of dates; only then is 1749 a year.
    """
    forms = (*_FORMS, *_DIGITS) if named else _FORMS
    return next((form for form in forms if _reads(form, cells)), None)


def is_ambiguous(cells: Sequence[str]) -> bool:
    """Whether days and months cannot be told apart in dates such as 3/4/2020."""
    return all(_reads(form, cells) for form in _SLASHED)


def _reads(form: DateForm, cells: Sequence[str]) -> bool:
    try:
        form.parse(cells)
    except BadDateError:
        return False
    return True


def _utc(found: re.Match[str]) -> str:
    moment = datetime.fromisoformat(found[0]).astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _quarter(found: re.Match[str]) -> str:
    return f"{found['y']}-{int(found['q']) * 3 - 2:02}"


def _month_name(found: re.Match[str]) -> str:
    return f"{found['y']}-{_MONTHS.index(found['m'].lower()) + 1:02}"


def _padded(found: re.Match[str]) -> str:
    parts = found.groupdict()
    day = f"-{int(parts['d']):02}" if "d" in parts else ""
    return f"{parts['y']}-{int(parts['m']):02}{day}"


def _form(unit: Unit, pattern: str, iso: Callable[[re.Match[str]], str] | None = None) -> DateForm:
    return DateForm(unit, re.compile(pattern, re.IGNORECASE | re.ASCII), iso)


_CLOCK = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
_NAME = f"(?P<m>{'|'.join(_MONTHS)})[a-z]*"
_SLASHED = (
    _form("day", r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})", _padded),
    _form("day", r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})", _padded),
)
_FORMS = (
    _form("month", r"\d{4}-\d\d"),
    _form("day", r"\d{4}-\d\d-\d\d"),
    _form("millisecond", _CLOCK),
    _form("millisecond", _CLOCK + r"(Z|[+-]\d\d:?\d\d)", _utc),
    _form("month", r"(?P<y>\d{4})[/-](?P<m>\d{1,2})", _padded),
    _form("day", r"(?P<y>\d{4})[/.-](?P<m>\d{1,2})[/.-](?P<d>\d{1,2})", _padded),
    _form("day", r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})", _padded),
    *_SLASHED,
    _form("month", r"(?P<y>\d{4})[ -]?Q(?P<q>[1-4])", _quarter),
    _form("month", rf"{_NAME}[ -](?P<y>\d{{4}})", _month_name),
    _form("month", rf"(?P<y>\d{{4}})[ -]{_NAME}", _month_name),
)
_DIGITS = (
    _form("year", r"\d{4}"),
    _form("month", r"(?P<y>\d{4})(?P<m>\d\d)", _padded),
    _form("day", r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)", _padded),
)
