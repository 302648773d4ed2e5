"""Floods of keys at a real pseudo-terminal: the app stays, answers, and ends when it is told to."""

import os
import random
import signal
import sys
import threading
import time

import pytest
from installed import COMMAND
from person import Person

PANELS = ("Corpus", "Model", "Training", "Live sample")
LINE = "All the world is a stage, and all the men and women merely players; "
SOON = 10  # seconds, of a busy machine; it takes a tenth of one


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNTERM_CONFIG", str(tmp_path / "none.toml"))


def text_of(size: int) -> str:
    return (LINE * (size // len(LINE) + 1))[:size]


def pour(person: Person, sent: bytes) -> threading.Thread:
    """Send all of it, however slowly it is read."""

    def write() -> None:
        rest = sent
        while rest:
            try:
                rest = rest[os.write(person.child.child_fd, rest[:4096]) :]
            except OSError:  # the app has ended
                return

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    return writer


def person_at(*keys: str) -> Person:
    person = Person(COMMAND, [], 120, 36)
    person.see(*PANELS, "shakespeare", "help")
    person.press(*keys)
    return person


@pytest.mark.parametrize(("size", "number"), [(5_000, signal.SIGTERM), (200_000, signal.SIGHUP)])
def test_a_signal_during_a_paste_that_is_not_marked_gives_the_terminal_back(number, size):
    person = person_at("?")
    person.see("Everywhere")
    writer = pour(person, text_of(size).encode())
    os.kill(person.child.pid, number)
    begun = time.monotonic()
    assert "Traceback" not in person.end()
    assert time.monotonic() - begun < SOON
    assert person.child.exitstatus == 130
    writer.join(SOON)


@pytest.mark.slow
def test_a_paste_where_keys_are_actions_does_nothing_and_says_so():
    sights = {"1": "Live sample", "2": "units", "3": "sine", "5": "No runs", "?": "Everywhere"}
    person = person_at()
    for size, (key, sight) in enumerate(sights.items(), 20_001):
        person.press(key)
        person.see(sight)
        writer = pour(person, text_of(size).encode())
        person.see(f"a paste of {size:,} characters", "was ignored")
        writer.join(SOON)
        person.see(sight)
    person.press("q", "\x11")
    person.end()
    assert person.child.exitstatus == 0


def test_the_key_to_leave_is_heard_right_after_a_paste():
    person = person_at()
    pour(person, text_of(200_000).encode() + b"\x11")
    begun = time.monotonic()
    person.end()
    assert time.monotonic() - begun < SOON
    assert person.child.exitstatus == 0


def test_keys_in_a_burst_and_a_paste_go_into_the_field_that_is_open():
    person = person_at("s", "e")
    person.see("go on from")
    person.press("abcdefghij" * 2)  # in one write
    person.see("go on from abcdefghijabcdefghij")
    pour(person, text_of(5_000).encode() + b"END OF IT\r")  # a line end does not leave it
    person.see("go on from", "END OF IT")
    person.press("!")
    person.see("END OF IT!")
    person.press("\x11")
    person.end()


def test_several_lines_in_a_field_of_one_are_told():
    person = person_at("s", "e")
    person.see("go on from")
    pour(person, ("First of all, a line of the usual kind\r" + "and another line\r" * 10).encode())
    person.see("go on from First of all, a line of the usual kind", "10 lines of the")
    person.press("\x11")
    person.end()


@pytest.mark.parametrize("sent", [
    b"\x1b[A" * 7_000,
    bytes(random.Random(0).randbytes(20_000)) + b"x",
    b"\x1b[200~" + b"a" * 9_000,
])  # fmt: skip
def test_garbage_keeps_it_from_nothing(sent):
    person = person_at()
    writer = pour(person, sent)
    writer.join(SOON)
    os.kill(person.child.pid, signal.SIGTERM)
    begun = time.monotonic()
    assert "Traceback" not in person.end()
    assert time.monotonic() - begun < SOON
    assert person.child.exitstatus == 130


STUCK = """
import os
import time
from pathlib import Path
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.launch import run_app
def calculate(self):
    os.write(2, b"\\x1b]2;stuck\\x07")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        pass
RnntermApp.action_help = calculate
raise SystemExit(run_app(Settings(), Path("nowhere")))
"""


def test_a_signal_ends_even_an_app_that_never_gets_to_its_loop():
    person = Person(sys.executable, ["-c", STUCK])
    person.see(*PANELS, "shakespeare")
    person.press("?")
    deadline = time.monotonic() + SOON
    while "]2;stuck" not in person.sent:
        assert time.monotonic() < deadline
        person.sent += person.child.read_nonblocking(65536, timeout=SOON)
    os.kill(person.child.pid, signal.SIGTERM)
    assert "Traceback" not in person.end()
    assert person.child.exitstatus == 130
