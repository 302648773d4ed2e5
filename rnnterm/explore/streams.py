"""A long text read as many short ones side by side, each a row of one matrix product.

Each stream reads the `WARM_UP` characters before its piece first, so that it arrives there with a
state much like that of reading on from the beginning; only the first piece starts cold, as the text
does.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np
import numpy.typing as npt

from rnnterm.cores import usable_threads
from rnnterm.nn.cells import Array, Gates
from rnnterm.nn.network import Network
from rnnterm.text.vocab import Ids

WARM_UP = 100
"""Characters that a stream reads before its piece."""
_STREAMS = 512
_FEWEST = 32  # that are worth a core of their own
_PIECE = 20 * WARM_UP  # characters at least: warming up then costs a twentieth

Places = npt.NDArray[np.intp]


class Streams:
    """A text of n >= 1 characters as `count` pieces of `length`, the last one perhaps shorter."""

    def __init__(self, total: int) -> None:
        count = min(max(1, total // _PIECE), _STREAMS)
        self.total = total
        self.length = -(-total // count)
        self.count = -(-total // self.length)
        self._starts = np.arange(self.count) * self.length

    def places(self, step: int) -> Places:
        """Which character each stream reads at a step; before its piece, one that warms it up."""
        places: Places = np.clip(self._starts + step, 0, self.total - 1)
        return places

    def inside(self, step: int) -> int:
        """How many streams, the first ones, have a character of their own at a step."""
        return self.count if self._starts[-1] + step < self.total else self.count - 1

    def read(
        self, network: Network, ids: Ids, layer: int, name: str, units: Places
    ) -> Iterator[Array]:
        """A state or gate of some units at each step of the pieces, shape (count, len(units)).

        Each core reads a part of the streams: much of the time goes into other things than the
        products that a library would share among the cores by itself.
        """
        rows = np.array_split(np.arange(self.count), _groups(self.count))
        states = [network.initial_state(len(part)) for part in rows]

        def advance(group: int, step: int) -> Array:
            gates: tuple[Gates, ...] = tuple({} for _ in network.cells)
            places = self.places(step)[rows[group]]
            with np.errstate(over="ignore", invalid="ignore"):  # whose numbers grow without bounds
                state = states[group] = network.advance(ids[places], states[group], gates)
            now = dict(zip(network.cells[layer].state_names, state[layer], strict=True))
            values: Array = (gates[layer] | now)[name][:, units]
            return values

        with ThreadPoolExecutor(len(rows)) as pool:
            for step in range(-WARM_UP if self.count > 1 else 0, self.length):
                if step == 0:
                    for part in (part for layers in states[0] for part in layers):
                        part[0] = 0  # the text's own beginning has nothing before it
                parts = list(pool.map(advance, range(len(rows)), repeat(step)))
                if step >= 0:
                    yield np.concatenate(parts)


def _groups(streams: int) -> int:
    """Among how many cores so many streams are shared."""
    return max(1, min(usable_threads(), streams // _FEWEST))
