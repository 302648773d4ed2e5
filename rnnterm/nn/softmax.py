"""From a network's scores to probabilities."""

import numpy as np
import numpy.typing as npt

from rnnterm.nn.cells import Array

Doubles = npt.NDArray[np.float64]


def log_softmax(logits: Array) -> Doubles:
    """The log-probabilities of scores of shape (..., V), in nats."""
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=-1, keepdims=True)  # no exponential overflows
    scores -= np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return scores


def softmax(logits: Array, temperature: float = 1.0) -> Doubles:
    """The probabilities of scores of shape (V,); at temperature 0 the likeliest has all of it."""
    if temperature == 0:
        certain = np.zeros(len(logits))
        certain[logits.argmax()] = 1.0
        return certain
    # Doubles, and at most 0: a very low temperature underflows to zeros instead of overflowing.
    with np.errstate(over="ignore"):
        weights = np.exp((logits - logits.max()).astype(np.float64) / temperature)
    probabilities: Doubles = weights / weights.sum()
    return probabilities
