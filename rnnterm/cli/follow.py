"""Following a run that another process trains, and what Ctrl-C means meanwhile."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.options import same_runs_dir
from rnnterm.terminal import is_terminal

if TYPE_CHECKING:
    from rnnterm.cli.progress import Display
    from rnnterm.runs.folder import RunFolder
    from rnnterm.runs.reader import RunReader, RunView

_SECONDS_BETWEEN_POLLS = 0.1
_TERMINATED = 128 + signal.SIGTERM  # the exit code

GO_ON, DETACH, STOP = "go on", "detach", "stop"


class Detached(Exception):  # noqa: N818 - an ending, no error
    """The person left; the run goes on."""


class Interrupts:
    """Keeps the signals that ask this process to end, so that a loop can take them up in time."""

    def __init__(self) -> None:
        self._waiting: int | None = None
        self._raises = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Hear a signal."""
        if self._raises:
            raise KeyboardInterrupt
        self._waiting = number

    @contextmanager
    def raised(self) -> Iterator[None]:
        """For a while, a signal raises KeyboardInterrupt, as does one that has come already."""
        self._raises = True
        try:
            if self.take():
                raise KeyboardInterrupt
            yield
        finally:
            self._raises = False

    def take(self) -> int | None:
        """The last one that came since the last time."""
        came, self._waiting = self._waiting, None
        return came


@contextmanager
def heard_interrupts(*numbers: int) -> Iterator[Interrupts]:
    """Hear signals instead of being ended by them; one that was ignored before stays so."""
    interrupts = Interrupts()
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupts) for number in heard}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow(
    reader: "RunReader",
    display: "Display",
    interrupts: Interrupts,
    on_interrupt: Callable[[int], None],
) -> "RunView":
    """Show a run until its session is over; the last view.

    `on_interrupt` is told each signal that was heard, and may raise Detached.
    """
    newest = 0.0
    while True:
        view = reader.poll()
        for entry in view.news:
            display.report(entry.event)
            newest = entry.time
        if view.is_over:
            return view
        if number := interrupts.take():
            on_interrupt(number)
        if not view.is_behind:
            if view.status.time >= newest:  # else the log has overtaken the status
                display.report(view.tick)
            display.tell_silence(view.silence)
            time.sleep(_SECONDS_BETWEEN_POLLS)


def ask_what_to_do(display: "Display", interrupts: Interrupts, run: str) -> str:
    """What Ctrl-C was meant for: GO_ON, DETACH or STOP; without a terminal to ask on, STOP.

    A signal that comes while the question stands means STOP, too.
    """
    from rnnterm.cli.keyboard import keyboard

    descriptor = _open_terminal()
    if descriptor is None:
        return STOP
    choices = {"d": DETACH, "s": STOP, "g": GO_ON, "enter": GO_ON, "escape": GO_ON}
    with display.aside():
        try:
            with interrupts.raised(), keyboard(descriptor) as keys:
                narrate(
                    f"d detach, {run} trains on · s stop with a checkpoint (or Ctrl-C) · g go on"
                )
                for key in keys:
                    if key in choices:
                        return choices[key]
        except KeyboardInterrupt:
            return STOP
        except SystemExit as told:  # by a signal
            if told.code != _TERMINATED:
                raise
            return STOP
        finally:
            os.close(descriptor)
    return DETACH  # the terminal is gone


def how_it_broke_off(view: "RunView", run: "RunFolder", runs_dir: str | None) -> str:
    """Why a session ended without a result, and what to do."""
    from rnnterm.runs.events import Failed
    from rnnterm.runs.reader import why_it_broke_off

    why = why_it_broke_off(view, run)
    if run.is_gone or isinstance(view.ended, Failed):
        return why
    return (
        f"{why}; "
        "go on from its last checkpoint with: "
        f"rnnterm train --resume --name {run.name}{same_runs_dir(runs_dir)}"
    )


def _open_terminal() -> int | None:
    """A descriptor of the terminal that the person sees and types on, if there is one."""
    if not is_terminal(sys.stderr):
        return None
    try:
        return os.open("/dev/tty", os.O_RDWR)  # standard input may be the text to learn
    except OSError:
        return None
