"""The time axis of a series: equal steps from a first moment on."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnterm.forecast.dates import Moments, Unit
from rnnterm.forecast.result import Doubles

_CODES = {"year": "Y", "month": "M", "day": "D", "weekday": "D", "millisecond": "ms"}
_MONDAY = np.datetime64("1970-01-05", "D")  # weekdays are counted from here
_YEARS = {"year": 1.0, "month": 12.0, "day": 365.2425, "weekday": 260.89, "millisecond": 3.1557e10}
_LENGTHS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"))
_NO_STEP = 1e-6  # steps that a place may be off
_A_DATE = re.compile(r"-?\d", re.ASCII)
_YEARS_TOLD = 3.0  # a shorter axis counts steps


@dataclass(frozen=True)
class Steps:
    """Equal steps of time, or of nothing but their number.

    Attributes:
        unit: what `first` and `size` count; moments count from 1970, weekdays from a Monday then.
        first: where the first value is.
        size: from each value to the next.
    """

    unit: Unit = "number"
    first: float = 0
    size: float = 1

    @property
    def are_dated(self) -> bool:
        """Whether each has a date."""
        return self.unit != "number"

    @property
    def named(self) -> str:
        """Such as `months`, `steps of 15 minutes` or `weekdays`, in the plural."""
        length = span(self.size, self.unit)
        if self.unit == "number":
            return "steps" if self.size == 1 else f"steps of {self.size:g}"
        return f"{length[2:]}s" if length.startswith("1 ") else f"steps of {length}"

    def label(self, index: int) -> str:
        """The date of the value at `index`, which may lie beyond the end; else its number."""
        place = self.first + self.size * index
        if self.unit == "number":
            return f"{place:.12g}"
        written = str(_moment(self.unit, int(place)))
        return written.removesuffix(".000") if self.unit == "millisecond" else written

    def index(self, written: str) -> int | None:
        """The index of the value that `label` would call so, which may lie beyond the end.

        Of a date the end may be left out. None for what is no date or number, or is on no step.
        """
        try:
            at = (self._placed(written.strip()) - self.first) / self.size
            nearest = round(at)
        except (ValueError, OverflowError):
            return None
        return nearest if nearest >= 0 and abs(at - nearest) < _NO_STEP else None

    def _placed(self, written: str) -> float:
        if self.unit == "number":
            return float(written)
        if not _A_DATE.match(written):  # numpy knows `now` and more
            raise ValueError
        moment: Any = np.array(written, f"datetime64[{_CODES[self.unit]}]")[()]
        if self.unit == "weekday":
            return float(np.busday_count(_MONDAY, moment))
        return float(moment.astype(np.int64))

    def axis(self, count: int) -> tuple[Doubles, str]:
        """Where `count` values stand on an axis that people read, and what it counts.

        Years where there are several, else the numbers of the steps.
        """
        steps = np.arange(count, dtype=np.float64)
        if self.unit == "number":
            return self.first + self.size * steps, ""
        years = self.size / _YEARS[self.unit]
        if years * count < _YEARS_TOLD:
            return steps, self.named
        start = _moment(self.unit, int(self.first)).astype("datetime64[D]")
        begun = start.astype("datetime64[Y]")
        into = (start - begun.astype("datetime64[D]")).astype(int) / 365.2425
        return 1970 + begun.astype(int) + into + years * steps, "year"


def span(size: float, unit: Unit) -> str:
    """A stretch of time in words: `1 month`, `15 minutes`, `1 week`."""
    name, count = str(unit), size
    if unit == "millisecond":
        length, name = next((each for each in _LENGTHS if size % each[0] == 0), (1, name))
        count = size / length
    elif unit == "month" and size % 12 == 0:
        name, count = "year", size / 12
    elif unit == "month" and size == 3:
        name, count = "quarter", 1
    elif unit == "day" and size % 7 == 0:
        name, count = "week", size / 7
    elif unit == "number":
        name = "step"
    return f"{count:g} {name}{'s'[: count != 1]}"


def _moment(unit: Unit, place: int) -> Any:
    if unit == "weekday":
        return np.busday_offset(_MONDAY, place)
    return np.array(place).astype(f"datetime64[{_CODES[unit]}]")[()]


def counted(moments: Moments | Doubles, unit: Unit) -> tuple[Unit, Doubles]:
    """Moments as counts of the coarsest unit that tells them all apart, and that unit."""
    if unit == "number":
        return unit, moments.astype(np.float64)
    if unit == "day":
        days = moments.astype("datetime64[D]")
        if _are_on_one_day_of_months(days):
            unit = "month"
        elif len(days) > 5 and bool(np.is_busday(days).all()):
            begin = np.full(len(days), _MONDAY)
            weekdays = np.busday_count(begin, days).astype(np.float64)
            if _most_common(np.diff(weekdays)) == 1:
                return "weekday", weekdays
    return unit, moments.astype(f"datetime64[{_CODES[unit]}]").astype(np.float64)


def _are_on_one_day_of_months(days: Any) -> bool:
    """Whether all are, say, the 15th of a month, or all the last day of one."""
    if len(days) < 3:
        return False
    for shift in (0, 1):
        shifted = days + np.timedelta64(shift, "D")
        within = shifted - shifted.astype("datetime64[M]").astype("datetime64[D]")
        if (within == within[0]).all() and (shift == 0 or within[0] == np.timedelta64(0, "D")):
            return True
    return False


def common_step(places: Doubles) -> float:
    """The most common difference of rising places."""
    return _most_common(np.diff(places))


def _most_common(differences: Doubles) -> float:
    sizes, counts = np.unique(np.round(differences, 9), return_counts=True)
    return float(sizes[np.argmax(counts)]) if len(sizes) else 1.0
