"""What is told from a flood of keys: typed keys, held ones, pastes that are marked."""

import random
import string

import pytest

from rnnterm.tui.flood import KeyFlood, Sifter

TEXT = "To be, or not to be: that is the question.\r"


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def sifted(*pieces: str) -> list[str | KeyFlood]:
    sifter = Sifter(Clock())
    return [part for piece in pieces for part in sifter.sift(piece)]


@pytest.mark.parametrize(
    "keys",
    [
        "q", "\x1b", "\x1b[A", string.ascii_lowercase[:20], "j" * 300, "\x1b[B" * 300, "jk" * 100,
        "To be, or not to be: that is the question.", "\x1b[<35;10;10M" * 200,
        "\x1b[200~ab\x1b[201~",
    ],
)  # fmt: skip
def test_what_people_do_stays_keys(keys):
    assert "".join(sifted(keys)) == keys


def test_a_long_text_is_a_flood():
    (flood,) = sifted(TEXT * 100)
    assert flood == KeyFlood(TEXT.replace("\r", "\n") * 100, len(TEXT) * 100)
    assert flood.is_text


def test_one_character_for_ever_is_a_flood():
    (flood,) = sifted("a" * 5000)
    assert flood == KeyFlood("a" * 5000, 5000)


def test_line_ends_of_every_kind_are_newlines():
    (flood,) = sifted(TEXT * 3 + "\r\nx\ny\rz")
    assert flood.text.endswith("\n\nx\ny\nz")


def test_keys_typed_after_it_are_keys():
    flood, *keys = sifted(TEXT * 100 + "\x11")
    assert isinstance(flood, KeyFlood)
    assert keys == ["\x11"]
    assert sifted(TEXT * 100 + "\x1b[113;5u")[1:] == ["\x1b[113;5u"]  # kitty's ctrl+q


def test_its_rest_is_flood_too_but_a_later_key_is_none():
    clock = Clock()
    sifter = Sifter(clock)
    assert isinstance(next(sifter.sift(TEXT * 100)), KeyFlood)
    assert isinstance(next(sifter.sift("the last of its words")), KeyFlood)
    assert list(sifter.sift("q")) == ["q"]
    clock.now += 1
    assert list(sifter.sift("the last of its words")) == ["the last of its words"]


def test_sequences_by_the_thousand_are_a_flood_and_no_text():
    (flood,) = sifted("\x1b[A" * 5000)
    assert flood == KeyFlood("", 5000)
    assert not flood.is_text


def test_garbage_is_no_text():
    sent = bytes(random.Random(0).randbytes(20_000)).decode("utf-8", "replace")
    floods = [part for part in sifted(sent) if isinstance(part, KeyFlood)]
    assert floods
    assert not any(flood.is_text for flood in floods)


def test_what_the_terminal_tells_is_kept():
    resize = "\x1b[48;30;100;600;800t"
    assert sifted(TEXT * 50 + resize + TEXT * 50)[0] == resize


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_marked_paste_goes_through_however_it_is_cut(size):
    sent = "x" + "\x1b[200~" + TEXT * 100 + "\x1b[201~" + "y\x1b[A"
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert "".join(sifted(*pieces)) == sent


def test_after_a_marked_paste_keys_are_looked_at_again():
    marked = "\x1b[200~" + TEXT * 100 + "\x1b[201~"
    assert sifted(marked[:5], marked[5:-2], marked[-2:] + TEXT * 100)[-1] == KeyFlood(
        TEXT.replace("\r", "\n") * 100, len(TEXT) * 100
    )


def test_a_paste_that_does_not_end_is_known():
    sifter = Sifter()
    list(sifter.sift("\x1b[200~half"))
    assert sifter.is_in_paste
    assert list(sifter.sift("\x1b[201~")) == ["\x1b[201~"]
    assert not sifter.is_in_paste
