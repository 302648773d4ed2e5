"""How fast the sample is written, and how often it is painted.

Two things share a machine's cores, or a slow line, with the sample: whoever trains on the processor
is not to be slowed down by being watched, and every frame over SSH costs bytes.
"""

from dataclasses import dataclass

from textual.constants import MAX_FPS

from rnnterm.runs.reader import RunView
from rnnterm.runs.status import RUNNING
from rnnterm.tui.launch import is_remote


@dataclass(frozen=True)
class Pace:
    """Frames and characters a second."""

    frames: float
    speed: float


_ALONE = Pace(min(MAX_FPS, 30), 90)
_OVER_SSH = Pace(min(MAX_FPS, 10), 30)
_BESIDE_TRAINING = Pace(min(MAX_FPS, 4), 20)


def pace_beside(view: RunView | None) -> Pace:
    """The pace while this run is watched, or none."""
    if view is not None and view.state == RUNNING and view.status.device == "cpu":
        return _BESIDE_TRAINING
    return _OVER_SSH if is_remote() else _ALONE
