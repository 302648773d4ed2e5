"""Forecasts as a table: one row a step, those beyond the end last."""

import csv
import io
import math
from collections.abc import Iterator

from rnnterm.forecast.result import ForecastResult
from rnnterm.forecast.series import TimeSeries

_HEADER = ("part", "value", "forecast", "low", "high")


def forecast_csv(result: ForecastResult, series: TimeSeries) -> bytes:
    """A CSV table of every step: when, its part, value, one-step forecast and its interval.

    Beyond the end there is no value, and the forecast is the recursive one. What is not known is an
    empty cell.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    when = "date" if series.steps.are_dated else "step"
    writer.writerow((when, *_HEADER))
    writer.writerows(_rows(result, series))
    return text.getvalue().encode()


def _rows(result: ForecastResult, series: TimeSeries) -> Iterator[tuple[str, ...]]:
    count, label = len(series), series.steps.label
    inside = (series.values, result.one_step, result.one_step_low, result.one_step_high)
    for at, row in enumerate(zip(*(column.tolist() for column in inside), strict=True)):
        yield (label(at), "train" if at < result.split else "test", *map(_cell, row))
    beyond = (result.beyond, result.beyond_low, result.beyond_high)
    for at, row in enumerate(zip(*(column.tolist() for column in beyond), strict=True), count):
        yield (label(at), "beyond", "", *map(_cell, row))


def _cell(value: float) -> str:
    return repr(value) if math.isfinite(value) else ""
