"""Single keys from a terminal, which is given back as it was."""

import codecs
import os
import re
import select
import signal
import termios
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Any

RESIZED = "resized"
"""Told in place of a key when the terminal has a new size."""
WAITED = "waited"
"""Told in place of a key when none came for as long as the caller would wait."""

_NAMES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left",
    "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left",
    "\r": "enter", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape", "\x04": "ctrl+d",
}  # fmt: skip
_KEY = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)|.", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_REST_OF_A_KEY = 0.05  # seconds that the rest of an escape sequence may take over a slow line


@contextmanager
def keyboard(descriptor: int, patience: float | None = None) -> Iterator[Iterator[str]]:
    """The keys typed on a terminal, one by one: a character, or a name such as `left` or `enter`.

    With `patience`, WAITED comes after so many seconds without a key.

    The terminal stays in one mode all along, so that nothing typed ahead is echoed. Ctrl-C raises
    KeyboardInterrupt, SIGTERM and SIGHUP raise SystemExit, and however it ends, the terminal and
    the handlers are as before. The keys end where the terminal is gone.
    """
    with ExitStack() as restore:
        before = termios.tcgetattr(descriptor)
        restore.callback(_restore, descriptor, before)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, _single_keys(before))
        reader, writer = os.pipe()
        restore.callback(os.close, reader)
        restore.callback(os.close, writer)

        def resized(_signal: int, _frame: FrameType | None) -> None:
            pass  # that a signal came is told by the pipe

        def told_to_end(number: int, _frame: FrameType | None) -> None:
            raise SystemExit(128 + number)

        for number, handler in (
            (signal.SIGWINCH, resized),
            (signal.SIGTERM, told_to_end),
            (signal.SIGHUP, told_to_end),
        ):
            restore.callback(signal.signal, number, signal.signal(number, handler))
        # One that comes just before `select` begins to wait would be heard only after the next key.
        os.set_blocking(writer, False)
        wakened = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        restore.callback(signal.set_wakeup_fd, wakened)
        yield _keys(descriptor, reader, patience)


def _single_keys(attributes: list[Any]) -> list[Any]:
    """Terminal attributes without line editing, echo, and the keys that would suspend or dump."""
    iflag, oflag, cflag, lflag, ispeed, ospeed, characters = attributes
    iflag &= ~termios.ICRNL  # Enter stays apart from Ctrl-J
    lflag &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    characters = list(characters)
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    # Stopped in the middle, the program would leave the shell a terminal without echo.
    characters[termios.VSUSP] = characters[termios.VQUIT] = b"\0"
    return [iflag, oflag, cflag, lflag, ispeed, ospeed, characters]


def _restore(descriptor: int, attributes: list[Any]) -> None:
    with suppress(termios.error):  # the terminal itself may be gone
        termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes)


def _keys(descriptor: int, resizes: int, patience: float | None) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        ready, _, _ = select.select([descriptor, resizes], [], [], patience)
        if not ready:
            yield WAITED
        if resizes in ready:
            os.read(resizes, 1024)
            yield RESIZED
        if descriptor in ready:
            data = _read(descriptor)
            if not data:
                return
            for key in _KEY.findall(decoder.decode(data)):
                yield _NAMES.get(key, key)


def _read(descriptor: int) -> bytes:
    """What was typed, whole keys of it; empty where the terminal is gone."""
    try:
        data = os.read(descriptor, 1024)
        while _UNFINISHED.search(data) and select.select([descriptor], [], [], _REST_OF_A_KEY)[0]:
            more = os.read(descriptor, 1024)
            if not more:
                break
            data += more
    except OSError:
        return b""
    return data
