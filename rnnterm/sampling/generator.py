"""Streams of characters from a network."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import log_softmax
from rnnterm.sampling.strategies import Strategy

Indices = npt.NDArray[np.integer[Any]]

_NOISE_AT_ONCE = 1 << 15
_LEAST_AHEAD = 16  # characters, so that thousands of generators are not asked one by one
_SHORTEST_WAIT = np.float32(1e-30)  # instead of an exact zero, whose logarithm is infinite


class Reader(Protocol):
    """What generating needs of a network: numpy's, or one on another device."""

    def read(self, ids: Indices, state: Any = None) -> tuple[Array, Any]:
        """Read a text of shape (T, ...): the logits after it and the state."""

    def step(self, ids: Any, state: Any) -> tuple[Array, Any]:
        """Read one character each."""

    def spread(self, state: Any, rows: int) -> Any:
        """The state of one text, of batch shape (1,), as that of `rows` equal ones."""


class Draw(NamedTuple):
    """One more character for each of N samples.

    Attributes:
        indices: what was chosen, shape (N,).
        logits: the network's scores before the choice, shape (N, V).
    """

    indices: Indices
    logits: Array

    def log_probabilities(self) -> npt.NDArray[np.float64]:
        """What the network itself gave each chosen character, in nats, shape (N,)."""
        return log_softmax(self.logits)[np.arange(len(self.indices)), self.indices]


def draw(
    model: Model,
    seed: str,
    strategy: Strategy,
    rng_seed: int,
    *,
    samples: int = 1,
    network: Reader | None = None,
) -> Iterator[Draw]:
    """Endless draws that continue `seed`, for N samples at once.

    Each sample has a random generator of its own, seeded by `rng_seed` and its number, so the same
    arguments give the same characters. An empty seed starts where a line starts. A model that
    learnt from cold windows reads, for each character, the last window anew, as in training; any
    other carries its state, so a character costs the same however long the text is.

    Raises RnntermError for a seed with characters that the model does not know.
    """
    prompt = model.vocab.encode(seed or line_start(model)).astype(np.intp)
    speaker = network or model.network
    window = model.spec.window
    memory = max(window, strategy.penalty_window if strategy.repetition_penalty != 1 else 0)
    recent = np.tile(prompt[-memory:] if memory else prompt[:0], (samples, 1))
    noise = _noise(rng_seed, samples, model.spec.vocab_size)
    if window:
        logits, state = speaker.read(recent[:, -window:].T)
    else:
        # All samples share the reading of the seed; their ways part with the first character.
        logits, state = speaker.read(prompt[:, np.newaxis])
        logits, state = np.repeat(logits, samples, axis=0), speaker.spread(state, samples)
    while True:
        indices = strategy.pick(logits, next(noise), recent)
        yield Draw(indices, logits)
        if memory:
            recent = np.column_stack([recent, indices])[:, -memory:]
        if window:
            logits, state = speaker.read(recent[:, -window:].T)
        else:
            logits, state = speaker.step(indices, state)


def generate(model: Model, seed: str, strategy: Strategy, rng_seed: int) -> Iterator[str]:
    """Endless characters that continue `seed`: one sample of `draw`."""
    for one in draw(model, seed, strategy, rng_seed):
        yield model.vocab.symbols[one.indices[0]]


def sample(model: Model, seed: str, length: int, strategy: Strategy, rng_seed: int) -> str:
    """`length` characters that continue `seed`."""
    return "".join(islice(generate(model, seed, strategy, rng_seed), length))


def line_start(model: Model) -> str:
    """What stands before the first character of a text without a seed."""
    return "\n" if "\n" in model.vocab.char_to_index else model.vocab.symbols[0]


def _noise(rng_seed: int, samples: int, symbols: int) -> Iterator[npt.NDArray[np.float32]]:
    """Gumbel noise for N samples' next characters, shape (N, V), each from a stream of its own."""
    generators = [np.random.default_rng((rng_seed, number)) for number in range(samples)]
    ahead = max(_LEAST_AHEAD, _NOISE_AT_ONCE // (samples * symbols))
    while True:
        size = (ahead, symbols)
        waits = [rng.standard_exponential(size, np.float32) for rng in generators]
        # Gumbel: minus the logarithm of an exponential.
        yield from -np.log(np.maximum(np.stack(waits, axis=1), _SHORTEST_WAIT))
