"""Marks that tell the states of runs apart without colour."""

from rnnterm.runs.status import FINISHED, PAUSED, RUNNING, STOPPED

_MARKS = {RUNNING: "●", PAUSED: "◍", FINISHED: "✓", STOPPED: "■"}


def state_mark(state: str) -> str:
    """One column for a run's state; what ended otherwise, went wrong."""
    return _MARKS.get(state, "✗")
