"""`rnnterm explore FORECASTER`: the same cells, which read a series value by value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnterm.cli.diagnostics import narrate, warn
from rnnterm.cli.explore.asked import Looked, chosen, shown_name
from rnnterm.cli.explore.charts import chart_lines, series_style
from rnnterm.cli.explore.page import BOLD, MUTED, Answer, Canvas, Line, prose, titled, wrapped
from rnnterm.cli.explore.steps import curve, equations_as_json, told_equations, units_over_time
from rnnterm.explore.equations import number, signed_number
from rnnterm.forecast.telling import figure
from rnnterm.plotting.bars import Bar, bar_chart

if TYPE_CHECKING:
    from rnnterm.explore.series import SeriesReading, Stretch
    from rnnterm.forecast.forecaster import Forecaster
    from rnnterm.forecast.result import Doubles
    from rnnterm.forecast.series import TimeSeries

_UNITS = 5
_BARS = 60


def kept_forecaster(model: str) -> "Forecaster | None":
    """The forecaster in the file that is named; None where it is none that says so.

    Raises RnntermError for one that is damaged.
    """
    from rnnterm.files import user_path
    from rnnterm.forecast.modelfile import is_forecaster, load_forecaster

    if "/" not in model and not model.endswith(".safetensors"):
        return None
    path = user_path(model)
    return load_forecaster(path) if is_forecaster(path) else None


def explore_forecaster(model: str, forecaster: "Forecaster", given: dict[str, Any]) -> Answer:
    """Have the forecaster read what was asked for, and look at it."""
    from rnnterm.explore.series import place_of, read_series, remarks, stretch_before

    series = _series(forecaster, given)
    networks = len(forecaster.networks)
    network = chosen("network", given["network"] or 1, 1, networks) - 1
    if given["unit"] is not None:
        chosen("unit", given["unit"], 0, forecaster.spec.hidden_size - 1)
    place = len(series) if given["at"] is None else place_of(series, given["at"])
    stretch = stretch_before(forecaster, series, place, given["values"])
    reading = read_series(forecaster, series, stretch)
    for remark in remarks(reading):
        warn(remark)
    step = reading.step_before(place)
    if given["step"] is not None:
        step = chosen("step", given["step"], 1, len(reading)) - 1
    name = shown_name(reading, given["show"])
    asked = SeriesAsked(model, reading, network, step, name, given["unit"])
    if given["saturation"]:
        from rnnterm.cli.explore.saturation import saturation

        return saturation(asked, given)
    return SeriesSteps(asked)


def _series(forecaster: "Forecaster", given: dict[str, Any]) -> "TimeSeries":
    from rnnterm.errors import UsageError
    from rnnterm.forecast.remembered import remembered_series
    from rnnterm.forecast.series import open_series

    table = {name: given[name] for name in ("column", "date_column", "missing")}
    if given["series"] is None:
        if any(table.values()):
            raise UsageError("what is said about a CSV file's columns needs --series FILE.csv")
        try:
            return remembered_series(forecaster)
        except UsageError as error:
            raise UsageError(f"{error} with --series") from None
    series = open_series(given["series"], **table)
    for note in series.notes:
        narrate(f"{series.name}: {note}")
    return series


@dataclass(frozen=True)
class SeriesAsked(Looked):
    """One look at a forecaster; its networks count as layers."""

    reading: "SeriesReading"

    def axis_of(self, stretch: "Stretch") -> "Doubles":
        """Where values stand on the axis of a chart: in years, where they are dated."""
        series = self.reading.series
        return series.steps.axis(len(series))[0][stretch.start : stretch.stop]

    @property
    def axis(self) -> "Doubles":
        """See `Looked.axis`."""
        return self.axis_of(self.reading.stretch)[-len(self.reading) :]

    @property
    def axis_label(self) -> str:
        """What the axis counts."""
        return self.reading.series.steps.axis(len(self.reading.series))[1]

    def headline(self, canvas: Canvas) -> Iterator[Line]:
        """See `Looked.headline`."""
        reading = self.reading
        plan, label = reading.forecaster.plan, reading.series.steps.label
        networks = f" x {plan.seeds}" if plan.seeds > 1 else ""
        first, last = label(reading.stretch.start), label(reading.stretch.stop - 1)
        count = reading.stretch.stop - reading.stretch.start
        parts = (
            self.speaker, f"{plan.describe()}{networks}", plan.recipe, reading.series.name,
            f"{count:,} {reading.series.steps.named}, {first} to {last}",
        )  # fmt: skip
        yield from wrapped([(part, "") for part in parts], canvas.width, gap=" · ")

    def as_json(self) -> dict[str, Any]:
        """See `Looked.as_json`."""
        reading = self.reading
        steps = reading.series.steps
        places = range(*reading.stretch)
        values = reading.series.values[reading.stretch.start : reading.stretch.stop]
        return {
            "model": self.model_name,
            "network": reading.forecaster.plan.describe(),
            "networks": len(reading.layers),
            "recipe": reading.forecaster.plan.recipe,
            "series": reading.series.name,
            "read": {
                "step": [steps.label(place) for place in places],
                "value": values.tolist(),
                "scaled": reading.forecaster.scaler.scale(values).tolist(),
            },
        }


@dataclass(frozen=True)
class SeriesSteps:
    """What a forecaster did while it read, with the eye on one unit and one step."""

    asked: SeriesAsked

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked = self.asked
        yield from asked.headline(canvas)
        yield from wrapped([(asked.whereabouts(), MUTED)], canvas.width)
        yield [("", "")]
        yield from self._series(canvas)
        yield [("", "")]
        yield from units_over_time(asked, canvas)
        yield from self._step(canvas)
        yield [("", "")]
        yield from self._next(canvas)

    def _series(self, canvas: Canvas) -> Iterator[Line]:
        """The values that were read, and of each the forecast that was made before it."""
        reading = self.asked.reading
        values = reading.series.values[reading.stretch.start : reading.stretch.stop]
        told = [values]
        if len(reading) > reading.forecaster.plan.window:
            warm = [reading.is_warm(step) for step in range(len(reading) - 1)]
            told.append(np.concatenate([[np.nan], np.where(warm, reading.forecasts[:-1], np.nan)]))
        marks = ("*", "o") if canvas.ascii_only else ("⠤⠤", "⠤ ")
        names = ("values", "forecasts, one step ahead")
        legend: Line = [(reading.series.unit or reading.series.name, BOLD)]
        for at, (mark, name) in enumerate(zip(marks, names[: len(told)], strict=False), start=1):
            legend += [(f"  {mark}", series_style(at) if canvas.colors else ""), (f" {name}", "")]
        legend.append((f"  ({self.asked.axis_label})" * bool(self.asked.axis_label), MUTED))
        yield legend
        step = reading.place(self.asked.step) - reading.stretch.start
        yield from curve(told, self.asked.axis_of(reading.stretch), step, canvas)

    def _step(self, canvas: Canvas) -> Iterator[Line]:
        asked, reading, step = self.asked, self.asked.reading, self.asked.step
        value = float(reading.read_values[step])
        scaled = float(reading.trace.inputs[step, -1])
        about = f"after {reading.label(step)}: {figure(value)}, scaled {number(scaled)}"
        yield from titled(f"step {step + 1}", f"{about}{_foreseen(reading, step)}", canvas.width)
        yield from told_equations(self.asked.equations, canvas)
        output = reading.output_equations(asked.layer, step)
        yield from told_equations(output, canvas)

    def _next(self, canvas: Canvas) -> Iterator[Line]:
        asked, reading, step = self.asked, self.asked.reading, self.asked.step
        forecast = figure(float(reading.forecasts[step]))
        came = reading.came(step)
        about = forecast if came is None else f"{forecast}, and {figure(came)} came"
        yield from titled(f"forecast of {reading.next_label(step)}", about, canvas.width)
        if not reading.is_warm(step):
            wait = reading.forecaster.plan.window
            told = f"after {step + 1} of the {wait} values that the forecaster reads before it"
            yield from prose(f"{told} forecasts", canvas.width, MUTED)
        if len(reading.layers) > 1:
            each = ", ".join(figure(float(one)) for one in reading.forecasts_of_each[step])
            told = f"networks 1 to {len(reading.layers)} alone: {each}"
            yield from prose(told, canvas.width)
        yield [("", "")]
        yield from titled(
            "units that say most",
            f"what each adds to V h′, network {asked.layer + 1}",
            canvas.width,
        )
        shares = reading.unit_shares(asked.layer, step)[:_UNITS]
        most = max((abs(one.share) for one in shares), default=0.0) or 1.0
        bars = [
            Bar(
                f"unit {one.unit}",
                abs(one.share) / most,
                signed_number(one.share),
                2 - (one.share > 0),
            )
            for one in shares
        ]
        chart = bar_chart(bars, min(canvas.width, _BARS), ascii_only=canvas.ascii_only)
        yield from chart_lines(chart, canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        asked, reading = self.asked, self.asked.reading
        network, unit, step = asked.layer, asked.unit, asked.step
        output = reading.output_equations(network, step)
        return {
            **asked.as_json(),
            "shown_network": network + 1,
            "show": asked.name,
            "unit": unit,
            "step": step + 1,
            "forecasts": reading.forecasts.tolist(),
            "forecasts_of_each": reading.forecasts_of_each.T.tolist(),
            "values": {
                name: reading.values(network, name)[:, unit].tolist() for name in reading.names
            },
            "equations": equations_as_json(self.asked.equations),
            "output_equations": equations_as_json(output),
            "next": {
                "step": reading.next_label(step),
                "forecast": float(reading.forecasts[step]),
                "is_warm": reading.is_warm(step),
                "came": reading.came(step),
            },
            "units": [
                {"unit": one.unit, "share": one.share}
                for one in reading.unit_shares(network, step)[:_UNITS]
            ],
        }


def _foreseen(reading: "SeriesReading", step: int) -> str:
    """What was forecast for the value that is read at a step."""
    if step == 0 or not reading.is_warm(step - 1):
        return ""
    return f", foreseen {figure(float(reading.forecasts[step - 1]))}"
