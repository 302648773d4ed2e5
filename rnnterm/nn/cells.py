"""The cell equations, written once.

Every cell turns a projected input `W x + b` and a state into the next state, and can hand out each
gate on the way. Layout and gate order are PyTorch's: rows are outputs, `i,f,g,o` and `r,z,n`.
Arrays may carry leading batch dimensions; H is the hidden size, I the input size.

Equations: LSTM, Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000; GRU, Cho et
al. 2014 (reset before the product) and the variant of cuDNN (reset after it); simple RNN, Elman
1990. The forms are those of https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from rnnterm.nn.spec import Activation, CellKind

Array = npt.NDArray[np.floating[Any]]
State = tuple[Array, ...]
"""One layer's state: (h,) or, for the LSTM, (h, c); each of shape (..., H)."""
Gates = dict[str, Array]
"""Gate values by name, each of shape (..., H)."""


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), by the tanh identity, which cannot overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5  # type: ignore[no-any-return]


_SMALL = 400_000  # numbers; from about there on, BLAS shares a product among its threads


def _for_vectors(matrix: Array) -> Array:
    """A matrix in the memory order in which products with single vectors are fastest.

    Measured on OpenBLAS: up to about 300 units, rows that lie together take a sixth off; beyond,
    the transposed view of PyTorch's layout is the faster one.
    """
    return np.ascontiguousarray(matrix) if matrix.size < _SMALL else matrix


ACTIVATIONS: dict[Activation, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


@dataclass(frozen=True)
class CellWeights:
    """One layer's tensors; G is the number of gates.

    Attributes:
        weight_ih: W, shape (G*H, I).
        weight_hh: U, shape (G*H, H).
        bias_ih: shape (G*H,).
        bias_hh: shape (G*H,).
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array
    bias_hh: Array

    @property
    def hidden_size(self) -> int:
        """H."""
        return int(self.weight_hh.shape[1])


class Cell(Protocol):
    """One recurrent layer."""

    weights: CellWeights

    @property
    def state_names(self) -> tuple[str, ...]:
        """What its state is made of, `h` first."""

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The gates that `step` can hand out."""

    def project(self, x: Array) -> Array:
        """The part of a step that needs no state, for `step` alone: (..., I) becomes (..., G*H)."""

    def step(self, projected: Array, state: State, gates: Gates | None = None) -> State:
        """The state after one character; `gates`, where given, receives every gate's values."""


class SimpleRNN:
    """h' = φ(W x + b_ih + U h + b_hh)."""

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    gate_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, weights: CellWeights, activation: Activation = "tanh") -> None:
        self.weights = weights
        self._activate = ACTIVATIONS[activation]
        self._bias = weights.bias_ih + weights.bias_hh

    def project(self, x: Array) -> Array:
        """See `Cell.project`."""
        return x @ self.weights.weight_ih.T + self._bias

    def step(self, projected: Array, state: State, gates: Gates | None = None) -> State:
        """See `Cell.step`."""
        return (self._activate(projected + state[0] @ self.weights.weight_hh.T),)


class LSTM:
    """i, f, o = σ(W x + U h + b), g = tanh(...); c' = f c + i g; h' = o tanh(c')."""

    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    gate_names: ClassVar[tuple[str, ...]] = ("i", "f", "g", "o")

    def __init__(self, weights: CellWeights) -> None:
        self.weights = weights
        # Beside the product U h, the gates are where a generated character's time goes. So all
        # four come of one tanh, by σ(x) = ½ tanh(½ x) + ½: the weights of the three σ gates are
        # halved once, here, and those gates lie side by side, in the order i, f, o, g.
        size = self._size = weights.hidden_size
        order = np.r_[: 2 * size, 3 * size : 4 * size, 2 * size : 3 * size]
        slope = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], weights.weight_hh.dtype), size)
        self._recurrent = _for_vectors((slope[:, np.newaxis] * weights.weight_hh[order]).T)
        self._input = (slope[:, np.newaxis] * weights.weight_ih[order]).T
        self._bias = slope * (weights.bias_ih + weights.bias_hh)[order]

    def project(self, x: Array) -> Array:
        """See `Cell.project`."""
        return x @ self._input + self._bias

    def step(self, projected: Array, state: State, gates: Gates | None = None) -> State:
        """See `Cell.step`."""
        h, c = state
        size = self._size
        values = h @ self._recurrent
        values += projected
        np.tanh(values, out=values)
        sigmoids = values[..., : 3 * size]
        sigmoids *= 0.5
        sigmoids += 0.5
        i, f = values[..., :size], values[..., size : 2 * size]
        o, g = values[..., 2 * size : 3 * size], values[..., 3 * size :]
        c = f * c
        c += i * g
        if gates is not None:
            gates.update(i=i, f=f, g=g, o=o)
        return self.output(c, o), c

    @staticmethod
    def output(c: Array, o: Array) -> Array:
        """What a cell state shows of itself through the output gate."""
        h = np.tanh(c)
        h *= o
        return h


class GRU:
    """r, z = σ(W x + U h + b); h' = (1 - z) n + z h, with one of two candidates n.

    Reset after the product: n = tanh(W x + b_ih + r (U h + b_hh)).
    Reset before the product: n = tanh(W x + b_ih + U (r h) + b_hh).
    """

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    gate_names: ClassVar[tuple[str, ...]] = ("r", "z", "n")

    def __init__(self, weights: CellWeights, *, reset_after: bool = True) -> None:
        self.weights = weights
        self._reset_after = reset_after

    def project(self, x: Array) -> Array:
        """See `Cell.project`."""
        return x @ self.weights.weight_ih.T + self.weights.bias_ih

    def step(self, projected: Array, state: State, gates: Gates | None = None) -> State:
        """See `Cell.step`."""
        (h,) = state
        size = self.weights.hidden_size
        weight_hh, bias_hh = self.weights.weight_hh, self.weights.bias_hh
        rows = 3 * size if self._reset_after else 2 * size
        recurrent = h @ weight_hh[:rows].T + bias_hh[:rows]
        r_z = sigmoid(projected[..., : 2 * size] + recurrent[..., : 2 * size])
        r, z = r_z[..., :size], r_z[..., size:]
        if self._reset_after:
            candidate = r * recurrent[..., 2 * size :]
        else:
            candidate = (r * h) @ weight_hh[rows:].T + bias_hh[rows:]
        n = np.tanh(projected[..., 2 * size :] + candidate)
        if gates is not None:
            gates.update(r=r, z=z, n=n)
        return ((1 - z) * n + z * h,)


class CellSpec(Protocol):
    """What a description of a network must tell about its cell."""

    @property
    def cell(self) -> CellKind: ...  # noqa: D102

    @property
    def activation(self) -> Activation: ...  # noqa: D102

    @property
    def reset_after(self) -> bool: ...  # noqa: D102


def build_cell(spec: CellSpec, weights: CellWeights) -> Cell:
    """The cell that `spec` names, over one layer's tensors."""
    if spec.cell == "lstm":
        return LSTM(weights)
    if spec.cell == "gru":
        return GRU(weights, reset_after=spec.reset_after)
    return SimpleRNN(weights, spec.activation)
