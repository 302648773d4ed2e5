"""Whether the default forecast should learn square roots, by the training part alone.

Five folds inside the sunspots' training part: each learns all before a stretch of 226 months and is
judged on that stretch. The test part of `python -m benchmarks forecast` is never touched.
"""

import argparse
import statistics

import numpy as np

from benchmarks.results import table
from rnnterm.forecast.answer import answer
from rnnterm.forecast.baselines import autoregression
from rnnterm.forecast.calibration import calibrated
from rnnterm.forecast.forecaster import Forecaster, Training
from rnnterm.forecast.measures import measure as measure_errors
from rnnterm.forecast.network import ForecasterSpec
from rnnterm.forecast.plan import ForecastPlan, plan_for
from rnnterm.forecast.result import Doubles, ForecastResult
from rnnterm.forecast.scaler import Scaler
from rnnterm.forecast.series import sunspots

SEEDS = 4
FOLDS = 5
MONTHS = 226
LEVEL = 0.9
Figures = list[float]


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """`good` with and without the square root on the same folds, beside autoregressions."""
    del options
    series = sunspots().values
    training = series[: plan_for("good").train_length(len(series))]
    ends = [len(training) - MONTHS * left for left in reversed(range(FOLDS))]
    folds = [training[:end] for end in ends]
    rows = [
        _row("`good`, square root", [_judge(folds, seed, root=True) for seed in range(SEEDS)]),
        _row("`good`, as it is", [_judge(folds, seed, root=False) for seed in range(SEEDS)]),
        *(
            [f"AR({order})", f"{_autoregression(folds, order):.2f}"] + [""] * 4
            for order in (12, 24, 64)
        ),
    ]
    header = ["mean of the folds", "RMSE", "range", "interval score", "cover, high", "cover, low"]
    return f"{FOLDS} folds of the sunspots' training part, {SEEDS} seeds", table(header, rows)


def _judge(folds: list[Doubles], seed: int, *, root: bool) -> Figures:
    """Mean over the folds of what `_figures` says."""
    told = [_figures(_learn(fold, seed, root=root), fold) for fold in folds]
    return [statistics.fmean(each) for each in zip(*told, strict=True)]


def _learn(values: Doubles, seed: int, *, root: bool) -> ForecastResult:
    from rnnterm.training.forecastnet import single_thread
    from rnnterm.training.forecasttrainer import ForecastTrainer

    split = len(values) - MONTHS
    rng_seed = 1 + 1000 * seed  # far apart, so that no network is in two of them
    plan = plan_for("good", split=float(split), horizon=1, level=LEVEL, rng_seed=rng_seed)
    plan = plan.settled(values)
    fitted = plan.fitted_length(split)
    scaler = _scaler(plan, values, fitted, root=root)
    with single_thread():
        trained = ForecastTrainer(
            plan, scaler.scale(values), split, scaler, lambda event: None
        ).train()
    training = Training("fold", split, fitted, "", trained.epochs)
    spec = ForecasterSpec.of(plan)
    forecaster = Forecaster(plan, spec, scaler, trained.networks, training)
    return answer(calibrated(forecaster, values), "fold", values, split)


def _scaler(plan: ForecastPlan, values: Doubles, fitted: int, *, root: bool) -> Scaler:
    if not root:
        return Scaler(float(values[:fitted].mean()), float(values[:fitted].std()))
    scaler = Scaler.fit(plan, values, fitted)
    assert scaler.root, "the plan takes the square root of the sunspots by itself"
    return scaler


def _figures(result: ForecastResult, values: Doubles) -> Figures:
    """RMSE, interval score (Gneiting and Raftery 2007), coverage above and below the median."""
    low, high = (each[result.split :] for each in (result.one_step_low, result.one_step_high))
    came = values[result.split :]
    outside = np.maximum(low - came, 0) + np.maximum(came - high, 0)
    score = float(np.mean(high - low + 2 / (1 - LEVEL) * outside))
    inside, upper = (low <= came) & (came <= high), came > np.median(came)
    return [
        result.network.test.rmse, score, float(inside[upper].mean()), float(inside[~upper].mean())
    ]  # fmt: skip


def _autoregression(folds: list[Doubles], order: int) -> float:
    rmse = []
    for values in folds:
        split = len(values) - MONTHS
        row = measure_errors("", autoregression(values, split, order), values, split)
        rmse.append(row.test.rmse)
    return statistics.fmean(rmse)


def _row(name: str, told: list[Figures]) -> list[str]:
    errors, *others = (list(each) for each in zip(*told, strict=True))
    score, high, low = (statistics.median(each) for each in others)
    spread = f"{min(errors):.2f} to {max(errors):.2f}"
    middle = f"{statistics.median(errors):.2f}"
    return [name, middle, spread, f"{score:.1f}", f"{high:.3f}", f"{low:.3f}"]
