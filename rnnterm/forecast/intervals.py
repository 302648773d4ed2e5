"""Conformal intervals: as wide as the errors were where nothing was learnt.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): of n absolute errors on values that
the networks did not learn, the ⌈(n + 1) level⌉-th smallest holds the next error with the chance
`level`, whatever the errors' distribution, as long as that stays the same. Because it changes with
time, only the latest errors count, and each test value's interval is made of all errors up to it.
"""

import math

import numpy as np

from rnnterm.forecast.result import Doubles

LATEST = 500
"""Errors that count."""
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


def widths_by_lead(errors: Doubles, level: float) -> Doubles:
    """The half width for each lead time, from errors of recursive forecasts, shape (B, H) to (H,).

    A later forecast is never told more surely than an earlier one, and where too few errors of a
    lead time are known, the last width that is known goes on.
    """
    count, horizon = errors.shape
    known = np.isfinite(errors).sum(axis=0)
    ranks = np.ceil((known + 1) * level).astype(int)  # as `conformal_width` does for one
    enough = ranks <= known
    if not count or not horizon or not enough[0]:
        return np.full(horizon, math.inf)
    ordered = np.sort(errors, axis=0)  # NaN last
    widths = ordered[np.minimum(ranks, count) - 1, np.arange(horizon)]
    return np.maximum.accumulate(np.where(enough, widths, 0.0))


def rolling_coverage_by_lead(
    origins: np.ndarray[tuple[int], np.dtype[np.int64]],
    errors: Doubles,
    first: int,
    level: float,
) -> Doubles:
    """How often recursive forecasts stayed in their intervals, for each lead time, shape (H,).

    Each origin's intervals are made of the forecasts whose values had come by then.

    Args:
        origins: rising indices, shape (B,).
        errors: absolute, of the forecasts from each origin, shape (B, H); NaN beyond the end.
        first: the origins from this one on are judged.
    """
    horizon = errors.shape[1]
    inside, judged = np.zeros(horizon), np.zeros(horizon)
    leads = np.arange(horizon)
    for row in np.flatnonzero(origins >= first):
        come = origins[:row, np.newaxis] + leads < origins[row]
        widths = widths_by_lead(np.where(come, errors[:row], np.nan), level)
        known = np.isfinite(errors[row]) & np.isfinite(widths)
        judged += known
        inside += known & (errors[row] <= widths)
    with np.errstate(invalid="ignore"):
        coverage: Doubles = inside / judged
    return coverage
