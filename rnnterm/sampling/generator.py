"""A stream of characters from a model."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

import numpy as np

from rnnterm.nn.modelfile import Model
from rnnterm.sampling.strategies import Strategy


def generate(model: Model, seed: str, strategy: Strategy, rng_seed: int) -> Iterator[str]:
    """Endless characters that continue `seed`; the same arguments give the same characters.

    An empty seed starts where a line starts. A model that learnt from cold windows reads, for each
    character, the last window anew, as in training; any other carries its state, so a character
    costs the same however long the text is.

    Raises RnntermError for a seed with characters that the model does not know.
    """
    prompt = model.vocab.encode(seed or _line_start(model))
    rng = np.random.default_rng(rng_seed)
    indices = _windowed if model.spec.window else _carried
    for index in indices(model, prompt.tolist(), strategy, rng):
        yield model.vocab.symbols[index]


def sample(model: Model, seed: str, length: int, strategy: Strategy, rng_seed: int) -> str:
    """`length` characters that continue `seed`."""
    return "".join(islice(generate(model, seed, strategy, rng_seed), length))


def _line_start(model: Model) -> str:
    return "\n" if "\n" in model.vocab.char_to_index else model.vocab.symbols[0]


def _carried(
    model: Model, prompt: list[int], strategy: Strategy, rng: np.random.Generator
) -> Iterator[int]:
    network = model.network
    logits, state = network.read(np.array(prompt))
    while True:
        index = strategy.choose(logits, rng)
        yield index
        logits, state = network.step(index, state)


def _windowed(
    model: Model, prompt: list[int], strategy: Strategy, rng: np.random.Generator
) -> Iterator[int]:
    window = deque(prompt, maxlen=model.spec.window)
    while True:
        logits, _ = model.network.read(np.array(window))
        index = strategy.choose(logits, rng)
        yield index
        window.append(index)
