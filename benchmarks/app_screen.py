"""The app at work in a pseudo-terminal, and what a person sees of it when."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pexpect
import pyte

_READ = 1 << 16
_SECONDS_BETWEEN_READS = 0.25
_SECONDS_TO_ANSWER = 0.5  # in which all is only read; what it shows is found out afterwards
_PATIENCE = 10.0


class Sight(NamedTuple):
    """How a screen is known: by a text that it shows and another that it does not."""

    shown: str
    hidden: str = "\0"

    def is_on(self, lines: list[str]) -> bool:
        """Whether these lines are such a screen."""
        return _is_in(self.shown, lines) and not _is_in(self.hidden, lines)


class AppScreen:
    """The app, and the terminal that it draws on."""

    def __init__(self, runs: Path, columns: int = 120, rows: int = 36, **environment: str) -> None:
        self._terminal = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._terminal)
        self.begun = time.perf_counter()
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "rnnterm"],
            dimensions=(rows, columns),
            timeout=30,
            env=os.environ
            | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "RNNTERM_RUNS": str(runs)}
            | {"RNNTERM_CONFIG": str(runs.parent / "no settings.toml")}
            | environment,
        )
        self.child.delaybeforesend = None  # else 50 ms before each key

    def wait_for(self, text: str) -> float:
        """Seconds until the text is sent."""
        begun = time.perf_counter()
        self.child.expect_exact(text.encode())
        return time.perf_counter() - begun

    def press(self, key: str, sight: Sight) -> float:
        """Seconds from a key press until the bytes were here with which the screen is so.

        What comes is kept with its time, and drawn afterwards: a terminal written in Python would
        take a core from what it is to measure. Raises RuntimeError where the screen was so before,
        or does not come to be so.
        """
        if sight.is_on(self._terminal.display):
            raise RuntimeError(f"{sight} before {key!r} is pressed:\n{self._text()}")
        begun = time.perf_counter()
        self.child.send(key)
        while time.perf_counter() < begun + _PATIENCE:
            answered = 0.0
            for moment, data in self._chunks(_SECONDS_TO_ANSWER):
                self._stream.feed(data)
                if not answered and sight.is_on(self._terminal.display):
                    answered = moment - begun
            if answered:
                return answered
        raise RuntimeError(f"no {sight} after {key!r}:\n{self._text()}")

    def look_for(self, seconds: float) -> None:
        """Read for so long, and draw it then."""
        for _, data in self._chunks(seconds):
            self._stream.feed(data)

    def read_for(self, seconds: float) -> int:
        """How many bytes come in that time."""
        return sum(len(data) for _, data in self._chunks(seconds))

    def drain_for(self, seconds: float) -> None:
        """Take what comes in that time in bursts: a terminal elsewhere costs no more."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            time.sleep(min(left, _SECONDS_BETWEEN_READS))
            with suppress(pexpect.TIMEOUT):
                self.child.read_nonblocking(_READ, timeout=0)

    def close(self) -> None:
        """Leave the app."""
        self.child.send("\x11")
        self.child.expect(pexpect.EOF)
        self.child.close()

    def _chunks(self, seconds: float) -> list[tuple[float, bytes]]:
        """What comes in that time, each piece with the moment when it was here."""
        chunks, end = [], time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            try:
                data = self.child.read_nonblocking(_READ, timeout=left)
            except pexpect.TIMEOUT:
                break
            chunks.append((time.perf_counter(), data))
        return chunks

    def _text(self) -> str:
        return "\n".join(self._terminal.display)


def _is_in(text: str, lines: list[str]) -> bool:
    return any(text in line for line in lines)
