"""A trained network in numpy: stacked cells between characters and next-character scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.nn.cells import Array, Cell, CellWeights, Gates, State, build_cell
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.windows import one_hot, scalar

_SYMBOLS_AT_ONCE = 256
# Weights up to here cannot make numbers of 32 bits overflow, where states are bounded: scores stay
# below _MAX_SIZE of nn/spec times this. So nothing is looked after at each step of such a network,
# of which looking would take 2 % (2 of 100 us for an LSTM of 512 units).
_TAME = 1e12
_RUNAWAY = 1e30

NetworkState = tuple[State, ...]
"""One state a layer, first layer first."""
Indices = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Trace:
    """Everything that happened while a text was read; T characters, H units, V symbols.

    Attributes:
        logits: scores of the next character after each step, shape (T, ..., V).
        layers: one dictionary a layer from a name (`h`, `c`, and every gate) to (T, ..., H).
    """

    logits: Array
    layers: tuple[Gates, ...]


class RunawayError(RnntermError):
    """A network's values are beyond all bounds."""

    def __init__(self) -> None:
        super().__init__("the network's values run away: its weights are damaged or far too large")


def may_run_away(tensors: Iterable[Array], *, is_bounded: bool) -> bool:
    """Whether values of a network with these weights can grow beyond numbers of 32 bits."""
    return not is_bounded or not all(
        tensor.min() > -_TAME and tensor.max() < _TAME for tensor in tensors
    )


def check_scores(logits: Array) -> None:
    """Raise RunawayError for scores that are no numbers, or absurdly large."""
    if not (logits.max() < _RUNAWAY and logits.min() > -_RUNAWAY):  # nor NaN
        raise RunawayError


class Network:
    """Reads characters one at a time; the cost of a step does not depend on what came before."""

    def __init__(self, spec: NetworkSpec, tensors: Mapping[str, Array]) -> None:
        self.spec = spec
        self.tensors = dict(tensors)
        self._is_watched = may_run_away(self.tensors.values(), is_bounded=spec.is_bounded)
        with np.errstate(over="ignore", invalid="ignore"):
            self.cells: tuple[Cell, ...] = tuple(
                build_cell(
                    spec,
                    CellWeights(
                        **{
                            part: self.tensors[f"rnn.{layer}.{part}"]
                            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                        }
                    ),
                )
                for layer in range(spec.num_layers)
            )
        self._head = self.tensors["head.weight"].T

    def input_rows(self, symbols: Indices) -> Array:
        """What symbols look like to the first layer: (n,) indices to (n, input_size)."""
        if self.spec.input == "embedding":
            return self.tensors["embedding.weight"][symbols]
        form = one_hot if self.spec.input == "onehot" else scalar
        return form(symbols.astype(np.uint32), self.spec.vocab_size)

    @cached_property
    def _projected_symbols(self) -> Array:
        """The first layer's `W x + b` for every symbol, so that reading one is a row look-up."""
        symbols = np.arange(self.spec.vocab_size)
        # In pieces: the one-hot rows of a large alphabet, all at once, would be its square.
        pieces = np.array_split(symbols, range(_SYMBOLS_AT_ONCE, len(symbols), _SYMBOLS_AT_ONCE))
        return np.concatenate([self.cells[0].project(self.input_rows(piece)) for piece in pieces])

    def initial_state(self, *batch: int) -> NetworkState:
        """All zeros, with leading batch dimensions where given."""
        dtype = self.tensors["head.weight"].dtype
        zeros = np.zeros((*batch, self.spec.hidden_size), dtype)
        return tuple(tuple(zeros for _ in cell.state_names) for cell in self.cells)

    def advance(
        self, ids: int | Indices, state: NetworkState, gates: tuple[Gates, ...] | None = None
    ) -> NetworkState:
        """Read one character each, of shape (...), without asking what comes next."""
        projected = self._projected_symbols.take(ids, axis=0)
        following: list[State] = []
        for layer, cell in enumerate(self.cells):
            if layer:
                projected = cell.project(following[-1][0])
            following.append(cell.step(projected, state[layer], gates[layer] if gates else None))
        return tuple(following)

    def step(
        self, ids: int | Indices, state: NetworkState, gates: tuple[Gates, ...] | None = None
    ) -> tuple[Array, NetworkState]:
        """Read one character each: indices of shape (...) to logits of shape (..., V).

        Raises RunawayError where they are no numbers, or absurdly large.
        """
        if not self._is_watched:
            return self._step(ids, state, gates)
        with np.errstate(over="ignore", invalid="ignore"):
            logits, state = self._step(ids, state, gates)
            check_scores(logits)
        return logits, state

    def _step(
        self, ids: int | Indices, state: NetworkState, gates: tuple[Gates, ...] | None
    ) -> tuple[Array, NetworkState]:
        state = self.advance(ids, state, gates)
        logits = state[-1][0] @ self._head
        logits += self.tensors["head.bias"]
        return logits, state

    def read(self, ids: Indices, state: NetworkState | None = None) -> tuple[Array, NetworkState]:
        """Read a text of shape (T, ...); the logits after its last character and the state.

        T must be at least 1. Without `state` the network starts cold.
        """
        state = state or self.initial_state(*ids.shape[1:])
        for index in ids:
            logits, state = self.step(index, state)
        return logits, state

    def spread(self, state: NetworkState, rows: int) -> NetworkState:
        """The state of one text, of batch shape (1,), as that of `rows` equal ones."""
        return tuple(tuple(np.repeat(part, rows, axis=0) for part in layer) for layer in state)

    def trace(self, ids: Indices, state: NetworkState | None = None) -> Trace:
        """Read a text of shape (T, ...) and keep every logit, state and gate."""
        state = state or self.initial_state(*ids.shape[1:])
        all_logits = []
        steps: list[tuple[Gates, ...]] = []
        for index in ids:
            gates: tuple[Gates, ...] = tuple({} for _ in self.cells)
            logits, state = self.step(index, state, gates)
            all_logits.append(logits)
            for cell, layer_gates, layer_state in zip(self.cells, gates, state, strict=True):
                layer_gates.update(zip(cell.state_names, layer_state, strict=True))
            steps.append(gates)
        layers = tuple(
            {name: np.stack([step[layer][name] for step in steps]) for name in steps[0][layer]}
            for layer in range(self.spec.num_layers)
        )
        return Trace(np.stack(all_logits), layers)
