"""Forecasts against what was published, against every baseline, and against the clock."""

import argparse
import resource
import statistics
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.results import table
from rnnterm.forecast.baselines import autoregression
from rnnterm.forecast.events import Failed, Finished
from rnnterm.forecast.faults import published_figures
from rnnterm.forecast.measures import measure as measure_errors
from rnnterm.forecast.modelfile import forecaster_from_bytes
from rnnterm.forecast.plan import plan_for
from rnnterm.forecast.process import ForecastProcess, Request
from rnnterm.forecast.result import ForecastResult, Row
from rnnterm.forecast.series import TimeSeries, noisy_sine, sunspots

SEEDS = 20
FLOOR = 12**-0.5
PUBLISHED = {"test": (0.083, 0.115), "train": (0.057, 0.071)}
COVERED = (0.87, 0.93)
CHOSEN = (
    "How `good` was chosen: on stretches of the training part, but that it learns square roots was "
    "first kept because of the test part's figures above, which are therefore a little too kind. "
    "`python -m benchmarks folds` has the training part alone decide. How fast recursive intervals "
    "follow what they left out (0.02) is the rate of 0.005, 0.01, 0.02, 0.05 and 0.1 that comes "
    "closest to 90 % on the second halves of the validation parts, over both series."
)


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Published recipes, `good` on both series, and the seconds of the default forecast."""
    del options
    rows = [*_tutorials(), *_good_on_sunspots(), *_good_on_sine(), *_seconds()]
    header = ["what", "median", "range", "asked for"]
    return f"forecasts, {SEEDS} seeds", [*table(header, rows), "", CHOSEN]


def _tutorials() -> list[list[str]]:
    """Each network of the published recipes, by the recipes' own protocols."""
    series = sunspots()
    result = _learn(series, "sunspots-tutorial", seeds=SEEDS)
    forecaster = forecaster_from_bytes(result.model)
    figures = [published_figures(forecaster.alone(i), series.values) for i in range(SEEDS)]
    rows = [
        _row(
            f"sunspots-tutorial, {part} RMSE, scaled",
            [one[f"{part}_rmse"] for one in figures],
            f"{low} to {high}",
        )
        for part, (low, high) in PUBLISHED.items()
    ]
    lost = sum(one["test_rmse"] > one["copying_test"] for one in figures)
    rows.append(["… lose to copying the last month", f"{lost} of {SEEDS}", "", ""])
    sine = noisy_sine()
    result = _learn(sine, "sine-tutorial", seeds=SEEDS)
    forecaster = forecaster_from_bytes(result.model)
    figures = [published_figures(forecaster.alone(i), sine.values) for i in range(SEEDS)]
    rows.append(_row("sine-tutorial, test RMSE", [one["test_rmse"] for one in figures], ""))
    gradient = next(fault for fault in result.faults if fault.name == "one time step")
    rows.append(["… largest gradient of a recurrent weight", f"{gradient.measured:g}", "", "0"])
    return rows


def _good_on_sunspots() -> list[list[str]]:
    series = sunspots()
    results = [
        _learn(series, "good", rng_seed=1 + 1000 * seed) for seed in range(SEEDS)
    ]  # seeds far apart, so that no network is in two of them
    split = results[0].split
    predictions = autoregression(series.values, split, 24)
    baselines = [*results[0].rows[1:], measure_errors("AR(24)", predictions, series.values, split)]
    best = min(baselines, key=lambda row: row.test.rmse)
    rows = [
        _row(
            f"sunspots, `good`, test RMSE, scaled, {results[0].network.test.count} months",
            [result.network.test.scaled_rmse for result in results],
            f"below {best.test.scaled_rmse:.4f}, {best.name}",
        ),
        *(_baseline(row) for row in baselines),
        _row("… MASE", [result.network.test.mase for result in results], ""),
        _coverage("… 90 % intervals cover, one step", results),
        _by_lead(results),
    ]
    beats = sum(result.network.test.rmse < best.test.rmse for result in results)
    return [*rows, ["… beat every baseline", f"{beats} of {SEEDS}", "", ""]]


def _good_on_sine() -> list[list[str]]:
    results = [
        _learn(noisy_sine(seed=1 + seed), "good", rng_seed=1 + 1000 * seed) for seed in range(SEEDS)
    ]
    return [
        _row(
            "sine, `good`, test RMSE over the noise floor 0.2887",
            [result.network.test.rmse / FLOOR for result in results],
            "at most 1.03",
        ),
        _row(
            "… best baseline over the floor",
            [min(row.test.rmse for row in result.rows[1:]) / FLOOR for result in results],
            "",
        ),
        _coverage("… 90 % intervals cover, one step", results),
        _by_lead(results),
    ]


def _seconds() -> list[list[str]]:
    """The default forecast of the sine as a process, imports and all."""
    series = noisy_sine()
    times, events, longest = [], 0, 0.0
    used = _processor_seconds()
    for _ in range(3):
        begun = last = time.perf_counter()
        request = Request(series.name, series.values, plan_for("good", split=float(_split(series))))
        with ForecastProcess(request) as process:
            for event in process:
                if isinstance(event, Failed):
                    sys.exit(event.error)
                now = time.perf_counter()
                longest, last, events = max(longest, now - last), now, events + 1
        times.append(time.perf_counter() - begun)
    return [
        _row("sine, default, seconds as a process", times, "at most 10"),
        ["… of a processor", f"{(_processor_seconds() - used) / len(times):.2f}", "", ""],
        ["… events a second", f"{events / sum(times):.0f}", "", "several"],
        ["… longest silence (s)", f"{longest:.2f}", "", ""],
    ]


def _processor_seconds() -> float:
    """Of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _learn(series: TimeSeries, recipe: str, **values: int) -> ForecastResult:
    """Train in this process."""
    from rnnterm.training.forecasting import train_forecaster

    plan = plan_for(recipe, **values)
    if series.split is not None:
        plan = replace(plan, split=float(_split(series)))
    told: list[ForecastResult] = []

    def listen(event: object) -> None:
        if isinstance(event, Finished):
            told.append(event.result)

    train_forecaster(Request(series.name, series.values, plan), listen)
    return told[0]


def _split(series: TimeSeries) -> int:
    assert series.split is not None
    return series.split


def _row(what: str, figures: list[float], asked: str) -> list[str]:
    spread = f"{min(figures):.4f} to {max(figures):.4f}"
    return [what, f"{statistics.median(figures):.4f}", spread, asked]


def _baseline(row: Row) -> list[str]:
    return [f"… {row.name}", f"{row.test.scaled_rmse:.4f}", "", ""]


def _coverage(what: str, results: list[ForecastResult]) -> list[str]:
    low, high = COVERED
    return _row(what, [result.coverage for result in results], f"{low} to {high}")


def _by_lead(results: list[ForecastResult]) -> list[str]:
    """Over all lead times of the recursive forecasts."""
    means = [float(np.nanmean(result.coverage_by_lead)) for result in results]
    low, high = COVERED
    return _row("… recursive ones, all lead times", means, f"{low} to {high}")
