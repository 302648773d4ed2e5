"""What every reading has, of a text or of a series: a network's states and gates, step by step.

T steps, H units.
"""

from abc import ABC, abstractmethod

import numpy as np

from rnnterm.nn.cells import Array, Cell, CellSpec, Gates, State

_SIGMOIDS = ("i", "f", "o", "r", "z")
LONGEST = 10_000
"""Steps of a reading: with 512 units of an LSTM, 120 MB of states and gates."""


class Unrolled(ABC):
    """A network that read something, one step after the other, from a cold start.

    Its layers lie on top of each other; the networks of a forecaster stand side by side, and count
    as layers here, because whoever looks at one of them does it in the same way.
    """

    LAYER = "layer"
    """What people call one of its layers."""

    @abstractmethod
    def __len__(self) -> int:
        """T, at least 1."""

    @property
    @abstractmethod
    def layers(self) -> tuple[Gates, ...]:
        """One dictionary a layer from a name (`h`, `c`, and every gate) to shape (T, H)."""

    @property
    @abstractmethod
    def cells(self) -> tuple[Cell, ...]:
        """The cell of each layer."""

    @property
    @abstractmethod
    def cell_spec(self) -> CellSpec:
        """Which cell they all are."""

    @abstractmethod
    def input_of(self, layer: int, step: int) -> Array:
        """What entered a layer at a step, shape (I,)."""

    @abstractmethod
    def begins_as(self, other: "Unrolled") -> bool:
        """Whether the same was read, or more of it: a step then means in both the same."""

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.cells[0].weights.hidden_size

    @property
    def names(self) -> tuple[str, ...]:
        """What `values` can show of a layer: its states, then its gates."""
        cell = self.cells[0]
        return (*cell.state_names, *cell.gate_names)

    def values(self, layer: int, name: str) -> Array:
        """A state or gate of a layer (from 0) at every step, shape (T, H)."""
        values: Array = self.layers[layer][name]
        return values

    def state_before(self, step: int) -> tuple[State, ...]:
        """The state in which each layer takes `step`, 0 to T: zeros at first."""
        return tuple(
            tuple(
                np.zeros_like(layer[name][0]) if step == 0 else layer[name][step - 1]
                for name in cell.state_names
            )
            for cell, layer in zip(self.cells, self.layers, strict=True)
        )


def value_range(name: str, values: Array) -> tuple[float, float]:
    """The lowest and highest of a colour scale for such values of a state or gate, by its name.

    0 to 1 for a σ gate; for what has both signs -1 to 1, or as far as the largest goes: a quiet
    layer does not look as loud as a full one.
    """
    if name in _SIGMOIDS:
        return 0.0, 1.0
    largest = max(1.0, float(np.abs(values).max(initial=0)))
    return -largest, largest
