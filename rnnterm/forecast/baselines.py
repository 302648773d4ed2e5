"""What a network must beat: one-step predictions that need no network.

Each takes a series of n values, the first `split` of which train, and returns n predictions, each
beside the value that it is for and made of earlier values alone; NaN where there are too few.
"""

from dataclasses import dataclass

import numpy as np

from rnnterm.forecast.result import Doubles

_MOST_ROWS = 200_000  # of a least-squares fit: more change nothing that can be seen
_LEAST_AUTOCORRELATION = 0.1  # below which a period is no more than chance
_PERIODS_SEEN = 2.0  # that the training part must hold, for a period to be found in it


@dataclass(frozen=True, eq=False)
class Baseline:
    """One baseline's predictions.

    Attributes:
        name: short, such as `last value` or `AR(12)`.
        predictions: shape (n,), beside the values that they are for; NaN where there is none.
    """

    name: str
    predictions: Doubles


def baselines(
    values: Doubles, split: int, window: int, period: int | None = None
) -> tuple[Baseline, ...]:
    """All baselines that the training part is long enough for.

    Args:
        values: shape (n,), finite.
        split: how many of the values train.
        window: how many values the network sees, which an autoregression then sees too.
        period: steps of the season; found in the training part where it is None.
    """
    told = [Baseline("last value", last_value(values)), Baseline("mean", mean(values, split))]
    season = find_period(values[:split]) if period is None else period
    if season is not None and season < split:
        told.insert(1, Baseline(f"seasonal {season}", seasonal_naive(values, season)))
    for order in dict.fromkeys((12, window)):
        if split >= 3 * order + 2:  # more equations than twice the unknowns
            told.append(Baseline(f"AR({order})", autoregression(values, split, order)))
    return tuple(told)


def last_value(values: Doubles) -> Doubles:
    """Tomorrow is as today."""
    return seasonal_naive(values, 1)


def seasonal_naive(values: Doubles, period: int) -> Doubles:
    """Each value is as the one a period before."""
    predictions = np.full(len(values), np.nan)
    predictions[period:] = values[:-period]
    return predictions


def mean(values: Doubles, split: int) -> Doubles:
    """The mean of the training part, always."""
    return np.full(len(values), values[:split].mean())


def autoregression(values: Doubles, split: int, order: int) -> Doubles:
    """A weighted sum of the last `order` values and a constant, by least squares.

    Fitted on the training part (of a very long one, its end). Where several fits are as good, the
    one with the smallest weights is taken.
    """
    center, size = _center_and_size(values[:split])
    scaled = (values - center) / size
    windows = np.lib.stride_tricks.sliding_window_view(scaled, order)[:-1]  # one ends at each value
    first = max(0, split - order - _MOST_ROWS)
    known = windows[first : split - order]
    rows = np.column_stack([known, np.ones(len(known))])
    fitted, *_ = np.linalg.lstsq(rows, scaled[order + first : split], rcond=None)
    predictions = np.full(len(values), np.nan)
    weights, constant = fitted[:-1], fitted[-1]
    predictions[order:] = np.convolve(scaled, weights[::-1], "valid")[:-1] + constant
    return predictions * size + center


def find_period(values: Doubles) -> int | None:
    """The steps of the strongest season: where the series resembles itself most, shifted.

    The highest autocorrelation (about a straight line, biased towards short shifts) beyond the
    first shift at which it falls to zero. None where there is hardly any, or where fewer than two
    periods are seen.
    """
    values = values[-(1 << 20) :]
    if len(values) < 8:
        return None
    correlation = _autocorrelation(values)
    correlation = correlation[: int(len(values) / _PERIODS_SEEN) + 1]
    below = np.flatnonzero(correlation <= 0)
    if not len(below):
        return None
    start = int(below[0])
    period = start + int(np.argmax(correlation[start:]))
    return period if correlation[period] > _LEAST_AUTOCORRELATION else None


def _autocorrelation(values: Doubles) -> Doubles:
    """Of the shifts 0, 1, 2, …, about the straight line through the values; 1 at shift 0."""
    center, size = _center_and_size(values)
    scaled = (values - center) / size
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    rest = scaled - steps * float(steps @ scaled) / float(steps @ steps)
    padded = 1 << (2 * len(values) - 1).bit_length()  # so that the end does not meet the beginning
    power = np.abs(np.fft.rfft(rest, padded)) ** 2
    correlation: Doubles = np.fft.irfft(power, padded)[: len(values)]
    return correlation / correlation[0] if correlation[0] > 0 else np.zeros(len(values))


def _center_and_size(values: Doubles) -> tuple[float, float]:
    """Mean and standard deviation, or 1 where all values are equal."""
    size = float(np.abs(values).max()) or 1.0
    center, spread = float((values / size).mean()), float((values / size).std())
    return center * size, (spread * size) or 1.0
