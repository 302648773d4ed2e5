"""A trained forecaster: one-step forecasts of a series, forecasts beyond its end, and its cells.

n values, W the window, S networks, whose mean is the forecast; H lead times, B origins. All of it
runs on the numpy cells, without torch. Arrays are in the scale that the networks learnt in, unless
their text says otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnterm.forecast.network import ForecasterSpec, SideBySide, Tensors, groups
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.result import Doubles
from rnnterm.forecast.scaler import Scaler
from rnnterm.nn.cells import Array, State

_ROWS_AT_ONCE = 256
Indices = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Training:
    """What a forecaster learnt from.

    Attributes:
        series: its name.
        split: how many values were the training part, of which `fitted` were learnt from.
        sha256: of the training part's bytes, to know it again.
        epochs: of each network.
    """

    series: str
    split: int
    fitted: int
    sha256: str
    epochs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Forecaster:
    """Networks that were trained by a plan, and the scale they work in.

    Attributes:
        plan: with `residual` decided: not `auto`.
        networks: each network's tensors by the names of `spec.tensor_shapes()`.
        errors: absolute one-step errors where nothing was learnt, oldest first: see `intervals`.
        errors_by_lead: absolute errors of recursive forecasts there, shape (B, H), NaN where none.
    """

    plan: ForecastPlan
    spec: ForecasterSpec
    scaler: Scaler
    networks: tuple[Tensors, ...]
    training: Training
    errors: Doubles = field(default_factory=lambda: np.empty(0))
    errors_by_lead: Doubles = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def residual(self) -> bool:
        """Whether the networks tell the change from the last value."""
        return self.plan.residual == "on"

    @cached_property
    def _groups(self) -> list[SideBySide]:
        return groups(self.spec, self.networks)

    def one_step(
        self, scaled: Doubles, first: int = 0, on_share: Callable[[float], None] | None = None
    ) -> Doubles:
        """A forecast of every value from those before it, shape (n,).

        NaN for the first W; those before index `first` may be NaN, too, to save the time.
        `on_share` hears now and then how much of the series is done, 0 to 1.
        """
        told = np.full(len(scaled), np.nan)
        for targets, values in self._one_step_pieces(scaled, first):
            told[targets] = values
            if on_share is not None:
                on_share(targets.stop / len(scaled))
        return told

    def _one_step_pieces(self, scaled: Doubles, first: int) -> Iterator[tuple[slice, Doubles]]:
        """Forecasts of neighbouring values, a batch of pieces at a time."""
        window, ahead = self.plan.window, self.plan.ahead
        begin = max(0, (first - window) // ahead) * ahead
        starts = np.arange(begin, len(scaled) - window, ahead)
        for at in range(0, len(starts), _ROWS_AT_ONCE):
            some = starts[at : at + _ROWS_AT_ONCE]
            forecasts = self.forecasts_of(scaled, some).ravel()
            at_first = int(some[0]) + window
            targets = slice(at_first, min(at_first + len(forecasts), len(scaled)))
            yield targets, forecasts[: targets.stop - at_first]

    def forecasts_of(self, scaled: Doubles, starts: Indices) -> Doubles:
        """What pieces that begin at `starts` forecast, shape (B, `plan.ahead`).

        The last piece may reach beyond the end of the series, where its forecasts mean nothing.
        """
        window, ahead = self.plan.window, self.plan.ahead
        index = starts[:, np.newaxis] + np.arange(window + ahead - 1)
        pieces = scaled[np.minimum(index, len(scaled) - 1)]
        said = self._mean([group.read(*self._inputs(pieces))[0] for group in self._groups])
        reach = self.plan.linear + 1
        windows = np.lib.stride_tricks.sliding_window_view(pieces, reach, axis=1)
        return said + self._direct(windows[:, window - reach :])

    def recursive(self, scaled: Doubles, origins: Indices, horizon: int) -> Doubles:
        """Forecasts of the values at `origin`, `origin + 1`, … from those before `origin` alone.

        Each forecast is read as if it were the value. Shape (B, horizon); origins are at least W.
        """
        window = self.plan.window
        pieces = scaled[origins[:, np.newaxis] + np.arange(-window, 0)]
        if self.plan.carried:
            return self._carried_on(pieces, horizon)
        told = np.empty((len(origins), horizon))
        for lead in range(horizon):
            said = self._mean([group.read(*self._inputs(pieces))[0] for group in self._groups])
            told[:, lead] = said[:, 0] + self._direct(pieces)
            pieces = np.column_stack([pieces[:, 1:], told[:, lead]])
        return told

    def _carried_on(self, pieces: Doubles, horizon: int) -> Doubles:
        """Recursive forecasts with the state carried on from the window."""
        told = np.empty((len(pieces), horizon))
        read = [group.read(*self._inputs(pieces)) for group in self._groups]
        said, states = self._mean([one for one, _ in read])[:, 0], [state for _, state in read]
        for lead in range(horizon):
            told[:, lead] = said + self._direct(pieces)
            pieces = np.column_stack([pieces[:, 1:], told[:, lead]])
            if lead + 1 < horizon:
                said, states = self._step(told[:, lead], states)
        return told

    def _step(self, values: Doubles, states: Sequence[State]) -> tuple[Doubles, list[State]]:
        """All networks read one more value in each of B rows."""
        outputs, after = [], []
        for group, state in zip(self._groups, states, strict=True):
            rows = np.repeat(values[:, np.newaxis], group.count, axis=1).astype(np.float32)
            said, following = group.step(rows, state)
            outputs.append(said)
            after.append(following)
        return self._mean(outputs), after

    def _direct(self, values: Doubles) -> Doubles:
        """What is added to the networks' outputs: of the last of values of shape (..., T), (...).

        The last value where the networks tell the change from it, and what the K values before it
        have to say directly.
        """
        last = values[..., -1]
        if not self.residual:
            return np.zeros_like(last)
        count = self.plan.linear
        return last + (values[..., -1 - count : -1] - last[..., np.newaxis]) @ self._linear

    @cached_property
    def _linear(self) -> Doubles:
        """The mean of the networks' direct weights, shape (K,)."""
        if not self.plan.linear:
            return np.zeros(0)
        weights = np.stack([network["linear.weight"][0] for network in self.networks])
        mean: Doubles = weights.mean(axis=0, dtype=np.float64)
        return mean

    def direct_to_each(self, values: Doubles) -> Doubles:
        """`_direct` after each of T values that are all there is, shape (T,).

        Values before the first are taken to be as the first.
        """
        count = self.plan.linear
        padded = np.concatenate([np.repeat(values[:1], count), values])
        return self._direct(np.lib.stride_tricks.sliding_window_view(padded, count + 1))

    def _inputs(self, pieces: Doubles) -> tuple[Array, int]:
        """Rows of inputs, shape (B, T, I), and the step whose output is the first forecast."""
        rows = pieces.astype(np.float32)
        if self.plan.as_features:
            return rows[:, np.newaxis, :], 0
        return rows[:, :, np.newaxis], self.plan.window - 1

    @staticmethod
    def _mean(outputs: Sequence[Array]) -> Doubles:
        """Over all networks: outputs of shape (..., S') to (...)."""
        told: Doubles = np.concatenate(outputs, axis=-1).mean(axis=-1, dtype=np.float64)
        return told

    def alone(self, network: int) -> "Forecaster":
        """One of the networks, from 0, as a forecaster of its own."""
        return replace(self, networks=(self.networks[network],))
