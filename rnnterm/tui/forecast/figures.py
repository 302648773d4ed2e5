"""What the tab says in words: who learns what, how far it is, and what came of it."""

import math
import textwrap
from collections.abc import Iterable

from rnnterm.forecast.picture import BAND, BEYOND, ONE_STEP, VALUES, Picture
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.result import ForecastResult
from rnnterm.forecast.series import TimeSeries
from rnnterm.forecast.telling import (
    BETTER,
    WORSE,
    error_table,
    fault_lines,
    figure,
    next_value,
    published_line,
    sentences,
)
from rnnterm.glyphs import columns, fit
from rnnterm.terminal import safe_line
from rnnterm.tui.forecast.learning import Learning
from rnnterm.tui.forecast.setup import RECIPES_TOLD, Setup
from rnnterm.tui.widgets.rows import Row


def headline(series: TimeSeries, plan: ForecastPlan, learning: Learning | None, width: int) -> str:
    """The series and the network on the left, how far it has learnt at the right end."""
    networks = f" x {plan.seeds}" if plan.seeds > 1 else ""
    left = f"{series.describe()} · {plan.recipe} · {plan.describe()}{networks}"
    right = progress(plan, learning)
    room = max(1, width - columns(right) - 2)
    return f"{fit(f'{left} · window {plan.window}', room)}  {right}"


def progress(plan: ForecastPlan, learning: Learning | None) -> str:
    """Such as `seeds done 2/5 · epoch 31/100`."""
    if learning is None:
        return "not learnt yet"
    if learning.error:
        return "failed"
    if learning.result is not None:
        took = f"learnt in {learning.result.seconds:.1f} s"
        return took if learning.begun else "learnt before, from a file"
    if learning.doing:
        return f"forecasting · {learning.doing}"
    if not learning.epoch:
        return "starting"
    epochs = learning.begun.epochs if learning.begun else plan.epochs
    seeds = f"seeds done {learning.seeds_done}/{plan.seeds} · " if plan.seeds > 1 else ""
    return f"{seeds}epoch {learning.epoch}/{epochs}"


def legend(picture: Picture, plan: ForecastPlan, *, ascii_only: bool) -> Row:
    """What the lines of the chart are."""
    marks = (".", "o", "+", ":") if ascii_only else ("⠤⠤", "⠤ ", "⠤⠤", "░░")
    row: Row = [(f"{marks[0]} ", VALUES), ("series  ", ""), (f"{marks[1]} ", ONE_STEP)]
    row.append(("one step ahead  ", ""))
    if picture.is_finished:
        row += [(f"{marks[2]} ", BEYOND), ("beyond the end  ", ""), (f"{marks[3]} ", BAND)]
        row.append((f"{plan.level:.0%} interval", ""))
    return row


def loss_row(learning: Learning) -> Row:
    """The newest losses, and which curve is which."""
    train, val = learning.curves()
    if not train:
        return []
    row: Row = [("loss ", ""), ("━ train ", 2), (figure(train[-1]), "")]
    if math.isfinite(val[-1]):
        row += [("  ╍ val ", 1), (figure(val[-1]), "")]
    return row


def introduction(setup: Setup, width: int) -> list[Row]:
    """What a recipe does, before it has learnt, and what was done to the series."""
    rows = _wrapped(RECIPES_TOLD[setup.recipe], width, "muted")
    return rows + _noted(setup.series.notes, width)


def result_rows(learning: Learning, series: TimeSeries, width: int) -> list[Row]:
    """The verdict, the table of errors in the units of the series, and everything else."""
    result = learning.result
    if result is None:
        return []
    beaten = all(result.beats.values())
    verdict, *others = sentences(result, series)
    mark, ink = (BETTER, "success") if beaten else (WORSE, "warning")
    rows: list[Row] = _wrapped(f"{mark} {verdict}", width, ink)
    for line in error_table(result, width):
        look = "bold" if line.is_network else "muted" if line.beaten is None else ""
        rows.append([(safe_line(line.text), look)])
    for number, told in enumerate(fault_lines(result), start=1):
        rows += _wrapped(f"fault {number}: {told}", width, "warning")
    for told in filter(None, [published_line(result), *others]):
        rows += _wrapped(told, width, "")
    notes = learning.begun.notes if learning.begun else ()
    return rows + _noted((*series.notes, *notes), width)


def _noted(notes: Iterable[str], width: int) -> list[Row]:
    return [row for note in notes for row in _wrapped(f"note: {note}", width, "")]


def _wrapped(text: str, width: int, ink: str) -> list[Row]:
    return [[(line, ink)] for line in textwrap.wrap(safe_line(text), max(width, 20))]


def outcome_line(result: ForecastResult, series: TimeSeries, more: str) -> str:
    """The faults of a recipe that has some; else the next value, and how often intervals held.

    `more` is the key that shows the rest of the figures.
    """
    if result.faults:
        named = ", ".join(fault.name for fault in result.faults)
        return f"faults ({more} tells): {named}"
    told = [f"next {next_value(result, series.steps, len(series))}"] if len(result.beyond) else []
    if math.isfinite(result.coverage):
        told.append(f"{result.plan.level:.0%} intervals held {result.coverage:.1%} of the test")
    return " · ".join(told)


def read_off(picture: Picture, series: TimeSeries, result: ForecastResult | None, at: int) -> str:
    """What is known of one step: when it is, its value and its forecast."""
    count = len(series)
    told = [series.steps.label(at)]
    if at < count:
        told.append(f"value {figure(float(series.values[at]))}")
    forecast = picture.forecast_at(at)
    if math.isfinite(forecast):
        told.append(f"{'one step ahead' if at < count else 'forecast'} {figure(forecast)}")
    if result is not None:
        low, high = _interval(result, at, count)
        if math.isfinite(low + high):
            told.append(f"{result.plan.level:.0%} {figure(low)} to {figure(high)}")
    return " · ".join(told)


def _interval(result: ForecastResult, at: int, count: int) -> tuple[float, float]:
    """The ends of a step's interval, NaN where there is none."""
    if at < count:
        return float(result.one_step_low[at]), float(result.one_step_high[at])
    if at - count < len(result.beyond):
        return float(result.beyond_low[at - count]), float(result.beyond_high[at - count])
    return math.nan, math.nan
