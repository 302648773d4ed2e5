"""A forecast on standard output: charts, the table of errors and sentences; or plain values."""

import sys
from typing import TYPE_CHECKING, Any

from rnnterm.cli.output import emit, emit_styled, stdout
from rnnterm.glyphs import labelled, terminal_width
from rnnterm.terminal import can_style, colors_allowed, is_terminal

if TYPE_CHECKING:
    from rnnterm.forecast.picture import Part, Picture
    from rnnterm.forecast.result import ForecastResult
    from rnnterm.forecast.series import TimeSeries

_ALL_HEIGHT, _END_HEIGHT = 9, 12
_WIDEST = 120
_BOLD, _MUTED = "1", "2"


def show_forecast(result: "ForecastResult", series: "TimeSeries", *, plot: bool) -> None:
    """Write all there is to say for a person."""
    from rnnterm.forecast.picture import Picture
    from rnnterm.forecast.telling import error_table, fault_lines, published_line, sentences

    width = min(terminal_width(), _WIDEST)
    if plot:
        picture = Picture(series, result.split, len(result.beyond))
        picture.finish(result)
        if not picture.end_is_all:
            _draw(picture, "all", width, _ALL_HEIGHT)
        _draw(picture, "end", width, _END_HEIGHT)
        _legend(picture, result)
        emit("")
    for line in error_table(result, width):
        emit_styled([(line.text, _BOLD if line.is_network else "")])
    emit("")
    for label, told in zip(("verdict", *[""] * 9), sentences(result, series), strict=False):
        emit("\n".join(labelled(label, told, width)))
    for number, told in enumerate(fault_lines(result), start=1):
        emit("\n".join(labelled(f"fault {number}", told, width)))
    if told := published_line(result):
        emit("\n".join(labelled("published", told, width)))


def _draw(picture: "Picture", part: "Part", width: int, height: int) -> None:
    plain = not can_style(sys.stdout) and is_terminal(sys.stdout)
    grid = picture.draw(width, height, part, ascii_only=plain).grid
    for row in range(grid.height):
        runs = grid.runs(row)
        while runs and not runs[-1][0].strip():
            runs.pop()
        emit_styled([(text, _code(style)) for text, style in runs])


def _legend(picture: "Picture", result: "ForecastResult") -> None:
    from rnnterm.forecast.picture import BAND, BEYOND, ONE_STEP, VALUES

    plain = not can_style(sys.stdout) and is_terminal(sys.stdout)
    marks = (".", "o", "+", ":") if plain else ("⠤⠤", "⠤ ", "⠤⠤", "░░")
    names = ("series", "one step ahead", "beyond the end", f"{result.plan.level:.0%} interval")
    pieces: list[tuple[str, str]] = []
    for mark, name, style in zip(marks, names, (VALUES, ONE_STEP, BEYOND, BAND), strict=True):
        pieces += [(f"  {mark}", _code(style)), (f" {name}", "")]
    emit_styled([*pieces, (f"  ({picture.x_label})" * bool(picture.x_label), _MUTED)])


def _code(style: int) -> str:
    """The SGR parameters of a chart's cell."""
    from rnnterm.plotting.palette import SERIES, nearest_256

    if style == 0 or not can_style(stdout()):
        return ""
    if style < 0:
        return _MUTED
    return f"38;5;{nearest_256(SERIES[(style - 1) % len(SERIES)])}" if colors_allowed() else ""


def forecast_to_json(result: "ForecastResult", series: "TimeSeries") -> dict[str, Any]:
    """Everything as plain values; arrays are lists, and what is no number is null."""
    from dataclasses import asdict

    from rnnterm.forecast.telling import sentences

    count, steps = len(series), series.steps
    beyond = range(count, count + len(result.beyond))
    return {
        "series": series.name,
        "column": series.unit or None,
        "values": count,
        "first": steps.label(0),
        "last": steps.label(count - 1),
        "steps": steps.named,
        "notes": series.notes,
        "plan": result.plan.to_dict(),
        "parameters": result.parameters,
        "epochs": result.epochs,
        "seconds": result.seconds,
        "split": result.split,
        "measures": [asdict(row) for row in result.rows],
        "beats": result.beats,
        "verdict": result.verdict,
        "sentences": sentences(result, series),
        "noise_floor": series.noise_floor,
        "level": result.plan.level,
        "coverage": result.coverage,
        "coverage_by_lead": result.coverage_by_lead.tolist(),
        "faults": [asdict(fault) for fault in result.faults],
        "published": result.published,
        "one_step": {
            "forecast": result.one_step.tolist(),
            "low": result.one_step_low.tolist(),
            "high": result.one_step_high.tolist(),
        },
        "beyond": {
            "step": [steps.label(at) for at in beyond],
            "forecast": result.beyond.tolist(),
            "low": result.beyond_low.tolist(),
            "high": result.beyond_high.tolist(),
        },
    }
