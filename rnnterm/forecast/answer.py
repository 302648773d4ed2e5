"""All that a trained forecaster has to say about a series."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.forecast.baselines import Baseline, baselines, last_value
from rnnterm.forecast.calibration import calibration_origins, errors_by_lead, some_origins
from rnnterm.forecast.forecaster import Forecaster
from rnnterm.forecast.intervals import (
    LATEST,
    Places,
    adaptive_widths_by_lead,
    conformal_width,
    coverage_by_lead,
    rolling_widths,
)
from rnnterm.forecast.measures import measure
from rnnterm.forecast.modelfile import forecaster_bytes
from rnnterm.forecast.result import Doubles, Fault, ForecastResult, Row
from rnnterm.nn.network import RunawayError

_FARTHEST = 1e15  # scaled values, of which products are still numbers of 32 bits
_SAME = 0.0005
"""The share of an error below which another is the same."""


@dataclass(frozen=True)
class Findings:
    """What training found out beside the networks; nothing where a forecaster forecasts again."""

    faults: Sequence[Fault] = ()
    published: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def forecast_again(
    forecaster: Forecaster, series: str, values: Doubles, horizon: int | None = None
) -> ForecastResult:
    """What a forecaster, perhaps read from a file, says about a series in its own units.

    Where the series begins with the very values that it was trained on, all after them are the
    test part; otherwise all are that a window stands before.

    Raises RnntermError where the series is too short.
    """
    if horizon is not None:
        plan = forecaster.plan.with_values({"horizon": horizon})
        forecaster = replace(forecaster, plan=plan)
    window = forecaster.plan.window
    if len(values) <= window:
        raise RnntermError(
            f"the series has {len(values):,} values, this forecaster reads {window:,} before it "
            "can forecast one"
        )
    if not np.isfinite(values).all():
        raise RnntermError("the series holds NaN or infinity: fill or leave out such values")
    split = forecaster.training.split
    known = split <= len(values) and series_digest(values[:split]) == forecaster.training.sha256
    reach = float(np.abs(forecaster.scaler.scale(values)).max())
    if not reach < _FARTHEST:
        raise RnntermError(
            f"the series reaches values {reach:.0e} times as large as those that this forecaster "
            "learnt: train one on this series"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        result = answer(forecaster, series, values, split if known else 0)
    if not np.isfinite([*result.one_step[window:], *result.beyond]).all():
        raise RunawayError
    return result


def series_digest(values: Doubles) -> str:
    """SHA-256 over a series' values."""
    return hashlib.sha256(np.ascontiguousarray(values, "<f8").tobytes()).hexdigest()


def answer(
    forecaster: Forecaster,
    series: str,
    values: Doubles,
    split: int,
    *,
    findings: Findings | None = None,
    period: int | None = None,
    on_work: Callable[[str, float], None] = lambda doing, share: None,
) -> ForecastResult:
    """Forecasts, intervals and figures for a series whose first `split` values were for training.

    Args:
        split: 0 where none were.
        period: values in a season, for the seasonal baseline; None to find it.
        on_work: hears what is being computed, and now and then how much of it is done, 0 to 1.
    """
    findings = findings or Findings()
    plan, scaler = forecaster.plan, forecaster.scaler
    scaled = scaler.scale(values)
    one_step = forecaster.one_step(scaled, on_share=lambda share: on_work("one step ahead", share))
    on_work("intervals", 0.0)
    low, high = _one_step_bounds(forecaster, scaled, one_step, split)
    told = scaler.unscale(one_step, mean=True)
    beyond, beyond_low, beyond_high, by_lead = _beyond(forecaster, scaled, one_step, split)
    on_work("baselines", 0.0)
    rows = _rows(forecaster, told, values, split, period)
    inside = (low <= values) & (values <= high)
    tested = np.isfinite(low)
    return ForecastResult(
        series=series,
        plan=plan,
        split=split,
        one_step=told,
        one_step_low=low,
        one_step_high=high,
        beyond=beyond,
        beyond_low=beyond_low,
        beyond_high=beyond_high,
        coverage=float(inside[tested].mean()) if tested.any() else float("nan"),
        coverage_by_lead=by_lead,
        rows=rows,
        beats={row.name: bool(rows[0].test.rmse < row.test.rmse) for row in rows[1:]},
        verdict=verdict(rows),
        faults=tuple(findings.faults),
        published=dict(findings.published),
        epochs=forecaster.training.epochs,
        parameters=forecaster.spec.parameter_count,
        seconds=findings.seconds,
        model=forecaster_bytes(forecaster),
    )


def verdict(rows: Sequence[Row]) -> str:
    """In a sentence, whether the network of the first row was worth it on the test part."""
    network, others = rows[0], [row for row in rows[1:] if row.test.count]
    if not others or not network.test.count:
        return "There is no test part to judge the network by."
    best = min(others, key=lambda row: row.test.rmse)
    beaten = [row.name for row in others if row.test.rmse <= network.test.rmse]
    if not beaten:
        below = 1 - network.test.rmse / best.test.rmse  # which is lower, and not below zero
        return (
            f"The network beats every baseline: its test RMSE is {below:.1%} below that of the "
            f"best, {best.name}."
        )
    lower = 1 - best.test.rmse / network.test.rmse if network.test.rmse else 0.0
    which = (
        f"whose test RMSE is {lower:.1%} lower"
        if lower >= _SAME
        else "which is as good and far simpler"
    )
    if len(beaten) == len(others):
        return f"The network beats no baseline: take {best.name}, {which}."
    return f"The network does not beat {_listed(beaten)}: take {best.name}, {which}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _one_step_bounds(
    forecaster: Forecaster, scaled: Doubles, one_step: Doubles, split: int
) -> tuple[Doubles, Doubles]:
    """The intervals of the test part's forecasts, in the series' units; NaN elsewhere."""
    low, high = np.full(len(scaled), np.nan), np.full(len(scaled), np.nan)
    first = max(split, forecaster.plan.window)
    wrong = np.abs(one_step[first:] - scaled[first:])
    widths = rolling_widths(forecaster.errors, wrong, forecaster.plan.level)
    widths = np.where(np.isfinite(widths), widths, np.nan)
    low[first:] = forecaster.scaler.unscale(one_step[first:] - widths)
    high[first:] = forecaster.scaler.unscale(one_step[first:] + widths)
    return low, high


def _beyond(
    forecaster: Forecaster, scaled: Doubles, one_step: Doubles, split: int
) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Forecast, lower and upper bound beyond the end, and the test part's coverage by lead time."""
    plan, scaler = forecaster.plan, forecaster.scaler
    origins = some_origins(max(split, plan.window), len(scaled))
    tested = errors_by_lead(forecaster, scaled, origins)
    before = _of_horizon(forecaster.errors_by_lead, plan.horizon)
    errors = np.concatenate([before, tested])
    places = np.concatenate([_places_before(forecaster, before, split), origins])
    widths = adaptive_widths_by_lead(places, errors, len(scaled), plan.level)
    by_lead = coverage_by_lead(widths[len(before) : -1], tested)
    widths = widths[-1]
    first = max(split, plan.window)
    latest = np.concatenate([forecaster.errors, np.abs(one_step[first:] - scaled[first:])])
    widths = np.maximum(widths, conformal_width(latest[-LATEST:], plan.level))
    widths = np.where(np.isfinite(widths), widths, np.nan)
    beyond = forecaster.recursive(scaled, np.array([len(scaled)]), plan.horizon)[0]
    return (
        scaler.unscale(beyond, mean=True),
        scaler.unscale(beyond - widths),
        scaler.unscale(beyond + widths),
        by_lead,
    )


def _places_before(forecaster: Forecaster, errors: Doubles, split: int) -> Places:
    """Where the calibration's recursive forecasts began, on the axis of the series: before `split`.

    Of another series than the learnt one, all of them lie before its first value.
    """
    places = calibration_origins(forecaster) + split - forecaster.training.split
    if len(places) != len(errors):
        return np.full(len(errors), -errors.shape[1], np.int64)
    return places.astype(np.int64)


def _of_horizon(errors: Doubles, horizon: int) -> Doubles:
    """Errors by lead for another horizon, (B, H) to (B, horizon)."""
    told = np.full((len(errors), horizon), np.nan)
    leads = min(horizon, errors.shape[1])
    told[:, :leads] = errors[:, :leads]
    return told


def _rows(
    forecaster: Forecaster, told: Doubles, values: Doubles, split: int, period: int | None
) -> tuple[Row, ...]:
    """The network, then every baseline that the series allows, on the values that all forecast."""
    window = forecaster.plan.window
    others = (
        baselines(values, split, window, period)
        if split
        else (Baseline("last value", last_value(values)),)
    )
    predictions = {forecaster.plan.describe(): told} | {one.name: one.predictions for one in others}
    by_all = np.isfinite(list(predictions.values())).all(axis=0)
    return tuple(
        measure(name, np.where(by_all, each, np.nan), values, split)
        for name, each in predictions.items()
    )
