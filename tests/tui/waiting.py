"""Waiting for what a screen comes to show."""

import time
from collections.abc import Callable

from textual.pilot import Pilot


async def until(pilot: Pilot, condition: Callable[[], object], seconds: float = 20) -> None:
    """Let the app work until the condition holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the screen did not come to this"
        await pilot.pause(0.02)
