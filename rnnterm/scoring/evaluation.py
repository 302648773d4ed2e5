"""The loss of a model on a text, by each of the protocols that people publish.

*carried*: the whole part is read once, from a cold start, with the state carried on. *blocks*:
random blocks, each read from a cold start, and all of their predictions count, as nanoGPT measures
(https://github.com/karpathy/nanoGPT, `estimate_loss`). A block's first characters have little
before them, so its figure is the higher one: never compare the two. *windows*, for a model that
learnt from cold windows: only the character after each whole window counts, as in its training.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import Doubles
from rnnterm.scoring.reading import log_likelihoods, predictions, window_predictions
from rnnterm.text.vocab import Ids
from rnnterm.text.windows import Windows

_MAX_WINDOWS = 10_000  # what a trainer judges such a model by
_BLOCKS_AT_ONCE = 256
_LARGEST_EXPONENT = 709.0  # e to more is no double


@dataclass(frozen=True)
class Loss:
    """A mean loss.

    Attributes:
        protocol: `carried`, `blocks` or `windows`.
        nats: mean negative log-likelihood of a character.
        characters: how many were predicted.
    """

    protocol: str
    nats: float
    characters: int

    @property
    def bits(self) -> float:
        """The same in bits per character."""
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float:
        """Among how many symbols, equally likely, the choice would be as hard."""
        return math.exp(self.nats) if self.nats < _LARGEST_EXPONENT else math.inf


def carried_loss(model: Model, ids: Ids) -> Loss:
    """`ids`, read once as one stream; the first has nothing before it and is not predicted.

    Raises UsageError for fewer than two characters.
    """
    _check_length(ids, 2, "reading on")
    given = log_likelihoods(predictions(model.network, ids[:-1]), ids[1:])
    return Loss("carried", -float(given.mean()), given.size)


def blocks_loss(model: Model, ids: Ids, block_size: int, blocks: int, rng_seed: int) -> Loss:
    """`blocks` blocks of `block_size` characters from random places, each read from a cold start.

    Raises UsageError where `ids` is too short for a block and the character after it.
    """
    _check_length(ids, block_size + 1, f"a block of {block_size:,}")
    starts = np.random.default_rng(rng_seed).integers(len(ids) - block_size, size=blocks)
    total = sum(float(given.sum()) for given in _read_blocks(model, ids, block_size, starts))
    return Loss("blocks", -total / (blocks * block_size), blocks * block_size)


def windows_loss(model: Model, ids: Ids) -> Loss:
    """The character after each window of the model's own length; ten thousand at most, spread.

    Raises UsageError where `ids` is too short for a window and the character after it.
    """
    window = model.spec.window
    _check_length(ids, window + 1, f"a window of {window:,}")
    stride = max(1, (len(ids) - window) // _MAX_WINDOWS)
    windows = Windows.over(ids, window, stride)
    given = log_likelihoods(window_predictions(model.network, windows.inputs), windows.targets)
    return Loss("windows", -float(given.mean()), given.size)


def _read_blocks(
    model: Model, ids: Ids, block_size: int, starts: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Iterator[Doubles]:
    """Log-likelihoods of shape (block_size, n), for some of the blocks at a time."""
    steps = np.arange(block_size)[:, np.newaxis]
    for first in range(0, len(starts), _BLOCKS_AT_ONCE):
        places = starts[first : first + _BLOCKS_AT_ONCE] + steps
        yield log_likelihoods(predictions(model.network, ids[places]), ids[places + 1])


def _check_length(ids: Ids, needed: int, purpose: str) -> None:
    if len(ids) < needed:
        raise UsageError(
            f"this part of the text has {len(ids):,} characters and {purpose} needs {needed:,}: "
            "choose another part (--split) or text"
        )
