"""Every line on stderr and every exit code, in one place.

Data alone goes to stdout. What is said here may hold names and texts of any origin, so all of it
passes through the terminal rule.
"""

import os
import sys
from contextlib import suppress
from typing import NoReturn

from rnnterm.terminal import safe_line
from rnnterm.wording import shorten

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def narrate(line: str) -> None:
    """Tell the person at the terminal something; a broken stderr never stops the work."""
    # With stderr closed or full nobody is listening, and there is nowhere to say so.
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(safe_line(line) + "\n")
        sys.stderr.flush()


def warn(line: str) -> None:
    """Narrate something that a person may want to mend."""
    narrate(f"warning: {shorten(line)}")


def leave(code: int, error: str = "") -> NoReturn:
    """End the process with one line about why, leaving no buffered output behind to fail later."""
    if error:
        narrate(f"rnnterm: {shorten(error)}")
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # The interpreter flushes once more on its way out, would complain in its own words,
            # and would change the exit code.
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, number)
    sys.exit(code)


def hold_closed_streams() -> None:
    """Give the descriptors of closed standard streams to the null device.

    Else the next file that is opened would have one of them, and what a library writes to standard
    error would go into it. Python's own streams stay closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free
