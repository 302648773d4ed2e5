"""Beam search: the likeliest continuation among those that a few parallel ones lead to."""

import numpy as np

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import log_softmax
from rnnterm.sampling.generator import line_start


def beam_search(model: Model, seed: str, length: int, width: int) -> tuple[str, list[float]]:
    """The best of `width` beams after `length` characters, and each character's log-probability.

    At each character every beam is tried with every symbol, and the `width` best go on. No chance
    is involved. (Lowerre 1976, the Harpy system.)

    Raises UsageError for a model that learnt from cold windows, which has no state to go on from.
    """
    if model.spec.window:
        raise UsageError("beam search needs a model that carries its state; this one reads windows")
    network = model.network
    prompt = model.vocab.encode(seed or line_start(model)).astype(np.intp)
    logits, state = network.read(prompt[:, np.newaxis])
    totals = np.zeros(1)
    paths = np.empty((1, 0), np.intp)
    gains = np.empty((1, 0))
    for place in range(length):
        scores = log_softmax(logits)
        candidates = totals[:, np.newaxis] + scores
        best = np.argsort(-candidates, axis=None, kind="stable")[:width]
        beams, symbols = np.unravel_index(best, candidates.shape)
        totals = candidates[beams, symbols]
        paths = np.column_stack([paths[beams], symbols])
        gains = np.column_stack([gains[beams], scores[beams, symbols]])
        if place + 1 < length:
            state = tuple(tuple(part[beams] for part in layer) for layer in state)
            logits, state = network.step(symbols, state)
    return model.vocab.decode(paths[0]), gains[0].tolist()
