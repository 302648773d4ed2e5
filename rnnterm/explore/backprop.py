"""Backpropagation through time, by hand: from a layer's output at a step back to all before it.

The derivatives of `rnnterm.nn.cells`, taken from the states and gates that a trace kept, in
doubles, so that a gradient may vanish or explode over many orders of magnitude and still be seen.
P backward passes, each from a step of its own, go side by side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rnnterm.nn.cells import Array, Cell, CellWeights, Gates
from rnnterm.nn.network import Indices
from rnnterm.nn.softmax import Doubles
from rnnterm.nn.spec import NetworkSpec

_FEW = 6


@dataclass(frozen=True, eq=False)
class Behind:
    """What one layer hands back at one step of each pass.

    Attributes:
        h, c: the derivative by the state before, shape (P, H); `c` of an LSTM only.
        own_c: by the LSTM's c after, through h and the steps after.
        input_sums: by the sums W x + b_ih of all gates, shape (P, G*H).
        recurrent_sums: by the sums U h + b_hh, shape (P, G*H).
    """

    h: Doubles
    c: Doubles | None
    input_sums: Doubles
    recurrent_sums: Doubles
    own_c: Doubles | None = None


class LayerBackprop(Protocol):
    """The derivatives of one layer at every step of a trace."""

    def back(self, steps: Indices, dh: Doubles, dc: Doubles | None) -> Behind:
        """One step back: derivatives by the states after `steps`, shape (P,), to those before."""

    def operands(self) -> list[tuple[slice, Doubles]]:
        """Rows of U, and what they multiply at every step, shape (T, H)."""


@dataclass(frozen=True, eq=False)
class Flow:
    """Where the P passes are, `lag` steps before they began.

    Attributes:
        steps: the step of each, shape (P,); below 0 it has passed the first, and all is zero.
        h: the derivative by each layer's h after the step, shape (P, H) each.
        input: by what entered the first layer, shape (P, I).
        behind: what each layer handed back.
    """

    lag: int
    steps: Indices
    h: list[Doubles]
    input: Doubles
    behind: list[Behind]


class Backprop:
    """The backward pass through what stacked layers did from a cold start.

    Args:
        layers: of each layer, its states and gates at every step, shape (T, H) each.
    """

    def __init__(self, spec: NetworkSpec, cells: Sequence[Cell], layers: Sequence[Gates]) -> None:
        self._weights = [_doubled(cell.weights) for cell in cells]
        self.layers = [
            _layer_backprop(spec, weights, trace)
            for weights, trace in zip(self._weights, layers, strict=True)
        ]
        self._has_cell = spec.cell == "lstm"

    def walk(self, starts: Indices, top: Doubles, steps: int | None = None) -> Iterator[Flow]:
        """Go back from the derivatives `top`, shape (P, H), by the last layer's h after `starts`.

        It ends when every pass has come to the first step, or after so many `steps`.
        """
        shape = top.shape
        carried_h = [np.zeros(shape) for _ in self.layers]
        carried_h[-1] = top.astype(np.float64)
        carried_c = [np.zeros(shape) if self._has_cell else None for _ in self.layers]
        reach = int(starts.max()) + 1
        for lag in range(reach if steps is None else min(steps, reach)):
            here = starts - lag
            flow = self._back(lag, here, carried_h, carried_c)
            yield flow
            inside = (here > 0)[:, np.newaxis]
            carried_h = [layer.h * inside for layer in flow.behind]
            carried_c = [None if one.c is None else one.c * inside for one in flow.behind]

    def jacobian(self, layer: int, step: int) -> Doubles:
        """How a layer's h after a step depends on its h before, shape (H, H); c is held."""
        size = self._weights[layer].hidden_size
        held = np.zeros((size, size)) if self._has_cell else None
        return self.layers[layer].back(np.full(size, step), np.eye(size), held).h

    def _back(self, lag: int, here: Indices, dh: list[Doubles], dc: list[Doubles | None]) -> Flow:
        """One step of all layers, the last first: what entered one is the h of the one below."""
        at = np.maximum(here, 0)
        behind: list[Behind] = []
        entered = np.zeros_like(dh[-1])
        reached = list(dh)
        for place in reversed(range(len(self.layers))):
            if behind:
                reached[place] = dh[place] + entered
            behind.append(self.layers[place].back(at, reached[place], dc[place]))
            entered = _times(behind[-1].input_sums, self._weights[place].weight_ih)
        return Flow(lag, here, reached, entered, behind[::-1])


def _layer_backprop(spec: NetworkSpec, weights: CellWeights, trace: Gates) -> LayerBackprop:
    if spec.cell == "lstm":
        return _LSTM(weights, trace)
    if spec.cell == "gru":
        return _GRU(weights, trace) if spec.reset_after else _GRUResetBefore(weights, trace)
    return _SimpleRNN(weights, trace, spec.activation)


class _SimpleRNN:
    def __init__(self, weights: CellWeights, trace: Gates, activation: str) -> None:
        h = trace["h"].astype(np.float64)
        slopes = {"tanh": lambda: 1 - h * h, "relu": lambda: (h > 0).astype(np.float64)}
        self._slope = slopes.get(activation, lambda: np.ones_like(h))()
        self._before = _before(h)
        self._weights = weights

    def back(self, steps: Indices, dh: Doubles, dc: Doubles | None) -> Behind:
        sums = dh * self._slope[steps]
        return Behind(_times(sums, self._weights.weight_hh), None, sums, sums)

    def operands(self) -> list[tuple[slice, Doubles]]:
        return [(slice(None), self._before)]


class _LSTM:
    def __init__(self, weights: CellWeights, trace: Gates) -> None:
        i, f, g, o, c, h = (trace[name].astype(np.float64) for name in "ifgoch")
        shown = np.tanh(c)
        self._f, self._before = f, _before(h)
        self._through = o * (1 - shown * shown)
        # By c for i, f and g, and by h for o: each gate's derivative by its own sum.
        self._slopes = np.concatenate(
            (g * i * (1 - i), _before(c) * f * (1 - f), i * (1 - g * g), shown * o * (1 - o)),
            axis=1,
        )
        self._weights = weights

    def back(self, steps: Indices, dh: Doubles, dc: Doubles | None) -> Behind:
        by_c = dh * self._through[steps]
        if dc is not None:
            by_c += dc
        sums = np.concatenate((by_c, by_c, by_c, dh), axis=1)
        sums *= self._slopes[steps]
        return Behind(
            _times(sums, self._weights.weight_hh), by_c * self._f[steps], sums, sums, by_c
        )

    def operands(self) -> list[tuple[slice, Doubles]]:
        return [(slice(None), self._before)]


class _GRU:
    """Reset after the product."""

    def __init__(self, weights: CellWeights, trace: Gates) -> None:
        r, z, n, h = (trace[name].astype(np.float64) for name in "rznh")
        rows = slice(2 * weights.hidden_size, None)
        self._before = _before(h)
        product = self._before @ weights.weight_hh[rows].T + weights.bias_hh[rows]
        self._r, self._z = r, z
        self._by_z = (self._before - n) * z * (1 - z)
        self._by_n = (1 - z) * (1 - n * n)
        self._n_by_r = product * r * (1 - r)
        self._weights = weights

    def back(self, steps: Indices, dh: Doubles, dc: Doubles | None) -> Behind:
        by_n = dh * self._by_n[steps]
        by_r, by_z = by_n * self._n_by_r[steps], dh * self._by_z[steps]
        entering = np.concatenate((by_r, by_z, by_n), axis=1)
        recurrent = np.concatenate((by_r, by_z, by_n * self._r[steps]), axis=1)
        before = _times(recurrent, self._weights.weight_hh)
        before += dh * self._z[steps]
        return Behind(before, None, entering, recurrent)

    def operands(self) -> list[tuple[slice, Doubles]]:
        return [(slice(None), self._before)]


class _GRUResetBefore:
    def __init__(self, weights: CellWeights, trace: Gates) -> None:
        r, z, n, h = (trace[name].astype(np.float64) for name in "rznh")
        self._size = weights.hidden_size
        self._before = _before(h)
        self._r, self._z = r, z
        self._by_z = (self._before - n) * z * (1 - z)
        self._by_n = (1 - z) * (1 - n * n)
        self._reset_by_r = self._before * r * (1 - r)
        self._weights = weights

    def back(self, steps: Indices, dh: Doubles, dc: Doubles | None) -> Behind:
        split = 2 * self._size
        by_n = dh * self._by_n[steps]
        by_reset = _times(by_n, self._weights.weight_hh[split:])  # by the product r h
        r_z = np.concatenate((by_reset * self._reset_by_r[steps], dh * self._by_z[steps]), axis=1)
        before = _times(r_z, self._weights.weight_hh[:split])
        before += by_reset * self._r[steps]
        before += dh * self._z[steps]
        sums = np.concatenate((r_z, by_n), axis=1)
        return Behind(before, None, sums, sums)

    def operands(self) -> list[tuple[slice, Doubles]]:
        split = 2 * self._size
        return [(slice(split), self._before), (slice(split, None), self._r * self._before)]


def _times(rows: Doubles, matrix: Array) -> Doubles:
    """The product of P rows with a matrix.

    Of few rows one by one: OpenBLAS would first copy the whole matrix into another order, at every
    step. Measured with 512 units of an LSTM: of 4 rows, less than half of the time.
    """
    if len(rows) > _FEW:
        together: Doubles = rows @ matrix
        return together
    return np.stack([row @ matrix for row in rows])


def _before(states: Doubles) -> Doubles:
    """The state before every step: zeros at first."""
    return np.concatenate((np.zeros_like(states[:1]), states[:-1]))


def _doubled(weights: CellWeights) -> CellWeights:
    def doubled(tensor: Array) -> Doubles:
        return np.ascontiguousarray(tensor, np.float64)

    return CellWeights(
        doubled(weights.weight_ih),
        doubled(weights.weight_hh),
        doubled(weights.bias_ih),
        doubled(weights.bias_hh),
    )
