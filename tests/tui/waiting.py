"""Waiting for what a screen comes to show, and what Textual's pilot cannot do."""

import time
from collections.abc import Callable

from textual.events import MouseEvent
from textual.pilot import Pilot
from textual.widget import Widget


async def until(pilot: Pilot, condition: Callable[[], object], seconds: float = 20) -> None:
    """Let the app work until the condition holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the screen did not come to this"
        await pilot.pause(0.02)


async def turn_wheel(
    pilot: Pilot, kind: type[MouseEvent], widget: type[Widget] | str, offset: tuple[int, int]
) -> None:
    """Turn the mouse wheel over a place of a widget."""
    await pilot._post_mouse_events([kind], widget, offset)
    await pilot.pause()
