"""A series as a forecaster read it: every state and gate of its networks, value by value.

T steps, U units, S networks, which stand in the place of a model's layers. At a step one value is
read, and the next one forecast; of a plan whose window enters as features, there is a single step.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnnterm.errors import UsageError
from rnnterm.explore.equations import Equation, Term
from rnnterm.explore.unrolled import LONGEST, Unrolled
from rnnterm.forecast.forecaster import Forecaster
from rnnterm.forecast.remembered import is_learnt
from rnnterm.forecast.result import Doubles
from rnnterm.forecast.series import TimeSeries
from rnnterm.forecast.tracing import ForecastTrace, cells_of, output_slopes, trace
from rnnterm.nn.cells import Array, Cell, CellSpec, Gates


class Stretch(NamedTuple):
    """Neighbouring values of a series: the first one's index, and the one behind the last."""

    start: int
    stop: int


class UnitShare(NamedTuple):
    """How much of an output one unit makes, in the scale of learning."""

    unit: int
    share: float


@dataclass(frozen=True, eq=False)
class SeriesReading(Unrolled):
    """A stretch of a series, read from a cold start with the states carried on.

    Attributes:
        stretch: which values were read.
        trace: what happened in all networks.
    """

    forecaster: Forecaster
    series: TimeSeries
    stretch: Stretch
    trace: ForecastTrace

    LAYER = "network"

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def layers(self) -> tuple[Gates, ...]:
        """See `Unrolled.layers`, as for all that follow without a text."""
        return self.trace.networks

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """See `Unrolled.cells`."""
        return cells_of(self.forecaster)

    @property
    def cell_spec(self) -> CellSpec:
        """See `Unrolled.cell_spec`."""
        return self.forecaster.spec

    def input_of(self, layer: int, step: int) -> Array:
        """See `Unrolled.input_of`; the same for all networks."""
        del layer
        row: Array = self.trace.inputs[step].astype(np.float32)
        return row

    def begins_as(self, other: Unrolled) -> bool:
        """See `Unrolled.begins_as`."""
        return (
            isinstance(other, SeriesReading)
            and self.series is other.series
            and self.stretch.start == other.stretch.start
            and self.stretch.stop >= other.stretch.stop
        )

    # What was read, and what is forecast, in the series' own units

    def place(self, step: int) -> int:
        """The index in the series of the value, or the last one, that is read at a step."""
        return self.stretch.stop - len(self) + step

    def step_before(self, place: int) -> int:
        """The step whose forecast is for the value at an index: as near as there is."""
        return max(0, min(place - 1 - self.place(0), len(self) - 1))

    @property
    def read_values(self) -> Doubles:
        """The value, or the last one, that is read at each step, shape (T,)."""
        return self.series.values[self.place(0) : self.stretch.stop]

    def label(self, step: int) -> str:
        """When the value was that is read at a step; of a window, from when to when."""
        last = self.series.steps.label(self.place(step))
        if not self.forecaster.plan.as_features:
            return last
        return f"{self.series.steps.label(self.stretch.start)} … {last}"

    def next_label(self, step: int) -> str:
        """When the value is that is forecast after a step."""
        return self.series.steps.label(self.place(step) + 1)

    def came(self, step: int) -> float | None:
        """The value that came after a step; None beyond the end of the series."""
        place = self.place(step) + 1
        return float(self.series.values[place]) if place < len(self.series) else None

    @cached_property
    def forecasts(self) -> Doubles:
        """Of the value after each step, by the mean of all networks, shape (T,)."""
        told = (self.trace.outputs + self.trace.direct).mean(axis=1)
        return self.forecaster.scaler.unscale(told, mean=True)

    @cached_property
    def forecasts_of_each(self) -> Doubles:
        """The same by each network alone, shape (T, S)."""
        told = self.trace.outputs + self.trace.direct
        return self.forecaster.scaler.unscale(told, mean=True)

    def is_warm(self, step: int) -> bool:
        """Whether as many values were read by then as the forecaster reads for a forecast."""
        return self.forecaster.plan.as_features or step + 1 >= self.forecaster.plan.window

    @property
    def longest_known(self) -> int:
        """How many values the forecaster itself ever reads on from a cold start."""
        plan = self.forecaster.plan
        return plan.window + plan.ahead - 1

    # How a forecast comes from a state

    def unit_shares(self, network: int, step: int) -> list[UnitShare]:
        """What each unit adds to a network's output, the largest first; exact, before any tanh."""
        h = self.values(network, "h")[step].astype(np.float64)
        shares = output_slopes(self.forecaster, network, h)[0] * h
        order = np.argsort(-np.abs(shares), kind="stable")
        return [UnitShare(int(unit), float(shares[unit])) for unit in order]

    def output_equations(self, network: int, step: int) -> list[Equation]:
        """How a network's forecast, in the scale of learning, comes from its state h′."""
        h = self.values(network, "h")[step].astype(np.float64)
        spec = self.forecaster.spec
        slopes, rest = output_slopes(self.forecaster, network, h)
        read_out = (Term("V h′", (float(slopes @ h),)), Term("d", (rest,)))
        function = "tanh" if spec.squash else "linear"
        if not self.forecaster.residual:
            return [Equation("forecast", "ŷ", function, read_out)]
        said = Equation("output", "y", function, read_out)
        last, direct = float(self.trace.inputs[step, -1]), float(self.trace.direct[step, network])
        terms = [Term("x", (last,)), Term("K Δx", (direct - last,)), Term("y", (said.value,))]
        if not spec.linear:
            del terms[1]
        return [said, Equation("forecast", "ŷ", "linear", tuple(terms))]


def read_series(forecaster: Forecaster, series: TimeSeries, stretch: Stretch) -> SeriesReading:
    """Let a forecaster's networks read a stretch of a series.

    Raises UsageError for one that is not there or too long, RnntermError where states overflow.
    """
    start, stop = stretch
    if not 0 <= start < stop <= len(series):
        raise UsageError(
            f"the series has the values 1 to {len(series):,}, not {start + 1} to {stop}"
        )
    if stop - start > LONGEST:
        raise UsageError(f"{stop - start:,} values are too many to look at: at most {LONGEST:,}")
    return SeriesReading(forecaster, series, stretch, trace(forecaster, series.values[start:stop]))


def stretch_before(
    forecaster: Forecaster, series: TimeSeries, place: int, count: int | None = None
) -> Stretch:
    """What is read for the forecast of the value at an index; beyond the end, `len(series)`.

    That is what the forecaster itself reads for it, so that its forecast is the very same; where
    it reads on from one forecast to the next, until the last of them. Or the `count` values before.

    Raises UsageError where the index is none, or too few values lie before it.
    """
    plan, total = forecaster.plan, len(series)
    label = series.steps.label
    if not plan.window <= place <= total:
        raise UsageError(
            f"forecasts are for {label(plan.window)} to {label(total)}, the value beyond the end, "
            f"not for {label(place)}: this forecaster reads {plan.window} values before it"
            if total >= plan.window
            else f"the series has {total:,} values, this forecaster reads {plan.window:,} before "
            "it can forecast one"
        )
    if count is not None:
        if not 1 <= count <= place:
            raise UsageError(f"there are {place:,} values before {label(place)}, not {count:,}")
        return Stretch(place - count, place)
    if place == total or plan.ahead == 1:
        return Stretch(place - plan.window, place)
    start = (place - plan.window) // plan.ahead * plan.ahead
    return Stretch(start, min(start + plan.window + plan.ahead - 1, total))


def place_of(series: TimeSeries, written: str) -> int:
    """The index of the value that a person names by its date or number, as `Steps.label` has it.

    The one beyond the end can be named, too. Raises UsageError for any other.
    """
    place = series.steps.index(written)
    if place is None or place > len(series):
        first, last = series.steps.label(0), series.steps.label(len(series))
        raise UsageError(f"the series has no step {written!r}: name one from {first} to {last}")
    return place


def remarks(reading: SeriesReading) -> list[str]:
    """What whoever looks at a reading should know about it."""
    plan, training = reading.forecaster.plan, reading.forecaster.training
    told = []
    if plan.as_features:
        told.append(
            f"all {plan.window} values enter at once, in one single step: the recurrent weights U "
            "meet a state of zeros and do nothing"
        )
    elif len(reading) > reading.longest_known:
        told.append(
            f"the forecaster itself starts anew after {reading.longest_known} values at most: "
            "from there on, its own forecasts are a little different"
        )
    if not is_learnt(training, reading.series):
        told.append(f"{reading.series.name} is not what this forecaster learnt: {training.series}")
    return told
