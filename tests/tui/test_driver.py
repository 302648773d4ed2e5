"""How the app reads keys and sends what it paints, at a terminal of the test's own."""

import asyncio
import os
import threading
import tty
from collections.abc import Sequence

import pytest
from textual.events import Key, Paste

from rnnterm.tui import driver as driving
from rnnterm.tui.driver import PromptDriver


@pytest.fixture
def ends():
    """The terminal's side of a pseudo-terminal, and the app's."""
    terminal, app = os.openpty()
    tty.setraw(app)
    yield terminal, app
    os.close(terminal)
    os.close(app)


class Driver(PromptDriver):
    """A driver of the given terminal, without an app."""

    def __init__(self, app_end: int) -> None:
        self.fileno, self._debug = app_end, False
        self._file = os.fdopen(os.dup(app_end), "w", encoding="utf-8")
        self._loop = asyncio.get_running_loop()
        self._line = os.open(os.ttyname(app_end), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self._alarm, self._writer_thread = os.pipe(), None
        self.keys: list[str] = []
        self.came = threading.Condition()

    def process_message(self, message) -> None:
        with self.came:
            self.keys.append(message.key if isinstance(message, Key) else repr(message))
            self.came.notify()

    def wait_for(self, count: int) -> list[str]:
        """The keys, once there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.keys) >= count, 10)
            return self.keys


def typed(ends, *pieces: bytes, counts: Sequence[int] = ()) -> list[str]:
    """The keys that come of these bytes, each piece written when that before it was taken.

    `counts` says how many keys there are after each piece, where it is not one for each.
    """

    async def act() -> list[str]:
        driver = Driver(ends[1])
        thread = threading.Thread(target=driver.run_input_thread)
        thread.start()
        for number, piece in zip(counts or range(1, len(pieces) + 1), pieces, strict=True):
            os.write(ends[0], piece)
            keys = await asyncio.to_thread(driver.wait_for, number)
        os.write(driver._alarm[1], b"!")
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()
        driver.close()
        return keys

    return asyncio.run(act())


def test_escape_is_a_key_of_its_own_without_another_that_follows(ends):
    assert typed(ends, b"x", b"\x1b", b"\x1b[C", b"\x1b", "ä".encode()) == [
        "x", "escape", "right", "escape", "ä",
    ]  # fmt: skip


def test_a_paste_that_lost_its_end_mark_ends_by_itself(ends, monkeypatch):
    monkeypatch.setattr(driving, "_PASTE_SECONDS", 0.01)
    assert typed(ends, b"\x1b[200~abc", b"x") == [repr(Paste("abc")), "x"]


def test_a_burst_of_keys_stays_keys_and_a_text_becomes_one_message(ends):
    text = b"The quick brown fox jumps over the lazy dog. " * 40
    burst, flood, after = b"abcdefghij" * 2, text + b"\x11", b"q"
    keys = typed(ends, burst, flood, after, counts=[20, 22, 23])
    assert keys[:20] == list("abcdefghij" * 2)
    assert keys[20].startswith("KeyFlood")
    assert keys[21:] == ["ctrl+q", "q"]


def test_what_a_terminal_does_not_take_waits_without_keeping_the_app(ends):
    text = "".join(f"{number} ä\n" for number in range(20_000))

    async def act() -> str:
        driver = Driver(ends[1])
        for start in range(0, len(text), 1000):
            driver.write(text[start : start + 1000])  # nobody reads, and still it comes back
        assert driver._unsent
        read = b""
        while len(read) < len(text.encode()):
            read += await asyncio.to_thread(os.read, ends[0], 1 << 16)
        assert not driver._unsent
        driver.close()
        return read.decode()

    assert asyncio.run(act()) == text


def test_what_is_left_is_sent_before_the_terminal_is_given_back(ends):
    text = "farewell " * 5_000
    read = bytearray()

    def look() -> None:
        while len(read) < len(text):
            read.extend(os.read(ends[0], 1 << 16))

    async def act() -> None:
        driver = Driver(ends[1])
        driver.write(text)
        assert driver._unsent
        reader = threading.Thread(target=look)
        reader.start()
        driver.close()
        await asyncio.to_thread(reader.join, 10)

    asyncio.run(act())
    assert read.decode() == text


@pytest.mark.parametrize("has_line", [True, False])
def test_the_terminal_is_given_back_with_every_mode_off(ends, has_line):
    async def act() -> None:
        driver = Driver(ends[1])
        driver.attrs_before = None
        if not has_line:  # as on macOS
            os.close(driver._line)
            driver._line = None
        driver.give_terminal_back()

    asyncio.run(act())
    os.set_blocking(ends[0], False)
    assert os.read(ends[0], 1 << 16).endswith(b"\x1b[?1049l\x1b[?25h")
