"""From values to places on an axis: linear or logarithmic, with ticks at 1, 2 and 5."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rnnterm.plotting.series import Floats

_LARGEST = 8e307  # the difference of two such values is still a number
_SMALLEST_SPAN = 1e-9  # of the values: more digits make no readable label
_SMALLEST = 1e-300
_UNITS = ((12, "T"), (9, "G"), (6, "M"), (3, "k"))
_MANY_DECADES = 20.0  # ratio from which evenly spaced ticks crowd at the top of a log axis


class Tick(NamedTuple):
    """A marked value of an axis."""

    value: float
    label: str


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`, which differ; on a logarithmic one both are above zero."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, low: float, high: float, *, log: bool = False) -> "Scale":
        """A scale that shows these extremes: widened if they are (nearly) equal.

        NaN stands for no values: 0 to 1, or 1 to 10. Raises ValueError if they fall, or if a
        logarithmic scale would begin at or below zero.
        """
        if math.isnan(low) or math.isnan(high):
            return cls(1.0, 10.0, True) if log else cls(0.0, 1.0)
        if low > high or (log and low <= 0):
            raise ValueError(f"no axis goes from {low:g} to {high:g}")
        low, high = (min(max(bound, -_LARGEST), _LARGEST) for bound in (low, high))
        if log:
            low, high = max(low, _SMALLEST), max(high, _SMALLEST)
            if high / low < 1 + _SMALLEST_SPAN:
                low, high = max(low / 1.1, _SMALLEST), min(high * 1.1, _LARGEST)
            return cls(low, high, True)
        size = max(abs(low), abs(high))
        if high - low <= max(size * _SMALLEST_SPAN, _SMALLEST):
            pad = size * 0.1 if size > _SMALLEST else 1.0
            low, high = max(low - pad, -_LARGEST), min(high + pad, _LARGEST)
        return cls(low, high)

    def places(self, values: npt.ArrayLike) -> Floats:
        """Where values lie: 0 at `low`, 1 at `high`, below or above outside; NaN where nowhere."""
        given = np.clip(np.asarray(values, np.float64), -_LARGEST, _LARGEST)
        low, high = self.low, self.high
        with np.errstate(all="ignore"):
            if self.log:
                given = np.log10(np.where(given > 0, np.maximum(given, _SMALLEST), np.nan))
                low, high = math.log10(low), math.log10(high)
            places: Floats = (given - low) / (high - low)
        return places

    def value_at(self, place: float) -> float:
        """The value at a place between 0 and 1."""
        if self.log:
            return float(self.low ** (1 - place) * self.high**place)
        return self.low * (1 - place) + self.high * place

    def ticks(self, most: int, fits: Callable[[list[Tick]], bool]) -> list[Tick]:
        """The most 1-2-5 ticks, but at most `most`, that `fits` accepts; none if it takes none."""
        if most < 1:
            return []
        sets = self._log_sets(most) if self.log else _linear_sets(self.low, self.high, most)
        best: list[Tick] = []
        for ticks in sets:
            if len(best) < len(ticks) <= most and fits(ticks):
                best = ticks
        return best

    def _log_sets(self, most: int) -> Iterator[list[Tick]]:
        """1-2-5 in every decade, then ever fewer decades, then evenly spaced values."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        every: list[tuple[tuple[int, ...], int]] = [((1, 2, 5), 1)]
        every += [((1,), stride) for stride in (1, 2, 3, 5, 10, 20, 50, 100, 200)]
        for digits, stride in every:
            decades = range(first // stride * stride, last + 1, stride)
            if len(decades) > most + 2:
                continue
            ticks = [
                Tick(value, _label(digit, decade, value))
                for decade in decades
                for digit in digits
                if self.low <= (value := float(f"{digit}e{decade}")) <= self.high
            ]
            yield ticks
        if self.high / self.low < _MANY_DECADES:
            yield from _linear_sets(self.low, self.high, most)


def _linear_sets(low: float, high: float, most: int) -> Iterator[list[Tick]]:
    """Multiples of 1, 2 or 5 times a power of ten inside the range, ever fewer."""
    exponent = math.floor(math.log10((high - low) / most))
    while True:
        for digit in (1, 2, 5):
            step = float(f"{digit}e{exponent}")
            if (high - low) / step > most + 1:
                continue
            ticks = _multiples(low, high, digit, exponent)
            yield ticks
            if len(ticks) <= 1:
                return
        exponent += 1


def _multiples(low: float, high: float, digit: int, exponent: int) -> list[Tick]:
    step = float(f"{digit}e{exponent}")
    # From the decimal form, so that a tick is the number its label says. One more at each end: a
    # quotient of floats may miss the last multiple inside.
    numbers = range(math.ceil(low / step) - 1, math.floor(high / step) + 2)
    values = [(number * digit, float(f"{number * digit}e{exponent}")) for number in numbers]
    inside = [(number, value) for number, value in values if low <= value <= high]
    size = max((abs(value) for _, value in inside), default=0.0)
    return [Tick(value, _label(number, exponent, size)) for number, value in inside]


def _label(number: int, exponent: int, size: float) -> str:
    """The text of `number * 10**exponent` on an axis whose ticks reach `size`; all digits tell."""
    if number == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        digits = str(abs(number)).rstrip("0")
        power = len(str(abs(number))) - 1 + exponent
        fraction = f".{digits[1:]}" if digits[1:] else ""
        return f"{'-' if number < 0 else ''}{digits[0]}{fraction}e{power}"
    magnitude = len(str(abs(number))) - 1 + exponent
    for unit, suffix in _UNITS if size >= 1e4 else ():
        if magnitude >= unit:
            return _decimal(number, exponent - unit, strip=True) + suffix
    return _decimal(number, exponent, strip=size >= 1e4)


def _decimal(number: int, exponent: int, *, strip: bool) -> str:
    """`number * 10**exponent` written out, exactly."""
    if exponent >= 0:
        return str(number * 10**exponent)
    digits = str(abs(number)).rjust(1 - exponent, "0")
    whole, fraction = digits[:exponent], digits[exponent:]
    if strip:
        fraction = fraction.rstrip("0")
    return ("-" if number < 0 else "") + whole + (f".{fraction}" if fraction else "")
