"""From a text's indices to batches; every batch follows from the step alone, so a run can resume
at any step without a stored order."""

from dataclasses import dataclass, replace
from math import gcd
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.text.vocab import Ids
from rnnterm.text.windows import Windows
from rnnterm.training.recipe import Recipe


@dataclass(frozen=True)
class Batch:
    """What one training step reads; B rows.

    Attributes:
        step: which of the run's batches it is, counted from 0 through all epochs.
        inputs: indices, shape (B, T).
        targets: indices of the next characters, shape (B, T), or (B,) for windows.
        fresh: whether the network starts it with a zero state instead of the carried one.
    """

    step: int
    inputs: npt.NDArray[np.unsignedinteger]
    targets: npt.NDArray[np.unsignedinteger]
    fresh: bool

    @property
    def characters(self) -> int:
        """Characters that the network reads."""
        return self.inputs.size

    def rows(self, start: int, stop: int) -> "Batch":
        """The rows from `start` up to `stop` as a batch of their own."""
        return replace(self, inputs=self.inputs[start:stop], targets=self.targets[start:stop])


class Batches(Protocol):
    """The batches of a run, in order."""

    steps_per_epoch: int

    def at(self, step: int) -> Batch:
        """The batch of a step, counted from 0 through all epochs."""


class StreamBatches:
    """B contiguous streams, read side by side T characters at a time, state carried between.

    Each epoch starts a little later in the text, so the borders at which gradients stop (and the
    targets that only a truncated past precedes) are not the same every time.
    """

    def __init__(self, ids: Ids, batch_size: int, bptt: int, seed: int) -> None:
        self._ids, self._rows, self._bptt, self._seed = ids, batch_size, bptt, seed
        # The largest offset, and the last character, which has no target, are set aside.
        self.steps_per_epoch = (len(ids) - bptt) // (batch_size * bptt)
        if self.steps_per_epoch < 1:
            raise RnntermError(
                f"{len(ids):,} characters are too few for {batch_size} streams of {bptt}: "
                f"lower batch_size or bptt"
            )

    def at(self, step: int) -> Batch:
        """See `Batches.at`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        offset = int(np.random.default_rng((self._seed, epoch)).integers(self._bptt))
        stream = self.steps_per_epoch * self._bptt
        starts = range(offset + place * self._bptt, offset + self._rows * stream, stream)
        rows = np.stack([self._ids[start : start + self._bptt + 1] for start in starts])
        return Batch(step, rows[:, :-1], rows[:, 1:], fresh=place == 0)


class WindowBatches:
    """The tutorials' batches: B windows in shuffled order, each with one target.

    The order is i -> (a i + b) mod n with a and n coprime, a and b drawn anew each epoch: every
    window once, and no permutation to store for a text of a billion windows.
    """

    def __init__(self, windows: Windows, batch_size: int, seed: int) -> None:
        self._windows, self._rows, self._seed = windows, batch_size, seed
        if len(windows) == 0:
            raise RnntermError(
                f"the text is too short for a window of {windows.length} characters and its target"
            )
        self.steps_per_epoch = -(-len(windows) // batch_size)

    def at(self, step: int) -> Batch:
        """See `Batches.at`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        count = len(self._windows)
        rng = np.random.default_rng((self._seed, epoch))
        multiplier = int(rng.integers(count // 4 + 1, 3 * count // 4 + 2))
        while gcd(multiplier, count) != 1:
            multiplier += 1
        shift = int(rng.integers(count))
        places = range(place * self._rows, min((place + 1) * self._rows, count))
        order = [(multiplier * index + shift) % count for index in places]
        return Batch(step, self._windows.inputs[order], self._windows.targets[order], fresh=True)


def make_batches(recipe: Recipe, train: Ids) -> Batches:
    """The batches that a recipe asks for; raises RnntermError for a text too short for one."""
    if recipe.batching == "windows":
        windows = Windows.over(train, recipe.window, recipe.stride)
        return WindowBatches(windows, recipe.batch_size, recipe.rng_seed)
    return StreamBatches(train, recipe.batch_size, recipe.bptt, recipe.rng_seed)
