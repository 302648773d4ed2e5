"""What a forecaster's errors were on values that it did not learn, for its intervals."""

from dataclasses import replace

import numpy as np

from rnnterm.forecast.forecaster import Forecaster, Indices
from rnnterm.forecast.result import Doubles

_ORIGINS = 200
_LEARNT_SHARE = 0.2  # of the training part, where nothing of it was kept aside


def calibrated(forecaster: Forecaster, values: Doubles) -> Forecaster:
    """The forecaster with the errors of its validation part; `values` are those it was trained on.

    Without a validation part, the errors are those on the end of what it learnt, which are smaller
    than others will be.
    """
    scaled = forecaster.scaler.scale(values[: forecaster.training.split])
    start = _start(forecaster)
    wrong = forecaster.one_step(scaled, start)[start:] - scaled[start:]
    origins = calibration_origins(forecaster)
    by_lead = errors_by_lead(forecaster, scaled, origins)
    return replace(
        forecaster,
        scaler=forecaster.scaler.lifted_by(wrong),
        errors=np.abs(wrong),
        errors_by_lead=by_lead,
    )


def calibration_origins(forecaster: Forecaster) -> Indices:
    """Where the recursive forecasts of `errors_by_lead` begin, in the training part."""
    return some_origins(_start(forecaster), forecaster.training.split)


def _start(forecaster: Forecaster) -> int:
    """The first value of the training part that calibrates."""
    split, fitted = forecaster.training.split, forecaster.training.fitted
    start = fitted if fitted < split else split - max(1, int(_LEARNT_SHARE * split))
    return max(start, forecaster.plan.window)


def some_origins(first: int, end: int) -> Indices:
    """Where recursive forecasts begin: up to 200 indices, evenly from `first` to before `end`."""
    count = min(_ORIGINS, max(0, end - first))
    return np.unique(np.linspace(first, end - 1, count).round().astype(np.int64))


def errors_by_lead(forecaster: Forecaster, scaled: Doubles, origins: Indices) -> Doubles:
    """Absolute errors of the recursive forecasts from each origin, (B, H); NaN beyond the end.

    The last origin that is judged at a lead time is the last one whose value has come.
    """
    horizon = forecaster.plan.horizon
    leads = min(horizon, len(scaled) - int(origins[0])) if len(origins) else 0
    told = np.full((len(origins), horizon), np.nan)
    if not leads:
        return told
    forecasts = forecaster.recursive(scaled, origins, leads)
    index = origins[:, np.newaxis] + np.arange(leads)
    there = index < len(scaled)
    wrong = np.abs(forecasts - scaled[np.minimum(index, len(scaled) - 1)])
    told[:, :leads] = np.where(there, wrong, np.nan)
    return told
