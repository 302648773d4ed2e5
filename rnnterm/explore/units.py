"""Which units follow a feature of the text: one score for every unit, the best first.

One measure for both kinds of features, so that scores can be compared: how well the ranks of a
unit's values agree with the feature. T characters, H units.

* A yes-no feature: 2 AUC - 1, where AUC is the chance that the unit is higher at a character with
  the feature than at one without (Mann & Whitney 1947); the rank-biserial correlation of Cureton
  (1956). 1 means that a threshold tells the two apart without an error, at any share of either.
* A number: Spearman's rank correlation (1904). 1 means that the one always rises with the other.

The sign tells the direction; units are ranked by the size. A unit that never varies has 0.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.explore.features import Measured
from rnnterm.explore.reading import Reading
from rnnterm.nn.cells import Array
from rnnterm.nn.softmax import Doubles


@dataclass(frozen=True)
class UnitScore:
    """How well one unit follows a feature.

    Attributes:
        unit: its index, from 0.
        score: -1 to 1; below zero the unit is low where the feature is high.
    """

    unit: int
    score: float


def rank_units(reading: Reading, layer: int, name: str, measured: Measured) -> list[UnitScore]:
    """Every unit of a layer (from 0) by how well a state or gate of it follows a feature."""
    scores = score_units(reading.values(layer, name), measured)
    order = np.argsort(-np.abs(scores), kind="stable")
    return [UnitScore(int(unit), float(scores[unit])) for unit in order]


def score_units(values: Array, measured: Measured) -> Doubles:
    """The agreement of each column of values, shape (T, H), with a feature; shape (H,)."""
    columns = np.ascontiguousarray(values.T)
    feature = measured.values
    if measured.is_binary:
        return np.array([_two_auc_less_one(_ranks(column), feature) for column in columns])
    ranks = _ranks(feature)
    return np.array([_correlation(_ranks(column), ranks) for column in columns])


def agreement(values: Array, measured: Measured) -> float:
    """The score of one row of values, shape (T,), such as a probe's output."""
    return float(score_units(values[:, np.newaxis], measured)[0])


def _ranks(values: npt.NDArray[np.floating]) -> Doubles:
    """1 for the lowest of T values; equal ones share the mean of their ranks."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    stops = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + stops + 1) / 2, stops - starts)
    return ranks


def _two_auc_less_one(ranks: Doubles, feature: Doubles) -> float:
    ones = float(feature.sum())
    zeros = len(feature) - ones
    # The sum of ranks of the ones, less the least it can be, counts the pairs in right order.
    pairs = float(ranks @ feature) - ones * (ones + 1) / 2
    return 2 * pairs / (ones * zeros) - 1


def _correlation(ranks: Doubles, others: Doubles) -> float:
    mine, theirs = ranks - ranks.mean(), others - others.mean()
    size = float(np.sqrt((mine @ mine) * (theirs @ theirs)))
    return float(mine @ theirs) / size if size > 0 else 0.0
