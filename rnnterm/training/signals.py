"""What SIGINT and SIGTERM mean to a process that trains."""

import signal
from collections.abc import Callable
from types import FrameType

_HEARD = (signal.SIGINT, signal.SIGTERM)


def stop_on_signals(stop: Callable[[], None]) -> None:
    """The first signal asks for a checkpoint and an end, the second ends the process at once."""

    def heard(number: int, frame: FrameType | None) -> None:
        for again in _HEARD:
            signal.signal(again, signal.SIG_DFL)
        stop()

    for number in _HEARD:
        signal.signal(number, heard)
