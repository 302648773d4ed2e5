"""Copying by OSC 52: what is sent to the terminal, and what the person is told."""

import base64

import pytest

from rnnterm.tui.clipboard import send_to_clipboard


class Terminal:
    """An app whose driver keeps what is written."""

    def __init__(self) -> None:
        self._driver = self
        self.sent = ""

    def write(self, data: str) -> None:
        self.sent += data


@pytest.fixture(autouse=True)
def no_tmux(monkeypatch):
    monkeypatch.delenv("TMUX", raising=False)


def copied(sequence: str) -> str:
    assert sequence.startswith("\x1b]52;c;") and sequence.endswith("\a")
    return base64.b64decode(sequence[7:-1], validate=True).decode()


def test_a_text_is_sent_and_the_person_told_that_it_may_not_arrive():
    terminal = Terminal()
    told = send_to_clipboard(terminal, "Wähle 日本\n")
    assert copied(terminal.sent) == "Wähle 日本\n"
    assert "sent 9 characters to the terminal" in told
    assert "save to a file" in told


def test_inside_tmux_it_is_wrapped_so_that_tmux_hands_it_on(monkeypatch):
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    terminal = Terminal()
    send_to_clipboard(terminal, "mine")
    assert terminal.sent.startswith("\x1bPtmux;") and terminal.sent.endswith("\x1b\\")
    inside = terminal.sent.removeprefix("\x1bPtmux;").removesuffix("\x1b\\")
    assert inside.count("\x1b") == 2 * inside.count("\x1b\x1b")  # each doubled, and no other
    assert copied(inside.replace("\x1b\x1b", "\x1b")) == "mine"


@pytest.mark.parametrize(("text", "fits"), [("x" * 74_994, True), ("é" * 37_498, False)])
def test_what_terminals_would_drop_is_not_sent(text, fits):
    terminal = Terminal()
    told = send_to_clipboard(terminal, text)
    assert bool(terminal.sent) == fits
    assert len(terminal.sent) <= 100_000
    assert ("sent" if fits else "74,996 bytes are too many") in told


def test_escapes_of_the_text_are_not_copied_into_the_next_shell():
    terminal = Terminal()
    send_to_clipboard(terminal, "a\x1b[31m\x9bb\x07")
    assert not {"\x1b", "\x9b", "\x07"} & set(copied(terminal.sent))


def test_without_a_terminal_it_says_so():
    assert "no terminal" in send_to_clipboard(object(), "mine")
