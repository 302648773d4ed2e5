"""From next-character scores to one character."""

from dataclasses import dataclass

import numpy as np

from rnnterm.errors import UsageError
from rnnterm.nn.cells import Array


@dataclass(frozen=True)
class Strategy:
    """How the next character is chosen.

    Attributes:
        temperature: divides the scores before the softmax: below 1 bolder, above 1 wilder;
            0 takes the likeliest character every time.
    """

    temperature: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UsageError(f"temperature must be a number of at least 0, not {self.temperature}")

    def choose(self, logits: Array, rng: np.random.Generator) -> int:
        """The index of one of V symbols, given their scores, shape (V,)."""
        if self.temperature == 0:
            return int(logits.argmax())
        # Doubles: the largest score minus itself is exactly 0, so the sum is never empty.
        scaled = (logits - logits.max()).astype(np.float64) / self.temperature
        cumulative = np.exp(scaled).cumsum()
        return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
