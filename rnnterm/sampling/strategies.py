"""From next-character scores to one character."""

from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnterm.errors import UsageError
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model, told_value

_DEFAULT_TEMPERATURE = 0.8
_COLD = 1e6
_LARGEST = 1e30  # of scores
_COLDEST = 1e15  # a temperature below its inverse takes the likeliest without overflowing


@dataclass(frozen=True)
class Strategy:
    """How the next character is chosen from the scores.

    The repetition penalty comes first, then the temperature, then top-k, top-p and min-p together.

    Attributes:
        temperature: divides the scores before the softmax: below 1 bolder, above 1 wilder;
            0 takes the likeliest character every time.
        top_k: only the k likeliest may come; 0 for all.
        top_p: only the likeliest whose probabilities just add up to p (Holtzman et al. 2020).
        min_p: only those at least p times as likely as the likeliest (Nguyen et al. 2024).
        repetition_penalty: lowers the scores of characters among the last `penalty_window`
            (Keskar et al. 2019): positive ones are divided by it, negative ones multiplied.
    """

    temperature: float = _DEFAULT_TEMPERATURE
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    penalty_window: int = 64

    def __post_init__(self) -> None:
        limits = (
            ("temperature", self.temperature >= 0, "a number of at least 0"),
            ("top_k", self.top_k >= 0, "at least 0"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("min_p", 0 <= self.min_p <= 1, "from 0 to 1"),
            ("repetition_penalty", self.repetition_penalty > 0, "a number above 0"),
            ("penalty_window", self.penalty_window >= 0, "at least 0"),
        )
        for name, fits, expected in limits:
            value = getattr(self, name)
            if not (fits and isfinite(value)):
                raise UsageError(f"{name} must be {expected}, not {value}")

    @cached_property
    def is_greedy(self) -> bool:
        """Whether no chance is involved."""
        return self.temperature == 0 or self.top_k == 1

    def choose(self, logits: Array, rng: np.random.Generator) -> int:
        """The index of one of V symbols, given their scores, shape (V,)."""
        return int(self.pick(logits, rng.gumbel(size=logits.shape)))

    def pick(self, logits: Array, noise: Array, recent: Any = None) -> npt.NDArray[np.intp]:
        """One index for each row of scores, drawn by the Gumbel-max trick.

        The largest of scores plus Gumbel noise falls on each symbol with its softmax probability
        (Maddison et al. 2014), in a third of the operations that summing probabilities takes.

        Args:
            logits: shape (..., V).
            noise: standard Gumbel numbers, shape (..., V); all randomness is in them.
            recent: the last characters of each row, shape (..., R), for the penalty.
        """
        if self.repetition_penalty != 1 and recent is not None:
            logits = self._penalized(logits, recent)
        if self.is_greedy:
            return np.asarray(logits.argmax(axis=-1))
        scores = self._cooled(logits)
        if self._filters:
            scores[~self._kept(scores)] = -np.inf
        scores += noise
        return np.asarray(scores.argmax(axis=-1))

    def _cooled(self, logits: Array) -> Array:
        if self._coldness < _COLD:
            return logits * self._coldness
        with np.errstate(over="ignore"):  # then the likeliest is all that counts
            return (logits * self._coldness).clip(-_LARGEST, _LARGEST)

    @cached_property
    def _filters(self) -> bool:
        return bool(self.top_k or self.top_p < 1 or self.min_p)

    @cached_property
    def _coldness(self) -> float:
        return min(1 / self.temperature, _COLDEST)

    def _kept(self, scores: Array) -> npt.NDArray[np.bool_]:
        """Which symbols top-k, top-p and min-p leave in; the likeliest always."""
        order = np.argsort(-scores, axis=-1, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=-1).astype(np.float64)
        weights = np.exp(ranked - ranked[..., :1])
        kept = weights >= self.min_p
        if self.top_k:
            kept[..., self.top_k :] = False
        before = weights.cumsum(axis=-1) - weights
        kept &= before < self.top_p * weights.sum(axis=-1, keepdims=True)
        kept[..., 0] = True
        in_place = np.empty_like(kept)
        np.put_along_axis(in_place, order, kept, axis=-1)
        return in_place

    def _penalized(self, logits: Array, recent: npt.NDArray[np.integer[Any]]) -> Array:
        penalized = logits.copy()
        seen = np.take_along_axis(logits, recent, axis=-1)
        wide = seen.astype(np.float64)  # a penalty knows no bounds, a score does
        with np.errstate(over="ignore"):
            lowered = np.where(
                wide > 0, wide / self.repetition_penalty, wide * self.repetition_penalty
            ).clip(-_LARGEST, _LARGEST)
        np.put_along_axis(penalized, recent, lowered, axis=-1)
        return penalized


def recipe_strategy(model: Model, temperature: float | None = None, **others: Any) -> Strategy:
    """A strategy at the temperature given, or else at that of the recipe the model learnt by.

    The tutorials' recipe takes the likeliest character; most others are at 0.8.
    """
    if temperature is None:
        told = told_value(model.training, float, "recipe", "sample_temperature")
        temperature = told if told is not None and told >= 0 else _DEFAULT_TEMPERATURE
    return Strategy(temperature=temperature, **others)
