"""Which pieces of a series are learnt from, and which judge what was learnt.

A piece begins at an index and reads `window + ahead - 1` values; its forecasts are for the `ahead`
values after its window.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.result import Doubles

_PIECES_AN_EPOCH = 512
_VALIDATION_PIECES = 256
_PREVIEW_POINTS = 1000
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of one series; values are in the scale of learning.

    Attributes:
        values: what training reads: of a tutorial that pads, with the padding.
        starts: of every piece that may be learnt from.
        stride: an epoch takes every so many-th of them, beginning anywhere.
        validation: starts of the pieces that judge, none without a validation part.
        end: index of the first value that does not judge.
    """

    plan: ForecastPlan
    values: Doubles
    starts: Indices
    stride: int
    validation: Indices
    end: int

    @classmethod
    def of(cls, plan: ForecastPlan, scaled: Doubles, split: int) -> "Pieces":
        """The pieces of a series whose first `split` values are the training part."""
        fitted, window = plan.fitted_length(split), plan.window
        values = scaled[:split]
        if plan.pad_targets:  # the last value, as often as the window is long
            values = np.append(scaled[:fitted], np.repeat(scaled[fitted - 1], window))
            starts = np.arange(fitted)
        elif not plan.overlapping:
            starts = np.arange(0, fitted - window - plan.ahead + 1, window)
        else:
            starts = np.arange(fitted - window - plan.ahead + 1)
        thin = window // 16 if plan.carried else 1  # neighbours that carry on tell the same
        stride = max(1, thin, len(starts) // _PIECES_AN_EPOCH) if plan.carried else 1
        judging = np.arange(max(0, fitted - window), split - window, plan.ahead)
        every = max(1, len(judging) // _VALIDATION_PIECES)
        return cls(plan, values, starts, stride, judging[::every], split)

    def epoch(self, rng: np.random.Generator) -> Indices:
        """The starts of one epoch's pieces, in the order in which they are learnt."""
        if self.stride == 1:
            return rng.permutation(self.starts)
        return rng.permutation(self.starts[rng.integers(self.stride) :: self.stride])

    @property
    def an_epoch(self) -> int:
        """How many pieces every epoch has at least."""
        return len(self.starts) // self.stride


def preview_starts(plan: ForecastPlan, count: int) -> tuple[Indices, int]:
    """Starts of windows that forecast every so many-th value of a series, and how many-th."""
    stride = max(1, -(-(count - plan.window) // _PREVIEW_POINTS))
    return np.arange(0, count - plan.window, stride), stride
