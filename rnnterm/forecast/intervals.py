"""Conformal intervals: as wide as the errors were where nothing was learnt.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): of n absolute errors on values that
the networks did not learn, the ⌈(n + 1) level⌉-th smallest holds the next error with the chance
`level`, whatever the errors' distribution, as long as that stays the same. Because it changes with
time, only the latest errors count, and each test value's interval is made of all errors up to it.
"""

import math

import numpy as np
import numpy.typing as npt

from rnnterm.forecast.result import Doubles

Places = npt.NDArray[np.int64]
LATEST = 500
"""Errors that count."""
_RATE = 0.02
"""How fast the share that is left out follows; of 0.005 to 0.1 the best on the training parts."""
_MOST_INTERVALS = 5000  # that are computed apart; of a longer test part, neighbours share one


def conformal_width(errors: Doubles, level: float) -> float:
    """The half width of an interval after these absolute errors, NaN left out.

    Infinite where there are too few of them for the level.
    """
    known = errors[np.isfinite(errors)]
    rank = math.ceil((len(known) + 1) * level)
    if rank > len(known):
        return math.inf
    return float(np.partition(known, rank - 1)[rank - 1])


def rolling_widths(before: Doubles, errors: Doubles, level: float) -> Doubles:
    """The half width for each of n values, from the errors before it alone, shape (n,).

    Args:
        before: absolute errors before the first value, oldest first.
        errors: absolute errors of the n values, each known once its value has come.
    """
    before = before[np.isfinite(before)]
    known = np.concatenate([before, errors])
    widths = np.empty(len(errors))
    step = max(1, math.ceil(len(errors) / _MOST_INTERVALS))
    for at in range(0, len(errors), step):
        seen = len(before) + at
        widths[at : at + step] = conformal_width(known[max(0, seen - LATEST) : seen], level)
    return widths


def widths_by_lead(errors: Doubles, level: float, left_out: Doubles | None = None) -> Doubles:
    """The half width for each lead time, from errors of recursive forecasts, shape (B, H) to (H,).

    A later forecast is never told more surely than an earlier one, and where too few errors of a
    lead time are known, the last width that is known goes on.

    Args:
        left_out: the share of errors to leave out at each lead time, shape (H,); 1 - `level` where
            it is None. Where it is below zero, all that are known are held.
    """
    count, horizon = errors.shape
    known = np.isfinite(errors).sum(axis=0)
    enough = np.ceil((known + 1) * level) <= known  # as `conformal_width` does for one
    if not count or not horizon or not enough[0]:
        return np.full(horizon, math.inf)
    shares = np.full(horizon, level) if left_out is None else np.clip(1 - left_out, 0, 1)
    ranks = np.clip(np.ceil((known + 1) * shares).astype(int), 1, np.maximum(known, 1))
    ordered = np.sort(errors, axis=0)  # NaN last
    widths = ordered[ranks - 1, np.arange(horizon)]
    return np.maximum.accumulate(np.where(enough, widths, 0.0))


def adaptive_widths_by_lead(origins: Places, errors: Doubles, end: int, level: float) -> Doubles:
    """The half widths of the recursive forecasts from each origin, and, last, of those from `end`.

    Each is made of the values that had come by then alone: from their errors, and from how many of
    their intervals held.

    Args:
        origins: rising indices, shape (B,).
        errors: absolute, of the forecasts from each origin, shape (B, H); NaN where there are none.
        end: the index behind the last value.

    Returns shape (B + 1, H).
    """
    count, horizon = errors.shape
    leads, there = np.arange(horizon), np.isfinite(errors)
    left_out = np.full(horizon, 1 - level)
    judged = np.zeros((count, horizon), bool)
    widths = np.full((count + 1, horizon), math.inf)
    for row, now in enumerate(np.append(origins, end)):
        come = there[:row] & (origins[:row, np.newaxis] + leads < now)
        new = come & ~judged[:row] & np.isfinite(widths[:row])
        missed = errors[:row] > widths[:row]
        left_out += _RATE * (new * ((1 - level) - missed)).sum(axis=0)
        judged[:row] |= come
        widths[row] = widths_by_lead(np.where(come, errors[:row], np.nan), level, left_out)
    return widths


def coverage_by_lead(widths: Doubles, errors: Doubles) -> Doubles:
    """How often recursive forecasts stayed in their intervals, for each lead time, shape (H,).

    Both have shape (B, H); NaN errors, and infinite widths, are not judged.
    """
    known = np.isfinite(errors) & np.isfinite(widths)
    with np.errstate(invalid="ignore"):
        coverage: Doubles = (known & (errors <= widths)).sum(axis=0) / known.sum(axis=0)
    return coverage
