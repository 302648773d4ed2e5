"""The faults of published recipes, each measured in the run at hand.

A fault is found by what a plan does, not by its name: any plan that does it has it.
"""

import math

import numpy as np

from rnnterm.forecast.baselines import last_value
from rnnterm.forecast.forecaster import Forecaster
from rnnterm.forecast.measures import measure
from rnnterm.forecast.result import Doubles, Fault

_Pairs = tuple[Doubles, Doubles]
"""Forecasts and what they were held against, both in the scale of learning."""


def published_figures(forecaster: Forecaster, values: Doubles) -> dict[str, float]:
    """RMSE of both parts as the recipe itself measures it, in the scale of learning.

    Each part is forecast from its own values alone, at the recipe's own steps. `copying_test` is
    the error of the last value on the same steps. Empty for a plan that is no tutorial's.
    """
    if not is_published(forecaster):
        return {}
    split = forecaster.training.split
    scaled = forecaster.scaler.scale(values)
    parts = {"train": scaled[:split], "test": scaled[split:]}
    told = {}
    for name, part in parts.items():
        if len(part) > forecaster.plan.window:
            forecasts, targets = _as_published(forecaster, part)
            told[f"{name}_rmse"] = _rmse(forecasts - targets)
            told[f"{name}_count"] = float(len(targets))
            copied = _last_values(forecaster, part)
            told[f"copying_{name}"] = _rmse(copied - targets)
    return told


def is_published(forecaster: Forecaster) -> bool:
    """Whether the plan is one of the classics', or does as they do."""
    plan = forecaster.plan
    return plan.as_features or plan.pad_targets or not plan.overlapping or plan.scaling == "all"


def measured_faults(
    forecaster: Forecaster, values: Doubles, recurrent_gradient: float
) -> tuple[Fault, ...]:
    """Every fault that the plan has, with its figure.

    Args:
        values: the series in its own units.
        recurrent_gradient: see `rnnterm.training.forecasttrainer.Trained`.
    """
    if not is_published(forecaster):
        return ()
    plan, told = forecaster.plan, []
    if plan.as_features:
        told.append(_no_recurrence(forecaster, recurrent_gradient))
    if plan.scaling == "all":
        told.append(_leak(forecaster, values))
    if plan.pad_targets:
        told += [_padding(forecaster, values), _shift(forecaster, values)]
    if not plan.overlapping:
        told.append(_few_windows(forecaster, values))
    told += [*_copying(forecaster, values), _chosen_blindly(forecaster)]
    return tuple(told)


def _no_recurrence(forecaster: Forecaster, gradient: float) -> Fault:
    window = forecaster.plan.window
    count = forecaster.networks[0]["rnn.0.weight_hh"].size
    return Fault(
        "one time step",
        f"The {window} values enter as features of one single time step, so nothing recurs: the "
        f"largest gradient that any of the {count:,} recurrent weights ever had is {gradient:g}.",
        gradient,
    )


def _leak(forecaster: Forecaster, values: Doubles) -> Fault:
    split = forecaster.training.split
    low, high = values[:split].min(), values[:split].max()
    outside = np.mean((values[split:] < low) | (values[split:] > high))
    beyond = float(max(values[split:].max() - high, low - values[split:].min(), 0.0))
    harm = (
        f"so it knew of values {beyond:,.4g} beyond any in the training part ({outside:.1%} of the "
        "test values lie out there)"
        if beyond
        else "which here did no harm: no test value lies outside the training part's range"
    )
    return Fault("leaking scaler", f"The scaler was fitted to the test part too, {harm}.", beyond)


def _padding(forecaster: Forecaster, values: Doubles) -> Fault:
    split, window = forecaster.training.split, forecaster.plan.window
    scaled = forecaster.scaler.scale(values)
    forecasts, targets = _as_published(forecaster, scaled[split:])
    padded, honest = _rmse(forecasts - targets), _rmse((forecasts - targets)[:-window])
    return Fault(
        "padded targets",
        f"{window} of the {split:,} targets it learnt, and {window} of the {len(targets):,} it was "
        f"tested on, are copies of the last value that never happened: they move the test RMSE "
        f"from {honest:.4g} to {padded:.4g}.",
        padded - honest,
    )


def _shift(forecaster: Forecaster, values: Doubles) -> Fault:
    window, split = forecaster.plan.window, forecaster.training.split
    told = forecaster.scaler.unscale(forecaster.one_step(forecaster.scaler.scale(values)))
    aligned = _rmse(told[split:] - values[split:])
    early = np.append(told[window:], np.full(window, np.nan))
    as_plotted = _rmse(early[split:] - values[split:])
    return Fault(
        "shifted plot",
        f"The published plot shows each forecast {window} steps before the value that it is for; "
        f"held against what stands there, the test RMSE would be {as_plotted:.4g}, not "
        f"{aligned:.4g}.",
        as_plotted,
    )


def _few_windows(forecaster: Forecaster, values: Doubles) -> Fault:
    window, split = forecaster.plan.window, forecaster.training.split
    used, there = len(range(window, split, window)), split - window
    tested = len(range(window, len(values) - split, window))
    return Fault(
        "windows that do not overlap",
        f"It learns {used:,} of the {there:,} windows there are, and is tested on {tested:,} of "
        f"{len(values) - split:,} values.",
        used / there,
    )


def _copying(forecaster: Forecaster, values: Doubles) -> list[Fault]:
    """Where copying the last value does as well, by all of the test part."""
    split = forecaster.training.split
    scaled = forecaster.scaler.scale(values)
    told = forecaster.scaler.unscale(forecaster.one_step(scaled))
    network = measure("", told, values, split).test
    copied = measure("", last_value(values), values, split).test
    if network.rmse < copied.rmse:
        return []
    return [
        Fault(
            "worse than copying",
            f"On the test part it errs by {network.rmse:.4g} (RMSE), copying the last value by "
            f"{copied.rmse:.4g}.",
            network.rmse / copied.rmse if copied.rmse else math.inf,
        )
    ]


def _chosen_blindly(forecaster: Forecaster) -> Fault:
    epochs, seeds = forecaster.plan.epochs, len(forecaster.networks)
    networks = "one network" if seeds == 1 else f"{seeds} networks"
    return Fault(
        "nothing to judge by",
        f"No values were kept aside, so nothing tells when {epochs} epochs are enough, and the "
        f"intervals of {networks} are made of errors on what was learnt, which are too small.",
        float(epochs),
    )


def _as_published(forecaster: Forecaster, part: Doubles) -> _Pairs:
    """One part's forecasts and targets at the recipe's own steps, from its own values."""
    padded, starts = _published_starts(forecaster, part)
    forecasts = forecaster.forecasts_of(padded, starts)[:, 0]
    return forecasts, padded[starts + forecaster.plan.window]


def _last_values(forecaster: Forecaster, part: Doubles) -> Doubles:
    padded, starts = _published_starts(forecaster, part)
    last: Doubles = padded[starts + forecaster.plan.window - 1]
    return last


def _published_starts(
    forecaster: Forecaster, part: Doubles
) -> "tuple[Doubles, np.ndarray[tuple[int], np.dtype[np.int64]]]":
    plan = forecaster.plan
    if plan.pad_targets:
        return np.append(part, np.repeat(part[-1], plan.window)), np.arange(len(part))
    step = 1 if plan.overlapping else plan.window
    return part, np.arange(0, len(part) - plan.window, step)


def _rmse(errors: Doubles) -> float:
    return float(np.sqrt(np.nanmean(np.square(errors))))
