"""The curves of a run as charts draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnterm.plotting.series import Series, moving_mean
from rnnterm.runs.points import Point
from rnnterm.runs.reader import RunView
from rnnterm.runs.status import ENDS

_SMOOTHED_OVER = 40  # the part of a curve that a point of the smoothed one is the mean of
_LAST_STEP = 1e15  # what lies beyond, a damaged log says


@dataclass(frozen=True, eq=False)
class LossCurves:
    """Losses in nats per character over steps.

    Attributes:
        raw: the training loss as it was logged, with every spike of it.
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
            points.append(Point.of(status.step, status.train_loss))
        points = _rising(points)
        window = max(1, len(points) // _SMOOTHED_OVER)
        means = moving_mean([point.loss for point in points], window)
        smooth = Series([point.step for point in points], means)
        return cls(view.name, _series(points), smooth, _series(_rising(view.val)))

    @property
    def last_step(self) -> float:
        """Where the curves end; 0 where nothing is."""
        return max((float(each.x[-1]) for each in (self.raw, self.val) if len(each)), default=0.0)


def _rising(points: Sequence[Point]) -> list[Point]:
    """Those whose steps rise; a log may be anyone's."""
    last, rising = 0.0, []
    for point in points:
        if last <= point.step < _LAST_STEP:
            rising.append(point)
            last = point.step
    return rising


def _series(points: Sequence[Point]) -> Series:
    """A curve through its points; one that was merged reaches its extremes from its mean."""
    drawn = [
        (point.step, loss)
        for point in points
        for loss in (
            (point.loss, point.low, point.high, point.loss)
            if point.low < point.high
            else (point.loss,)
        )
    ]
    return Series(*np.array(drawn, np.float64).T) if drawn else Series()
