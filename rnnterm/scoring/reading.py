"""A network reads a text: the log-probabilities it gives to what comes next.

T characters, V symbols; `...` are batch dimensions, of texts that are read side by side. Scores
become log-probabilities in doubles, a piece of the text at a time, so that memory stays small
however long the text and large the alphabet.
"""

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import Indices, Network
from rnnterm.nn.softmax import Doubles, log_softmax

_NUMBERS_AT_ONCE = 1 << 20  # 8 MB of doubles
_WINDOWS_AT_ONCE = 256


def predictions(network: Network, ids: Indices) -> Iterator[Doubles]:
    """What a network that starts cold and carries its state expects after each of `ids`.

    `ids`, of shape (T, ...), gives pieces of shape (t, ..., V) whose t add up to T.
    """
    state = network.initial_state(*ids.shape[1:])
    symbols = network.spec.vocab_size
    at_once = max(1, _NUMBERS_AT_ONCE // (symbols * prod(ids.shape[1:])))
    for start in range(0, len(ids), at_once):
        piece = ids[start : start + at_once]
        logits = np.empty((*piece.shape, symbols), np.float32)
        for place, index in enumerate(piece):
            logits[place], state = network.step(index, state)
        yield log_softmax(logits)


def window_predictions(
    network: Network, windows: npt.NDArray[np.integer[Any]]
) -> Iterator[Doubles]:
    """What a network expects after each of n windows, shape (n, length), all read cold."""
    for start in range(0, len(windows), _WINDOWS_AT_ONCE):
        logits, _ = network.read(windows[start : start + _WINDOWS_AT_ONCE].T)
        yield log_softmax(logits)


def text_predictions(model: Model, ids: Indices) -> Iterator[Doubles]:
    """What a model expects after each of `ids`, shape (T,), read as it reads when it generates.

    A model that learnt from cold windows reads the last window anew for each character, or all of
    the text before it while that is shorter; any other carries its state.
    """
    window = model.spec.window
    # Up to the first whole window, reading on and reading anew are the same.
    yield from predictions(model.network, ids[:window] if window else ids)
    if window and len(ids) > window:
        windows = np.lib.stride_tricks.sliding_window_view(ids, window)
        yield from window_predictions(model.network, windows[1:])


def log_likelihoods(expected: Iterable[Doubles], following: Indices) -> Doubles:
    """What each of the characters that did follow had been given, in nats; shape of `following`.

    `expected` holds pieces of log-probabilities, (t, ..., V), for `following`, (T, ...).
    """
    given = np.empty(following.shape)
    start = 0
    for piece in expected:
        stop = start + len(piece)
        places = following[start:stop, ..., np.newaxis].astype(np.intp)
        given[start:stop] = np.take_along_axis(piece, places, axis=-1)[..., 0]
        start = stop
    return given
