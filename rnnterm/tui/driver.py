"""How the app reads keys and sends what it paints: at once, and without waking for nothing.

Beside a training on all cores, each thread that wakes costs the training time, and each change from
one thread to another may cost the person who pressed a key the rest of a time slice.
"""

import os
import selectors
import sys
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import TextIO

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver

_SEQUENCE_SECONDS = ESCAPE_DELAY + 0.002  # a little later than the parser's patience ends
_AT_ONCE = 4096  # bytes
_MOST_UNSENT = 1 << 20  # bytes


class PromptDriver(LinuxDriver):
    """Textual's driver, but for how it waits.

    That one looks ten times a second whether an escape byte was the key Escape or began another
    key's sequence. Here it is settled as soon as its time is over, and the thread sleeps until
    there is a key. That one also has a thread of its own for what it sends; here it is sent by
    whoever paints, as far as the terminal takes it, and the rest when it takes more.
    """

    _alarm: tuple[int, int] | None = None  # a pipe that wakes the thread which waits
    _line: int | None = None  # to the terminal, never waiting; None where it cannot be opened
    _unsent = b""

    def start_application_mode(self) -> None:
        """Begin to read."""
        if self._alarm is not None:  # halted and woken from outside, it begins once more
            self.disable_input()
        self._alarm = os.pipe()
        # Elsewhere an event loop may not know how to wait for a terminal.
        if self._line is None and sys.platform == "linux":
            with suppress(OSError):
                # Opened anew: not to wait is this line's way alone, and not the shell's, too.
                name = os.ttyname(self._output.fileno())
                self._line = os.open(name, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def disable_input(self) -> None:
        """Read no more."""
        if self._alarm is not None:
            os.write(self._alarm[1], b"!")
        super().disable_input()  # which waits for the thread
        self._close_alarm()

    def run_input_thread(self) -> None:
        """Pass on what is typed, until the alarm."""
        assert self._alarm is not None
        alarm = self._alarm[0]
        wait: float | None = None
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(alarm, selectors.EVENT_READ)
            while alarm not in (ready := {key.fd for key, _ in selector.select(wait)}):
                if ready:
                    typed = os.read(self.fileno, _AT_ONCE)
                    if not typed:  # the terminal is gone
                        return
                    for event in parser.feed(decode(typed)):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
                wait = _SEQUENCE_SECONDS if ready else None

    # Sending

    @property
    def _output(self) -> TextIO:
        assert self._file is not None
        return self._file

    def write(self, data: str) -> None:
        """Send a text, or have it sent as soon as the terminal takes it."""
        if self._line is None:
            super().write(data)
            return
        self._unsent += data.encode(self._output.encoding, self._output.errors or "replace")
        self._send()
        if len(self._unsent) > _MOST_UNSENT:  # nobody reads: wait, as one would without all this
            self._send_all()

    def close(self) -> None:
        """Send what is left."""
        if self._line is not None:
            self._send_all()
            self._loop.remove_writer(self._line)
            os.close(self._line)
            self._line = None
        super().close()

    def _send(self) -> None:
        """Send what the terminal takes now, and go on when it takes more."""
        assert self._line is not None
        try:
            self._unsent = self._unsent[os.write(self._line, self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # the terminal is gone, as a signal will say
            self._unsent = b""
        if self._unsent:
            self._loop.add_writer(self._line, self._send)
        else:
            self._loop.remove_writer(self._line)

    def _send_all(self) -> None:
        with suppress(OSError):
            while self._unsent:
                self._unsent = self._unsent[os.write(self._output.fileno(), self._unsent) :]
        self._unsent = b""

    def _close_alarm(self) -> None:
        for end in self._alarm or ():
            with suppress(OSError):
                os.close(end)
        self._alarm = None
