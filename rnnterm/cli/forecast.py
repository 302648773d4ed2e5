"""`rnnterm forecast`: forecast a series, honestly."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.forecast_view import forecast_to_json, show_forecast
from rnnterm.cli.options import SEED, Number, UserPath, Whole, force_option, json_option
from rnnterm.cli.output import emit_json
from rnnterm.cli.writing import writable, write_told
from rnnterm.errors import RnntermError, UsageError
from rnnterm.terminal import is_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from rnnterm.forecast.forecaster import Forecaster
    from rnnterm.forecast.plan import ForecastPlan
    from rnnterm.forecast.result import ForecastResult
    from rnnterm.forecast.series import TimeSeries

_RECIPES = "good (else), or a classic with its faults: sine-tutorial, sunspots-tutorial."
_LONG = 1_000_000  # values; fewer are on their way at once
_F = TypeVar("_F", bound=Callable[..., Any])


def _value(flag: str, kind: Any, metavar: str, explanation: str) -> Callable[[_F], _F]:
    """An option for a value of the plan, which checks it."""
    return click.option(flag, type=kind, metavar=metavar, help=explanation)


@click.command("forecast")
@click.argument("series", default="sine")
@click.option("--recipe", metavar="R", help=_RECIPES)
@click.option("--column", metavar="C", help="Column of the values, by name or number.")
@click.option("--date-column", metavar="C", help="Column of dates; none takes rows as steps.")
@click.option(
    "--missing", multiple=True, metavar="TEXT", help="A missing value, such as nan; repeatable."
)
@_value("--window", Whole(), "N", "Values that the network sees.")
@_value("--horizon", Whole(), "N", "Values to forecast beyond the end.")
@_value("--cell", str, "CELL", "gru, lstm or rnn.")
@_value("--units", Whole(), "N", "Units of the cell.")
@_value("--epochs", Whole(), "N", "Passes over the training part, at most.")
@_value("--split", Number(), "S", "Where the test part begins: a share, or a count of values.")
@_value("--seeds", Whole(), "N", "Networks that learn; their mean is the forecast.")
@_value("--rng-seed", SEED, "N", "Seed of every random choice.")
@click.option("--period", type=Whole(1), metavar="N", help="Values in a season.")
@click.option("--frequency", type=Number(), metavar="F", help="Of the sine, a step (else 0.02).")
@click.option("--noise", type=Number(), metavar="A", help="Of the sine, how wide (else 1).")
@click.option("--plot/--no-plot", default=True, help="Draw it, or not.")
@click.option("--out", type=UserPath(), metavar="FILE.csv", help="Write all forecasts to a table.")
@click.option(
    "--save", type=UserPath(), metavar="FILE", help="Keep the forecaster, in a .safetensors file."
)
@click.option(
    "--model",
    type=UserPath(),
    metavar="FILE",
    help="Learn nothing: forecast with one that was kept.",
)
@force_option
@json_option
def command(
    *,
    series: str,
    recipe: str | None,
    column: str | None,
    date_column: str | None,
    missing: tuple[str, ...],
    period: int | None,
    frequency: float | None,
    noise: float | None,
    plot: bool,
    out: str | None,
    save: str | None,
    model: str | None,
    force: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Forecast SERIES: sine (the default), sunspots, a CSV file, or - for standard input.

    Beside the network stand those that any forecast must beat: the last value, the last season, the
    mean, and autoregressions; and it says plainly when it does not. Errors are in the series' own
    units. Where no --window, --horizon or --split is given, they suit the series.
    """
    kept = _kept(save, force) if save else None
    table = writable(out, force) if out else None
    forecaster = None
    if model is not None:
        _refuse_settings(values | {"recipe": recipe, "save": save, "period": period})
        forecaster = _learnt(model)
    sine = {"frequency": frequency, "noise": noise}
    table_told = {"column": column, "date_column": date_column, "missing": missing}
    opened = _open(series, table_told, sine, values["rng_seed"])
    if forecaster is None:
        plan = _plan(opened, recipe, values)
        _tell(opened)
        result = _train(opened, plan, period)
    else:
        _tell(opened)
        result = _apply(forecaster, opened, values["horizon"])
    if as_json:
        emit_json(forecast_to_json(result, opened))
    else:
        show_forecast(result, opened, plot=plot)
    if table is not None:
        from rnnterm.forecast.outcome import forecast_csv

        write_told(table, forecast_csv(result, opened))
    if kept is not None:
        write_told(kept, result.model)


def _kept(save: str, force: bool) -> "Path":
    if not save.endswith(".safetensors"):
        raise UsageError(f"{save!r} must end in .safetensors: that is what a forecaster is kept in")
    return writable(save, force)


def _tell(series: "TimeSeries") -> None:
    narrate(series.describe())
    for note in series.notes:
        narrate(f"{series.name}: {note}")


def _plan(series: "TimeSeries", recipe: str | None, values: dict[str, Any]) -> "ForecastPlan":
    from rnnterm.forecast.suited import suited_plan

    return suited_plan(series, recipe or "good", **values)


def _refuse_settings(given: dict[str, Any]) -> None:
    """A forecaster that has learnt cannot be given other values."""
    for name, value in given.items():
        if value is not None and name != "horizon":
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} is for learning, and --model has learnt: leave one out")


def _open(
    source: str,
    table: dict[str, Any],
    sine: dict[str, float | None],
    rng_seed: int | None,
) -> "TimeSeries":
    """The series; `table` and `sine` are what was said about the one or the other."""
    from rnnterm.cli.forecast_progress import RowCounter
    from rnnterm.forecast.series import STDIN, noisy_sine, open_series

    shape = {name: value for name, value in sine.items() if value is not None}
    if source != "sine" or any(table.values()):
        if shape:
            raise UsageError(f"--{next(iter(shape))} is for the sine alone")
        if source == STDIN and is_terminal(sys.stdin):
            narrate("reading from the terminal; Ctrl-D ends the table")
        return open_series(source, **table, on_rows=RowCounter())
    seed = 1 if rng_seed is None else max(0, rng_seed)
    return noisy_sine(shape.get("frequency", 0.02), shape.get("noise", 1.0), seed=seed)


def _train(series: "TimeSeries", plan: "ForecastPlan", period: int | None) -> "ForecastResult":
    """Train in a child process, telling how it goes."""
    from rnnterm.cli.forecast_progress import make_progress
    from rnnterm.forecast.events import Failed, Finished
    from rnnterm.forecast.process import ForecastProcess, Request

    request = Request(series.name, series.values, plan, period)
    with make_progress() as progress, ForecastProcess(request) as process:
        if len(series) >= _LONG:
            progress.begin()
        for event in process:
            progress.report(event)
            if isinstance(event, Finished):
                return event.result
            if isinstance(event, Failed):
                kind = UsageError if event.exit_code == UsageError.exit_code else RnntermError
                raise kind(event.error)
    raise RnntermError("the training ended without a result: try it again")


def _learnt(model: str) -> "Forecaster":
    """A forecaster that was kept."""
    from rnnterm.files import user_path
    from rnnterm.forecast.modelfile import load_forecaster

    return load_forecaster(user_path(model))


def _apply(forecaster: "Forecaster", series: "TimeSeries", horizon: int | None) -> "ForecastResult":
    """Forecast with what was learnt before."""
    from rnnterm.forecast.answer import forecast_again

    result = forecast_again(forecaster, series.name, series.values, horizon)
    if not result.split:
        narrate(
            f"{series.name} is not what this forecaster learnt ({forecaster.training.series}): all "
            "of it is a test"
        )
    return result
