"""Someone at a pseudo-terminal, for tests of what people see."""

import os
import re
import termios
import time

import pexpect
import pyte
import pytest

PATIENCE = 30  # seconds until a screen that does not come is a failure


_MODES = re.compile(r"\x1b\[[?<>]?[\d;]*[hlu]")  # switched off on the way out


class Person:
    """Someone at a terminal who types and looks."""

    def __init__(self, command: str, arguments: list[str], columns=80, rows=24, **settings) -> None:
        settings["env"] = os.environ | {"TERM": "xterm-256color"} | settings.get("env", {})
        self.child = pexpect.spawn(
            command,
            arguments,
            dimensions=(rows, columns),
            encoding="utf-8",
            # Linux drops single bytes of a pseudo-terminal whose reader lags 64 kB behind.
            codec_errors="replace",
            **settings,
        )
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.sent = ""

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def see(self, *parts: str) -> list[str]:
        """The screen as soon as it shows every part."""
        deadline = time.monotonic() + PATIENCE
        while not all(part in "\n".join(self.lines()) for part in parts):
            assert time.monotonic() < deadline, (parts, self.lines())
            try:
                data = self.child.read_nonblocking(65536, timeout=PATIENCE)
            except (pexpect.EOF, pexpect.TIMEOUT) as error:
                pytest.fail(f"{type(error).__name__} before it showed {parts}: {self.lines()}")
            self.sent += data
            self.stream.feed(data)
        return self.lines()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.child.send(key)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def end(self) -> str:
        """What it sent after the screen was given back, once the process has ended."""
        self.child.expect(pexpect.EOF, timeout=PATIENCE)
        self.sent += self.child.before
        lflag, iflag = (termios.tcgetattr(self.child.child_fd)[place] for place in (3, 0))
        characters = termios.tcgetattr(self.child.child_fd)[6]
        for flag in (termios.ECHO, termios.ICANON, termios.ISIG, termios.IEXTEN):
            assert lflag & flag
        assert iflag & termios.ICRNL
        assert characters[termios.VSUSP] == b"\x1a"
        assert characters[termios.VQUIT] == b"\x1c"
        self.child.close()
        assert self.sent.count("\x1b[?25h") >= self.sent.count("\x1b[?25l")  # the cursor is back
        if "\x1b[?1049h" not in self.sent:
            return self.sent
        _, _, after = self.sent.rpartition("\x1b[?1049l")  # back from the other screen
        assert "\x1b[?25h" in after  # the cursor, too
        return _MODES.sub("", after)
