"""What is missing in a series: found, told, and filled along straight lines where it is little."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.forecast.dates import Unit
from rnnterm.forecast.result import Doubles
from rnnterm.forecast.steps import common_step, span

MOST_MISSING = 0.2
"""The share of a series that may be filled; what has more missing is refused."""

_SPANS_TOLD = 4
_UNEVEN = 0.05  # of a step: more is no rounding


def rows_to_steps(
    places: Doubles, row_name: Callable[[int], str], unit: Unit
) -> tuple[npt.NDArray[np.int64], float]:
    """Which step each row is for, from 0 on, and how large a step is.

    Args:
        places: where the rows are, shape (n,).
        row_name: what to call a row in an error, such as `row 7 (1749-06)`.
        unit: what the places count.

    Raises:
        RnntermError: places that repeat, fall, or are not evenly spaced.
    """
    rises, otherwise = np.diff(places), "(--date-column none takes rows as equal steps)"
    if len(wrong := np.flatnonzero(rises <= 0)):
        row = int(wrong[0])
        first, second = row_name(row), row_name(row + 1)
        if rises[row] == 0:
            raise RnntermError(f"{first} and {second} have one date: keep one {otherwise}")
        raise RnntermError(f"{first} comes before {second}: sort the rows by date {otherwise}")
    step = common_step(places)
    jumps = rises / step
    whole = np.maximum(np.round(jumps), 1)
    if len(wrong := np.flatnonzero(np.abs(jumps - whole) > _UNEVEN)):
        row = int(wrong[0])
        raise RnntermError(
            f"dates are not evenly spaced: {row_name(row)} and {row_name(row + 1)} are "
            f"{span(float(rises[row]), unit)} apart, most rows {span(step, unit)} "
            f"{otherwise}"
        )
    return np.concatenate([[0], np.cumsum(whole)]).astype(np.int64), step


def on_all_steps(values: Doubles, steps: npt.NDArray[np.int64], name: str) -> Doubles:
    """The values with a NaN for each step that has no row; raises RnntermError for too many."""
    count = int(steps[-1]) + 1
    _refuse_many(count - len(values), count, name)
    whole = np.full(count, np.nan)
    whole[steps] = values
    return whole


def trim(values: Doubles) -> tuple[int, int]:
    """Where the values that are there begin and end."""
    there = np.flatnonzero(np.isfinite(values))
    return (int(there[0]), int(there[-1]) + 1) if len(there) else (0, 0)


def fill(values: Doubles, name: str, label: Callable[[int], str]) -> tuple[Doubles, str]:
    """The series without gaps, and what was done about them (empty: nothing).

    Args:
        values: shape (n,), NaN where one is missing, but not at either end.
        label: what to call a step.

    Raises:
        RnntermError: more is missing than can be made up.
    """
    missing = np.isnan(values)
    count = int(missing.sum())
    if not count:
        return values, ""
    _refuse_many(count, len(values), name)
    steps = np.arange(len(values))
    filled = values.copy()
    filled[missing] = np.interp(steps[missing], steps[~missing], values[~missing])
    told = f"{count:,} missing value{'s'[: count != 1]} filled along straight lines"
    return filled, f"{told}: {_spans(missing, label)}"


def _refuse_many(missing: int, count: int, name: str) -> None:
    if missing > MOST_MISSING * count:
        raise RnntermError(
            f"{name}: {missing:,} of {count:,} values are missing, and at most {MOST_MISSING:.0%} "
            "can be filled: choose another column, or a stretch with fewer gaps"
        )


def _spans(missing: npt.NDArray[np.bool_], label: Callable[[int], str]) -> str:
    """Where the gaps are, such as `1950-03, 1951-07 to 1951-09 and 3 more gaps`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(np.int8), [0]])))
    spans = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    told = [
        label(start) if end - start == 1 else f"{label(start)} to {label(end - 1)}"
        for start, end in spans[:_SPANS_TOLD]
    ]
    more = len(spans) - len(told)
    return ", ".join(told) + (f" and {more:,} more gap{'s'[: more != 1]}" if more else "")
