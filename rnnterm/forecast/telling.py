"""A forecast's result in words and columns, alike for commands and the app."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnterm.forecast.result import ForecastResult, Row
from rnnterm.forecast.series import TimeSeries
from rnnterm.forecast.steps import Steps

_NARROW = 60  # columns below which only the most telling figures are shown
_MANY = 1000  # times as bad as copying: decimals tell nothing more
_FIGURE = 9  # columns of a figure
_NAME = 14

BETTER, WORSE = "✓", "✗"


@dataclass(frozen=True)
class TableLine:
    """A line of the table of errors.

    Attributes:
        beaten: whether the network beats it; None of the heading and of the network itself.
    """

    text: str
    is_network: bool = False
    beaten: bool | None = None


def error_table(result: ForecastResult, width: int) -> list[TableLine]:
    """The network's errors beside each baseline's, in the units of the series."""
    measures = ("rmse", "mae", "mase")
    shown = [(part, name) for part in ("train", "test") for name in measures]
    if width < _NARROW:
        shown = [("train", "rmse"), ("test", "rmse"), ("test", "mase")]
    heads = [f"{part} {name.upper()}" if name == "rmse" else name.upper() for part, name in shown]
    cells = [
        [_cell(getattr(getattr(row, part), name), name, result) for part, name in shown]
        for row in result.rows
    ]
    columns = zip(heads, *cells, strict=True)
    widths = [max(_FIGURE, *(len(cell) + 2 for cell in column)) for column in columns]
    if _NAME + sum(widths) + 3 > width > _NARROW:
        return error_table(result, _NARROW - 1)
    lines = [TableLine(_columns("", heads, widths))]
    for row, figures in zip(result.rows, cells, strict=True):
        is_network = row is result.network
        beaten = None if is_network else result.beats.get(row.name)
        mark = "" if beaten is None else f"  {BETTER if beaten else WORSE}"
        lines.append(TableLine(_columns(row.name, figures, widths) + mark, is_network, beaten))
    return lines


def sentences(result: ForecastResult, series: TimeSeries) -> list[str]:
    """What the table does not say: the verdict first, then floor, intervals and the next value."""
    told = [result.verdict]
    if series.noise_floor:
        ratio = result.network.test.rmse / series.noise_floor
        told.append(
            f"noise floor {figure(series.noise_floor)}: no forecast of the next value can do "
            f"better in the long run; the network is at {ratio:.2f} times that"
        )
    if math.isfinite(result.coverage):
        told.append(
            f"{result.plan.level:.0%} intervals held {result.coverage:.1%} of the test values"
            f"{_further_ahead(result, series)}"
        )
    if len(result.beyond):
        told.append(f"next {next_value(result, series.steps, len(series))}")
    return told


def _further_ahead(result: ForecastResult, series: TimeSeries) -> str:
    """How often the intervals of recursive forecasts held, over all lead times."""
    judged = np.flatnonzero(np.isfinite(result.coverage_by_lead))
    if not len(judged) or judged[-1] == 0:
        return ""
    share = float(result.coverage_by_lead[judged].mean())
    ahead = f"{judged[-1] + 1} {series.steps.named} ahead"
    return f", and {share:.1%} of recursive forecasts up to {ahead}"


def next_value(result: ForecastResult, steps: Steps, count: int) -> str:
    """Such as `1984-01: 35.2 (12.3 to 58.1)`."""
    low, high = float(result.beyond_low[0]), float(result.beyond_high[0])
    band = f" ({figure(low)} to {figure(high)})" if math.isfinite(low + high) else ""
    return f"{steps.label(count)}: {figure(float(result.beyond[0]))}{band}"


def published_line(result: ForecastResult) -> str:
    """A published recipe's errors as its authors count them, scaled; empty for others."""
    told = result.published
    parts = [
        f"{part} {told[f'{part}_rmse']:.4f}"
        + (f" (copying {told[key]:.4f})" if (key := f"copying_{part}") in told else "")
        for part in ("train", "test")
        if f"{part}_rmse" in told
    ]
    return f"RMSE by the recipe's own protocol: {', '.join(parts)}" if parts else ""


def fault_lines(result: ForecastResult) -> list[str]:
    """The faults of a published recipe, each with what was measured."""
    return [f"{fault.name}: {fault.told}" for fault in result.faults]


def headline(result: ForecastResult) -> str:
    """The result in a line: the network's test RMSE beside each baseline's."""
    rows = [f"{row.name} {figure(row.test.rmse)}" for row in _by_name(result.rows[1:])]
    return " · ".join([f"test RMSE {figure(result.network.test.rmse)}", *rows])


def figure(value: float) -> str:
    """A number of four digits; a dash for none."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e7 else f"{value:.4g}"


def _cell(value: float, measure: str, result: ForecastResult) -> str:
    if measure != "mase":
        return fixed(value, result)
    return f"{value:.3f}" if abs(value) < _MANY else figure(value)


def fixed(value: float, result: ForecastResult) -> str:
    """An error with as many decimals as tell four digits of the network's, so that they align."""
    known = result.network.test.rmse
    if not math.isfinite(value):
        return "–"
    if not 1e-4 < known < 1e7:
        return f"{value:.3e}"
    return f"{value:,.{max(0, 3 - math.floor(math.log10(known)))}f}"


def _by_name(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.name != "last value")


def _columns(name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    figures = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{name:<{_NAME}}" + "".join(figures)
