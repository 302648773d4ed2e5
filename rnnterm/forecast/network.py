"""A forecaster's network, and several of them side by side, on the cells of `rnnterm.nn`.

Networks that differ only in their weights can be run as one: where their recurrent matrices are
the blocks on the diagonal of a larger one, with zeros elsewhere, none feels the others, and one
matrix product a step serves all. S networks, H units each, I inputs a step, T steps, B rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.nn.cells import ACTIVATIONS, Array, Cell, CellWeights, Gates, State, build_cell
from rnnterm.nn.spec import GATE_COUNT, Activation, CellKind
from rnnterm.wording import listed

Tensors = Mapping[str, Array]
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
WIDEST = 256
"""Units side by side at most: beyond, the zeros cost more than they save."""


@dataclass(frozen=True, kw_only=True)
class ForecasterSpec:
    """One network: a recurrent layer, perhaps a ReLU layer, and a single output.

    Attributes:
        inputs: I, the values that enter at a step.
        dense: units of the ReLU layer; 0 for none.
        linear: K, values before the last that reach the output directly; see `ForecastPlan`.
        squash: the output goes through tanh.
    """

    cell: CellKind
    hidden_size: int
    inputs: int = 1
    activation: Activation = "tanh"
    reset_after: bool = True
    dense: int = 0
    linear: int = 0
    squash: bool = False

    @classmethod
    def of(cls, plan: ForecastPlan) -> "ForecasterSpec":
        """The network that a plan asks for."""
        return cls(
            cell=plan.cell,
            hidden_size=plan.units,
            inputs=plan.window if plan.as_features else 1,
            activation=plan.activation,
            dense=plan.dense,
            linear=plan.linear,
            squash=plan.squash,
        )

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Every trained tensor's name and shape, in PyTorch's layout (rows are outputs)."""
        rows = GATE_COUNT[self.cell] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "rnn.0.weight_ih": (rows, self.inputs),
            "rnn.0.weight_hh": (rows, self.hidden_size),
            "rnn.0.bias_ih": (rows,),
            "rnn.0.bias_hh": (rows,),
        }
        if self.dense:
            shapes |= {"dense.weight": (self.dense, self.hidden_size), "dense.bias": (self.dense,)}
        if self.linear:
            shapes["linear.weight"] = (1, self.linear)
        return shapes | {"head.weight": (1, self.dense or self.hidden_size), "head.bias": (1,)}

    @property
    def parameter_count(self) -> int:
        """Trained numbers of one network."""
        return sum(int(np.prod(shape)) for shape in self.tensor_shapes().values())

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain JSON values; `ForecasterSpec(**values)` reads it back."""
        return asdict(self)


class SideBySide:
    """S networks of one spec, run as one.

    Attributes:
        cell: the joined recurrent layer, of S*H units.
    """

    def __init__(self, spec: ForecasterSpec, networks: Sequence[Tensors]) -> None:
        self.spec, self.count = spec, len(networks)
        self.cell: Cell = build_cell(spec, joined_weights(spec, networks))
        names = spec.tensor_shapes().keys() - {f"rnn.0.{part}" for part in PARTS}
        self._stacked = {name: np.stack([net[name] for net in networks]) for name in names}

    def initial_state(self, rows: int) -> State:
        """All zeros, each part of shape (B, S*H)."""
        zeros = np.zeros((rows, self.count * self.spec.hidden_size), np.float32)
        return tuple(zeros for _ in self.cell.state_names)

    def step(self, inputs: Array, state: State, gates: Gates | None = None) -> tuple[Array, State]:
        """One step: inputs of shape (B, S, I) to outputs of shape (B, S), and the state."""
        after = self.cell.step(self.cell.project(inputs.reshape(len(inputs), -1)), state, gates)
        return self.outputs(after[0]), after

    def outputs(self, h: Array) -> Array:
        """What the networks say in a state h of shape (..., S*H): shape (..., S)."""
        values = h.reshape(*h.shape[:-1], self.count, self.spec.hidden_size)
        if self.spec.dense:
            values = np.einsum("...sh,sdh->...sd", values, self._stacked["dense.weight"])
            values = ACTIVATIONS["relu"](values + self._stacked["dense.bias"])
        said = (values * self._stacked["head.weight"][:, 0]).sum(axis=-1)
        said = said + self._stacked["head.bias"][:, 0]
        return ACTIVATIONS["tanh"](said) if self.spec.squash else said

    def read(self, rows: Array, first: int = 0) -> tuple[Array, State]:
        """Read from a cold start what is the same for all networks.

        Args:
            rows: shape (B, T, I).
            first: the step whose output is the first that is wanted.

        Returns the outputs of steps `first` to T - 1, shape (B, T - first, S), and the last state.
        """
        state = self.initial_state(len(rows))
        projected = self.cell.project(np.tile(rows.astype(np.float32), self.count))
        kept = []
        for step in range(rows.shape[1]):
            state = self.cell.step(projected[:, step], state)
            if step >= first:
                kept.append(state[0])
        return self.outputs(np.stack(kept, axis=1)), state


def groups(spec: ForecasterSpec, networks: Sequence[Tensors]) -> list[SideBySide]:
    """All networks, as many side by side as pay."""
    size = group_size(spec)
    return [SideBySide(spec, networks[at : at + size]) for at in range(0, len(networks), size)]


def group_size(spec: ForecasterSpec) -> int:
    """How many networks go side by side."""
    return max(1, WIDEST // spec.hidden_size)


def joined_weights(spec: ForecasterSpec, networks: Sequence[Tensors]) -> CellWeights:
    """The recurrent layers of S networks as one of S*H units and S*I inputs."""
    joined = {}
    for part in PARTS:
        tensors = [net[f"rnn.0.{part}"].astype(np.float32, copy=False) for net in networks]
        joined[part] = join_blocks(spec, tensors)
    return CellWeights(**joined)


def join_blocks(spec: ForecasterSpec, tensors: Sequence[Array]) -> Array:
    """One part of S layers as that of the joined layer; rows lie gate by gate, then by network.

    Matrices of shape (G*H, n) become (G*S*H, S*n), zero off the blocks; biases (G*H,) become
    (G*S*H,).
    """
    gates, size, count = GATE_COUNT[spec.cell], spec.hidden_size, len(tensors)
    if tensors[0].ndim == 1:
        return np.stack([tensor.reshape(gates, size) for tensor in tensors], axis=1).ravel()
    columns = tensors[0].shape[1]
    blocks = np.zeros((gates, count, size, count, columns), np.float32)
    for index, tensor in enumerate(tensors):
        blocks[:, index, :, index] = tensor.reshape(gates, size, columns)
    return blocks.reshape(gates * count * size, count * columns)


def split_blocks(spec: ForecasterSpec, joined: Array, count: int) -> list[Array]:
    """What `join_blocks` joined."""
    gates, size = GATE_COUNT[spec.cell], spec.hidden_size
    if joined.ndim == 1:
        parts = joined.reshape(gates, count, size)
        return [parts[:, index].reshape(-1).copy() for index in range(count)]
    blocks = joined.reshape(gates, count, size, count, -1)
    return [blocks[:, i, :, i].reshape(gates * size, -1).copy() for i in range(count)]


def check_network(spec: ForecasterSpec, tensors: Tensors) -> None:
    """Raise RnntermError unless the tensors are those of the spec, well shaped and finite."""
    shapes = spec.tensor_shapes()
    if wrong := sorted(shapes.keys() ^ tensors.keys()):
        raise RnntermError(f"tensors are missing or not of this network: {listed(wrong)}")
    for name, shape in shapes.items():
        if tensors[name].shape != shape or tensors[name].dtype != np.float32:
            raise RnntermError(f"{name} is not of shape {shape} in float32")
        if not np.isfinite(tensors[name]).all():
            raise RnntermError(f"{name} holds NaN or infinity")
