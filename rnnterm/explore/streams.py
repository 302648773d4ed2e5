"""A long text read as many short ones side by side, each a row of one matrix product.

Each stream reads the `WARM_UP` characters before its piece first, so that it arrives there with a
state much like that of reading on from the beginning; only the first piece starts cold, as the text
does.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rnnterm.nn.cells import Array, Gates
from rnnterm.nn.network import Network
from rnnterm.text.vocab import Ids

WARM_UP = 100
"""Characters that a stream reads before its piece."""
_STREAMS = 512
_PIECE = 20 * WARM_UP  # characters at least: warming up then costs a twentieth


class Streams:
    """A text of n >= 1 characters as `count` pieces of `length`, the last one perhaps shorter."""

    def __init__(self, total: int) -> None:
        count = min(max(1, total // _PIECE), _STREAMS)
        self.total = total
        self.length = -(-total // count)
        self.count = -(-total // self.length)
        self._starts = np.arange(self.count) * self.length

    def places(self, step: int) -> npt.NDArray[np.intp]:
        """Which character each stream reads at a step; before its piece, one that warms it up."""
        places: npt.NDArray[np.intp] = np.clip(self._starts + step, 0, self.total - 1)
        return places

    def inside(self, step: int) -> int:
        """How many streams, the first ones, have a character of their own at a step."""
        return self.count if self._starts[-1] + step < self.total else self.count - 1

    def read(self, network: Network, ids: Ids, layer: int, name: str) -> Iterator[Array]:
        """A state or gate of a layer at each step of the pieces, shape (count, H)."""
        state = network.initial_state(self.count)
        warm_up = WARM_UP if self.count > 1 else 0
        for step in range(-warm_up, self.length):
            if step == 0:
                for part in (part for states in state for part in states):
                    part[0] = 0  # the text's own beginning has nothing before it
            gates: tuple[Gates, ...] = tuple({} for _ in network.cells)
            state = network.advance(ids[self.places(step)], state, gates)
            if step >= 0:
                states = zip(network.cells[layer].state_names, state[layer], strict=True)
                yield (gates[layer] | dict(states))[name]
