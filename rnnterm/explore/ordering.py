"""In which order a map shows the units of a layer, so that what belongs together stands together.

T steps, H units.
"""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from rnnterm.nn.cells import Array

Units = npt.NDArray[np.intp]
"""Units' indices, shape (H,), each once."""

By = Literal["similarity", "activity", "score", "index"]
"""`score` is for a search for units, which gives each one a number."""

WAYS: tuple[By, ...] = get_args(By)


def order_units(values: Array, by: By, scores: npt.ArrayLike | None = None) -> Units:
    """The units in the order in which a map shows them, from the top.

    Args:
        values: a state or gate at every step, shape (T, H).
        by: `index`; `activity`, the most varying first; `similarity`, from the most varying on
            always the one that goes most alike; or `score`, the highest of `scores` first.
        scores: a number for each unit, shape (H,); without them, `score` is as good as `index`.
    """
    given = np.asarray(values, np.float32)
    units = np.arange(given.shape[1])
    if by == "activity":
        return np.argsort(-given.var(axis=0), kind="stable")
    if by == "similarity":
        return _chained(given)
    if by == "score" and scores is not None:
        return np.argsort(-np.asarray(scores, np.float64), kind="stable")
    return units


def _chained(values: Array) -> Units:
    """A greedy chain by correlation; units that never vary come last."""
    steps, count = values.shape
    centred = values - values.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    # The rounding of a mean makes constants vary a little.
    moves = norms > 1e-5 * np.sqrt(steps) * np.maximum(np.abs(values).max(axis=0), 1e-20)
    unit_long = np.where(moves, centred / np.where(moves, norms, 1), 0)
    alike = unit_long.T @ unit_long
    alike[:, ~moves] = -np.inf
    chain = []
    here = int(np.argmax(np.where(moves, norms, -np.inf)))
    for _ in range(int(moves.sum())):
        chain.append(here)
        alike[:, here] = -np.inf
        here = int(np.argmax(alike[here]))
    return np.concatenate((np.array(chain, np.intp), np.arange(count)[~moves]))
