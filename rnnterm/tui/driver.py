"""How the app reads keys and sends what it paints: at once, and without waking for nothing.

Beside a training on all cores, each thread that wakes costs the training time, and each change from
one thread to another may cost the person who pressed a key the rest of a time slice.

Textual handles all messages that wait before its event loop gets its turn again. So keys are passed
on in small pieces, the next one when the app is done with the last; what comes meanwhile waits in
the terminal, and a flood of keys never becomes keys at all.
"""

import asyncio
import os
import select
import selectors
import sys
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from typing import Protocol, TextIO, runtime_checkable

from textual._xterm_parser import XTermParser
from textual.constants import ESCAPE_DELAY
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from rnnterm.tui.flood import Sifter

_SEQUENCE_SECONDS = ESCAPE_DELAY + 0.002  # a little later than the parser's patience ends
_PASTE_SECONDS = 3.0  # a marked paste whose next piece takes longer has lost its end
_AT_ONCE = 65536  # bytes
_MOST_GATHERED = 1 << 20  # bytes
_KEYS_AT_ONCE = 16
_SECONDS_BETWEEN_LOOKS = 0.003
_MOST_SECONDS_BEHIND = 0.25  # a part of the app that is stuck must not keep keys from the others

# More than this at once may be the beginning of a paste: (bytes, quiet seconds that end it, seconds
# in all to wait for them)
_A_FEW, _FEW_QUIET, _FEW_WAIT = 8, 0.01, 0.05
_MANY, _MANY_QUIET, _MANY_WAIT = 1000, 0.05, 3.0
_MOST_UNSENT = 1 << 20  # bytes
# Synchronized output and half a sequence end; then what Textual switched on is off.
_MODES_OFF = (
    b"\x18\x1b[?2026l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1016l\x1b[?1006l\x1b[?1004l"
    b"\x1b[?2004l\x1b[?2048l\x1b[?7h\x1b[<u\x1b[0m\x1b[?1049l\x1b[?25h"
)
_END_OF_PASTE = "\x1b[201~"


@runtime_checkable
class KeyTaker(Protocol):
    """An app that knows whether it has handled all keys."""

    def has_keys_waiting(self) -> bool:
        """Whether keys wait to be handled; asked from another thread."""


def _events(parser: XTermParser, pieces: Iterator[str | Message]) -> Iterator[Message]:
    for piece in pieces:
        if isinstance(piece, str):
            yield from parser.feed(piece)
        else:
            yield piece


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
    _sent: "Future[bool] | None" = None  # the last message to the app
    _sent_at = 0.0

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
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        sifter, wait = Sifter(), None
        with selectors.SelectSelector() as selector:
            self._watch_ends(selector)
            while (ready := self._wait(selector, wait)) is not None:
                if ready:
                    if not self._let_app_catch_up():
                        return
                    typed = self._gather(selector)
                    if not typed:  # the terminal is gone
                        return
                    pieces = sifter.sift(decode(typed))
                    if not self._pass_on(parser, pieces):
                        return
                elif sifter.is_in_paste:
                    if not self._pass_on(parser, sifter.sift(_END_OF_PASTE)):
                        return
                else:
                    sifter.forget_unfinished()
                for event in parser.tick():
                    self.process_message(event)
                wait = _SEQUENCE_SECONDS if ready else None
                if sifter.is_in_paste:
                    wait = _PASTE_SECONDS

    def _watch_ends(self, selector: selectors.BaseSelector) -> None:
        assert self._alarm is not None
        selector.register(self.fileno, selectors.EVENT_READ)
        selector.register(self._alarm[0], selectors.EVENT_READ)

    def _wait(self, selector: selectors.BaseSelector, seconds: float | None) -> bool | None:
        """Whether there is something to read within that time; None at the alarm."""
        ready = [key.fd for key, _ in selector.select(seconds)]
        return bool(ready) if all(fd == self.fileno for fd in ready) else None

    def _gather(self, selector: selectors.BaseSelector) -> bytes:
        """What was typed; what may be a paste is read to its end, as far as that comes soon."""
        typed = os.read(self.fileno, _AT_ONCE)
        begun = time.monotonic()
        while _A_FEW < len(typed) < _MOST_GATHERED:
            many = len(typed) > _MANY
            quiet, most = (_MANY_QUIET, _MANY_WAIT) if many else (_FEW_QUIET, _FEW_WAIT)
            if not many and typed.startswith(b"\x1b"):  # a sequence comes as a whole
                break
            if time.monotonic() - begun > most or not self._wait(selector, quiet):
                break
            more = os.read(self.fileno, _AT_ONCE)
            if not more:
                break
            typed += more
        return typed

    def _pass_on(self, parser: XTermParser, pieces: Iterator[str | Message]) -> bool:
        """Give what was typed to the app, a few keys at a time; False at the alarm."""
        events = _events(parser, pieces)
        while some := list(islice(events, _KEYS_AT_ONCE)):
            for event in some:
                self.process_message(event)
            if len(some) == _KEYS_AT_ONCE and not self._let_app_catch_up():
                return False
        return True

    def _let_app_catch_up(self) -> bool:
        """Wait while the app has keys to handle; False at the alarm."""
        assert self._alarm is not None
        deadline = self._sent_at + _MOST_SECONDS_BEHIND
        with selectors.SelectSelector() as alarm:
            alarm.register(self._alarm[0], selectors.EVENT_READ)
            while self._is_behind() and time.monotonic() < deadline:
                if alarm.select(_SECONDS_BETWEEN_LOOKS):
                    return False
        return True

    def _is_behind(self) -> bool:
        """Whether the app has yet to handle some of the keys that it got."""
        if self._sent is None:
            return False
        app = self._app
        return not self._sent.done() or (isinstance(app, KeyTaker) and app.has_keys_waiting())

    def send_message(self, message: Message) -> None:
        """Give something to the app."""
        self._sent = asyncio.run_coroutine_threadsafe(self._app._post_message(message), self._loop)
        self._sent_at = time.monotonic()

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

    def give_terminal_back(self) -> None:
        """Leave the terminal as it was, from any thread and without waiting: the process ends."""
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        line = self._output.fileno() if self._line is None else self._line
        with suppress(OSError):  # the terminal is gone, or takes nothing
            if select.select([], [line], [], 0)[1]:
                os.write(line, _MODES_OFF)

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
