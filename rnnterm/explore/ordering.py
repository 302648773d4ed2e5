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
        by: `index`; `activity`, the most varying first; `similarity`, units that rise and fall
            together beside each other, from the most varying on; or `score`, the highest of
            `scores` first.
        scores: a number for each unit, shape (H,); without them, `score` is as good as `index`.
    """
    given = np.asarray(values, np.float32)
    units = np.arange(given.shape[1])
    if by == "activity":
        return np.argsort(-given.var(axis=0), kind="stable")
    if by == "similarity":
        return _around(given)
    if by == "score" and scores is not None:
        return np.argsort(-np.asarray(scores, np.float64), kind="stable")
    return units


def _around(values: Array) -> Units:
    """Units all around by their direction in the plane of the two leading patterns in time.

    Those are the leading singular vectors of the standardized values: units of near directions are
    correlated, opposite ones go against each other. What never varies comes last.
    """
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    # The rounding of a mean makes constants vary a little.
    moves = spread > 1e-5 * np.maximum(np.abs(values).max(axis=0), 1e-20)
    units = np.arange(values.shape[1])
    if moves.sum() < 3:
        return np.argsort(-np.where(moves, spread, -1), kind="stable")
    across, along = _leading_two(centred[:, moves] / spread[moves])
    angles = np.arctan2(along, across)
    most = int(np.argmax(spread[moves]))
    turned = (angles - angles[most]) % (2 * np.pi)
    turned[most] = -1.0  # rounding may have turned it all the way
    return np.concatenate((units[moves][np.argsort(turned, kind="stable")], units[~moves]))


def _leading_two(standardized: Array) -> tuple[Array, Array]:
    """The loadings of the units, shape (H,), on the two leading patterns."""
    steps, count = standardized.shape
    if steps < count:  # the patterns in time, from the smaller of the two products
        _, patterns = np.linalg.eigh(standardized @ standardized.T)
        leading = standardized.T @ patterns[:, -2:]
        leading = leading / np.maximum(np.linalg.norm(leading, axis=0), 1e-20)
    else:
        leading = np.linalg.eigh(standardized.T @ standardized)[1][:, -2:]
    if leading.shape[1] < 2:
        leading = np.column_stack((np.zeros(count), leading))
    # A singular vector has no sign of its own; that of its largest entry makes it the same
    # everywhere.
    largest = np.abs(leading).argmax(axis=0)
    leading = leading * np.where(leading[largest, [0, 1]] < 0, -1, 1)
    return leading[:, 1], leading[:, 0]
