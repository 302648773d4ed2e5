"""A probe: a linear reading of many units at once, and whether what it finds is really there.

A single unit may carry a feature alone, or many together. The probe is a logistic regression (a
linear one for a number) with an L1 penalty, which sets the weights of units that it can do without
to zero (Tibshirani 1996), by proximal gradient steps with momentum (Beck & Teboulle 2009).

Neighbouring characters are alike, so held out are whole stretches of the text, not characters from
everywhere: three in five pieces train, one chooses the penalty, one judges. A control learns the
same from shuffled labels; what it reaches is what the probe could reach by chance.
T characters, H units.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.explore.features import Measured
from rnnterm.explore.units import agreement
from rnnterm.nn.cells import Array, sigmoid
from rnnterm.nn.softmax import Doubles

PIECES = 10
_PARTS = 5  # of which one in turn is held out, and one chooses the penalty
_PENALTIES = 8
_WEAKEST = 0.005  # of the penalty at which every weight is zero
_STEPS = 60  # a penalty; each begins where the one before ended
_GOOD_ENOUGH = 0.01  # a score so near to the best is given up for fewer units

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Probe:
    """What a linear reading of a layer says about a feature.

    Scores are those of `rnnterm.explore.units`: 1 is perfect, 0 is chance.

    Attributes:
        weights: one a unit, of its standardized values, shape (H,); most are zero.
        held_out: the score on text that it never saw.
        control: the held-out score of a probe that learnt shuffled labels.
        train_characters, held_out_characters: how many it learnt from, and was judged on.
    """

    weights: Doubles
    held_out: float
    control: float
    train_characters: int
    held_out_characters: int

    @property
    def units(self) -> list[int]:
        """The units that it uses, those of the largest weights first."""
        order = np.argsort(-np.abs(self.weights), kind="stable")
        return [int(unit) for unit in order[: np.count_nonzero(self.weights)]]


def fit_probe(values: Array, measured: Measured, rng_seed: int = 1) -> Probe:
    """Learn to read a feature from a layer's values, shape (T, H).

    Raises RnntermError where the feature does not vary in each of the parts of the text.
    """
    train, choosing, held_out = _split(measured)
    spread = values[train].std(axis=0)
    center = values[train].mean(axis=0)
    inputs = (values - center) / np.where(spread > 1e-6, spread, np.inf)
    learning = _Learning(inputs[train], measured.values[train], is_binary=measured.is_binary)
    weights, penalty = _choose(learning, inputs[choosing], _part(measured, choosing))

    shuffled = Measured(
        measured.feature, np.random.default_rng(rng_seed).permutation(measured.values)
    )
    chance = _Learning(inputs[train], shuffled.values[train], is_binary=measured.is_binary)
    control = chance.descend(penalty)
    return Probe(
        weights=weights[:-1].astype(np.float64),
        held_out=_score(inputs[held_out], weights, _part(measured, held_out)),
        control=_score(inputs[held_out], control, _part(shuffled, held_out)),
        train_characters=len(train),
        held_out_characters=len(held_out),
    )


def _split(measured: Measured) -> tuple[Places, Places, Places]:
    """The places that train, choose and judge: whole pieces of the text, in turn."""
    places = np.arange(len(measured.values))
    piece = places * PIECES // len(places)
    for turn in range(_PARTS):
        part = (piece + turn) % _PARTS
        parts = places[part < _PARTS - 2], places[part == _PARTS - 2], places[part == _PARTS - 1]
        if all(_varies(measured.values[part]) for part in parts):
            return parts
    raise RnntermError(
        f"the probe needs a longer text: {measured.feature.name} does not vary both in what it "
        "would learn from and in what is held out"
    )


def _varies(values: Doubles) -> bool:
    return len(values) > 0 and bool(values.min() < values.max())


def _part(measured: Measured, places: Places) -> Measured:
    return Measured(measured.feature, measured.values[places])


def _score(inputs: Array, weights: Array, measured: Measured) -> float:
    # Shuffled labels may miss a small part altogether: then there is nothing to be right about.
    return agreement(inputs @ weights[:-1], measured) if _varies(measured.values) else 0.0


def _choose(learning: "_Learning", inputs: Array, measured: Measured) -> tuple[Array, float]:
    """The fewest units that are nearly as good as any on other text, and the penalty for that."""
    weights: Array | None = None
    tried = []
    for penalty in learning.strongest() * np.geomspace(0.7, _WEAKEST, _PENALTIES):
        weights = learning.descend(penalty, weights)
        tried.append((_score(inputs, weights, measured), weights, float(penalty)))
    best = max(score for score, _, _ in tried)
    _, fewest, chosen = next(one for one in tried if one[0] >= best - _GOOD_ENOUGH)
    return fewest, chosen


class _Learning:
    """A regression of labels, shape (n,), on standardized inputs, shape (n, H)."""

    def __init__(self, inputs: Array, labels: Doubles, *, is_binary: bool) -> None:
        # A last column of ones has the intercept, which no penalty holds down, as its weight.
        self._inputs = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float32)
        center = labels.mean()
        scale = 1.0 if is_binary else max(float(labels.std()), 1e-12)
        self._labels = ((labels - (0 if is_binary else center)) / scale).astype(np.float32)
        self._is_binary = is_binary
        self._start = np.zeros(self._inputs.shape[1], np.float32)
        self._start[-1] = np.log(center / (1 - center)) if is_binary else 0.0
        self._step = 1 / max(self._curvature(), 1e-12)

    def _curvature(self) -> float:
        """The largest second derivative of the mean loss, by the power method."""
        rng = np.random.default_rng(0)
        direction: Array = rng.normal(size=self._inputs.shape[1]).astype(np.float32)
        size = 0.0
        for _ in range(20):
            direction = (self._inputs @ direction) @ self._inputs / len(self._inputs)
            size = float(np.linalg.norm(direction))
            if size == 0:
                break
            direction /= size
        return 1.05 * size * (0.25 if self._is_binary else 1.0)

    def _gradient(self, weights: Array) -> Array:
        outputs = self._inputs @ weights
        wrong = (sigmoid(outputs) if self._is_binary else outputs) - self._labels
        gradient: Array = wrong @ self._inputs / len(self._inputs)
        return gradient

    def strongest(self) -> float:
        """The smallest penalty at which every weight is zero."""
        return float(np.abs(self._gradient(self._start)[:-1]).max())

    def descend(self, penalty: float, weights: Array | None = None) -> Array:
        """Some steps towards the least of mean loss + penalty x |weights|; shape (H + 1,)."""
        weights = self._start if weights is None else weights
        ahead, momentum = weights, 1.0
        threshold = np.full(len(weights), self._step * penalty, np.float32)
        threshold[-1] = 0
        for _ in range(_STEPS):
            moved = ahead - np.float32(self._step) * self._gradient(ahead)
            shrunk = np.sign(moved) * np.maximum(np.abs(moved) - threshold, 0)
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = shrunk + np.float32((momentum - 1) / following) * (shrunk - weights)
            weights, momentum = shrunk, following
        return weights
