"""The curves of a run as charts draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnterm.plotting.series import Series, moving_mean
from rnnterm.runs.reader import Point, RunView
from rnnterm.runs.status import ENDS

_SMOOTHED_OVER = 40  # the part of a curve that a point of the smoothed one is the mean of
_LAST_STEP = 1e15  # what lies beyond, a damaged log says


@dataclass(frozen=True, eq=False)
class LossCurves:
    """Losses in nats per character over steps.

    Attributes:
        raw: the training loss as it was logged.
        smooth: its running mean.
        val: the validation loss.
    """

    name: str
    raw: Series
    smooth: Series
    val: Series

    @classmethod
    def of(cls, view: RunView) -> "LossCurves":
        """A run's curves; while it goes on, up to where its status says that it is."""
        points, status = list(view.train), view.status
        is_ahead = points and status.step > points[-1].step and view.state not in ENDS
        if is_ahead and status.train_loss is not None:
            points.append(Point(status.step, status.train_loss))
        raw = _series(points)
        window = max(1, len(raw) // _SMOOTHED_OVER)
        return cls(view.name, raw, Series(raw.x, moving_mean(raw.y, window)), _series(view.val))

    @property
    def last_step(self) -> float:
        """Where the curves end; 0 where nothing is."""
        return max((float(each.x[-1]) for each in (self.raw, self.val) if len(each)), default=0.0)


def _series(points: Sequence[Point]) -> Series:
    """Points whose steps rise; a log may be anyone's."""
    known = [(x, y) for x, y in points if 0 <= x < _LAST_STEP]
    if not known:
        return Series()
    x, y = np.array(known, np.float64).T
    rising = x >= np.maximum.accumulate(x)
    return Series(x[rising], y[rising])
