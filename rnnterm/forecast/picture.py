"""A forecast as a chart: series, one-step forecasts, what lies beyond the end, and its band."""

import math
from typing import Literal

import numpy as np

from rnnterm.forecast.events import Previewed
from rnnterm.forecast.result import Doubles, ForecastResult
from rnnterm.forecast.series import TimeSeries
from rnnterm.plotting.cells import RULE
from rnnterm.plotting.lines import Band, Line, LineChart, Rule, line_chart
from rnnterm.plotting.series import Series

Part = Literal["all", "end"]
"""What a chart shows: the whole series, or its end and what lies beyond."""

VALUES, ONE_STEP, BEYOND, BAND = 8, 1, 2, 6
"""Ids of the chart's cells, which are places in the palette of series."""

_DASH = (2, 1)
_HORIZONS_BEFORE = 2  # what the end shows of the series, in horizons
_LEAST_BEFORE = 40  # values


class Picture:
    """What there is to draw of one forecast, as it becomes known."""

    def __init__(self, series: TimeSeries, split: int, horizon: int) -> None:
        self._count, self._horizon, self._split = len(series), horizon, split
        self._x, self.x_label = series.steps.axis(len(series) + horizon)
        self._values = Series(self._x[: self._count], series.values)
        self._one_step = self._beyond = self._low = self._high = Series()

    def preview(self, event: Previewed) -> None:
        """Take one-step forecasts of networks that are still learning."""
        places = event.start + event.stride * np.arange(len(event.values))
        inside = places < self._count
        self._one_step = Series(self._x[places[inside]], event.values[inside])

    def finish(self, result: ForecastResult) -> None:
        """Take the forecasts as they became."""
        self._one_step = Series(self._x[: self._count], result.one_step)
        x = self._x[self._count :]
        self._beyond = Series(x, self._fitting(result.beyond))
        self._low = Series(x, self._fitting(result.beyond_low))
        self._high = Series(x, self._fitting(result.beyond_high))

    @property
    def is_finished(self) -> bool:
        """Whether the end is forecast."""
        return len(self._beyond) > 0

    def draw(
        self,
        width: int,
        height: int,
        part: Part,
        *,
        cursor: float | None = None,
        ascii_only: bool = False,
    ) -> LineChart:
        """The chart in so many columns and rows."""
        lines = [
            Line(self._values, VALUES, mark="."),
            Line(self._one_step, ONE_STEP, _DASH, mark="o"),
            Line(self._beyond, BEYOND, mark="+"),
        ]
        return line_chart(
            lines,
            width,
            height,
            bands=[Band(self._low, self._high, BAND)] if len(self._low) else [],
            uprights=self._uprights(),
            x_range=self._shown(part),
            cursor=cursor,
            ascii_only=ascii_only,
        )

    @property
    def horizon(self) -> int:
        """Steps beyond the end."""
        return self._horizon

    @property
    def end_is_all(self) -> bool:
        """Whether the end is as much as there is."""
        return self._count <= self._before

    def forecast_at(self, index: int) -> float:
        """The forecast of a step, one step ahead or beyond the end; NaN where there is none."""
        if not 0 <= index < len(self._x):
            return math.nan
        x, forecast = self._x[index], self._beyond if index >= self._count else self._one_step
        point = forecast.nearest(x)
        return math.nan if point is None or point.x != x else point.y

    def nearest(self, x: float) -> int:
        """The index of the step nearest to a place on the axis; it may lie beyond the end."""
        return int(np.abs(self._x - x).argmin())

    def place(self, index: int) -> float:
        """Where a step is on the axis."""
        return float(self._x[min(max(index, 0), len(self._x) - 1)])

    def _shown(self, part: Part) -> tuple[float, float]:
        last = self._count - 1 + (self._horizon if self.is_finished else 0)
        if part == "all":
            return float(self._x[0]), float(self._x[last])
        return float(self._x[max(0, self._count - self._before)]), float(self._x[last])

    @property
    def _before(self) -> int:
        """How many values the end shows before what lies beyond."""
        return max(_HORIZONS_BEFORE * self._horizon, _LEAST_BEFORE)

    def _uprights(self) -> list[Rule]:
        rules = []
        if 0 < self._split < self._count:
            rules.append(Rule(float(self._x[self._split]), "test", RULE))
        if self.is_finished:
            rules.append(Rule(float(self._x[self._count]), "", RULE))
        return rules

    def _fitting(self, forecast: Doubles) -> Doubles:
        """A forecast as long as the axis has room for."""
        fitting = np.full(self._horizon, np.nan)
        fitting[: len(forecast)] = forecast[: self._horizon]
        return fitting
