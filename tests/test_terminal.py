"""Safe text: nothing that drives a terminal gets through, and nothing else is touched."""

import io
import itertools
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnterm import terminal
from rnnterm.terminal import SafeText, can_style, is_terminal, pipe_text, safe_line, safe_text

JOINERS = "\u200c\u200d"
EVERY_CHARACTER = "".join(map(chr, range(sys.maxunicode + 1)))

# Any code point at all, surrogates too, with those that matter more often than by chance.
nasty = st.sampled_from("\r\n\t\0\x1b\x7f\x9b\u200c\u200d\u202e\u0301\u0489\u20dd\ufe0f\ud800a界👩")
texts = st.text(nasty | st.characters())
marks = st.text(st.characters(categories=["Mn", "Mc", "Me"]), max_size=9)


def is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Mc", "Me")


def drives(char: str) -> bool:
    """Whether a terminal might do with a character anything but show it."""
    if char in "\n\t" or char in JOINERS:
        return False
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")


@pytest.fixture
def forgotten_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables that keep what they learn only until the test ends: a million entries are a lot."""
    monkeypatch.setattr(terminal, "_TERMINAL", terminal._TerminalTable())
    monkeypatch.setattr(terminal, "_PIPE", terminal._PipeTable())


@pytest.mark.usefixtures("forgotten_tables")
class TestEveryCharacter:
    def test_on_a_terminal_none_drives_it(self) -> None:
        assert [char for char in set(safe_text(EVERY_CHARACTER)) if drives(char)] == []

    def test_in_a_pipe_all_are_exact_but_controls_and_surrogates(self) -> None:
        piped = pipe_text(EVERY_CHARACTER)
        assert len(piped) == len(EVERY_CHARACTER)
        changed = {old: new for old, new in zip(EVERY_CHARACTER, piped, strict=True) if old != new}
        c0 = {chr(code): chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t\r"}
        c1 = {chr(code): "\ufffd" for code in range(0x80, 0xA0)}
        surrogates = {chr(code): "\ufffd" for code in range(0xD800, 0xE000)}
        assert changed == c0 | {"\x7f": "\u2421"} | c1 | surrogates


class TestTerminal:
    @given(texts)
    def test_nothing_drives_it(self, text: str) -> None:
        assert not any(map(drives, safe_text(text)))

    @given(st.lists(st.tuples(texts, marks)))
    def test_at_most_four_marks_stand_in_a_row(self, pieces: list[tuple[str, str]]) -> None:
        safe = safe_text("".join(itertools.chain(*pieces)))
        rows = (list(row) for marked, row in itertools.groupby(safe, is_mark) if marked)
        assert all(len(row) <= 4 for row in rows)

    def test_the_first_four_marks_stay(self) -> None:
        accents = "\u0300\u0301\u0302\u0303\u0304\u0305"
        assert safe_text(f"a{accents}b{accents[:2]}c") == f"a{accents[:4]}b{accents[:2]}c"

    @given(
        st.text(st.characters(exclude_categories=["C", "M", "Zl", "Zp"])),
        st.sampled_from(["\n", "\t", "é́", "👩\u200d🔬", "نمی\u200cخواهم", "❤\ufe0f", "\xa0"]),
    )
    def test_printable_text_is_untouched(self, text: str, also: str) -> None:
        assert safe_text(text + also + text) == text + also + text

    @pytest.mark.parametrize(
        ("text", "safe"),
        [
            ("\x1b[2J", "␛[2J"),
            ("\x1b]0;title\x07", "␛]0;title␇"),
            ("\x9b31m", "\ufffd31m"),
            ("a\0b\x7f", "a␀b␡"),
            ("one\r\ntwo", "one\ntwo"),
            ("100%\r  0%", "100%␍  0%"),
            ("\r\r\n\r", "␍\n␍"),
            ("\v\f\x85", "␋␌\ufffd"),
            ("\u2028\u2029", "\ufffd\ufffd"),
            ("user\u202egnp.exe", "user\ufffdgnp.exe"),
            ("zero\u200bwidth\ufeff", "zero\ufffdwidth\ufffd"),
            ("\ue000\U0010ffff\u0378", "\ufffd\ufffd\ufffd"),
            ("\ud800\udfff", "\ufffd\ufffd"),
        ],
    )
    def test_what_stands_for_what(self, text: str, safe: str) -> None:
        assert safe_text(text) == safe

    @given(texts)
    def test_what_is_safe_stays_as_it_is(self, text: str) -> None:
        assert safe_text(safe_text(text)) == safe_text(text)


class TestStream:
    @given(st.lists(texts))
    @example(["a\r", "\nb"])
    @example(["a\r", "", "\r", "b", "\r"])
    @example(["e\u0301\u0301\u0301\u0301", "a", "\u0301"])
    @example(["e\u0301\u0301\u0301", "", "\u0301\u0301", "\u0301e\u0301"])
    def test_where_it_is_cut_changes_nothing(self, chunks: list[str]) -> None:
        safe = SafeText()
        fed = [safe.feed(chunk) for chunk in chunks]
        assert "".join(fed) + safe.feed("", last=True) == safe_text("".join(chunks))

    @given(texts)
    def test_one_character_at_a_time(self, text: str) -> None:
        safe = SafeText()
        fed = [safe.feed(char, last=place == len(text) - 1) for place, char in enumerate(text)]
        assert "".join(fed) == safe_text(text)

    def test_nothing_but_a_carriage_return_waits(self) -> None:
        safe = SafeText()
        assert [safe.feed(chunk) for chunk in ("a", "b\r", "\n", "\x1b", "c")] == [
            "a",
            "b",
            "\n",
            "␛",
            "c",
        ]


@given(texts)
def test_a_safe_line_is_one_line(text: str) -> None:
    line = safe_line(text)
    assert len(line.splitlines()) <= 1
    assert "\t" not in line
    assert not any(map(drives, line))
    assert line.replace("␊", "\n").replace("␉", "\t") == safe_text(text).replace("␊", "\n").replace(
        "␉", "\t"
    )


def test_line_breaks_and_tabs_become_pictures() -> None:
    assert safe_line("a\nb\r\nc\td") == "a␊b␊c␉d"


@given(texts)
def test_a_pipe_can_take_every_text(text: str) -> None:
    piped = pipe_text(text)
    assert len(piped) == len(text)
    assert pipe_text(piped) == piped
    assert piped.encode().decode() == piped  # no lone surrogate is left
    assert not set(piped) & {"\x1b", "\x9b", "\x7f"}


def test_a_pipe_keeps_what_only_a_terminal_minds() -> None:
    exact = "CRLF\r\ntab\tbidi\u202ezero\u200bwidth\ufeff\u2028\ue000" + "\u0301" * 9
    assert pipe_text(exact) == exact


class FakeStream(io.StringIO):
    def __init__(self, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return super().isatty() or self._tty  # a closed stream raises


def test_a_dumb_terminal_is_one_but_has_no_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert is_terminal(FakeStream(tty=True))
    assert not is_terminal(FakeStream(tty=False))
    closed = FakeStream(tty=True)
    closed.close()
    assert not is_terminal(closed)
    assert not is_terminal(None)
    assert can_style(FakeStream(tty=True))
    monkeypatch.setenv("TERM", "dumb")
    assert is_terminal(FakeStream(tty=True))
    assert not can_style(FakeStream(tty=True))
