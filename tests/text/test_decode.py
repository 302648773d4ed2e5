"""Bytes to characters: the same text however it is cut, and the exact place of what is not one."""

import codecs
import io
import itertools
from collections.abc import Sequence
from hashlib import sha256
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.text import decode
from rnnterm.text.decode import TextDecoder


class Trickle(io.BytesIO):
    """A stream whose reads return few bytes, as a pipe's may: so many, over and over."""

    def __init__(self, raw: bytes, sizes: Sequence[int]) -> None:
        super().__init__(raw)
        self._sizes = itertools.cycle(sizes)

    def read(self, size: int | None = -1, /) -> bytes:
        asked = next(self._sizes)
        return super().read(asked if size is None or size < 0 else min(asked, size))


def decoded(raw: bytes, sizes: Sequence[int] = (1 << 30,)) -> tuple[str, TextDecoder]:
    decoder = TextDecoder(Trickle(raw, sizes), "some.txt")
    return "".join(decoder), decoder


def refusal(raw: bytes, sizes: Sequence[int] = (1 << 30,)) -> str:
    """The one line that says why these bytes are no text."""
    with pytest.raises(RnntermError) as caught:
        decoded(raw, sizes)
    line = str(caught.value)
    assert line.startswith("some.txt ")
    assert "\n" not in line
    return line


cuts = st.lists(st.integers(1, 9), min_size=1, max_size=4)
texts = st.text(st.sampled_from("\r\n\ufeffaé€😀") | st.characters(codec="utf-8")).map(
    lambda text: text.replace("\0", "")
)


@given(texts, st.sampled_from([b"", codecs.BOM_UTF8]), cuts, st.integers(1, 9))
@example("\ufefftwo marks", codecs.BOM_UTF8, [1], 9)
@example("ends in CR\r", b"", [1], 1)
def test_text_is_the_same_however_it_is_cut(
    text: str, bom: bytes, sizes: list[int], chunk: int
) -> None:
    raw = bom + text.encode()
    with patch.object(decode, "_CHUNK", chunk):
        characters, decoder = decoded(raw, sizes)
    whole = raw.decode("utf-8-sig")
    assert characters == whole.replace("\r\n", "\n").replace("\r", "\n")
    assert decoder.sha256 == sha256(raw).hexdigest()
    expected = {
        "UTF-8 byte-order mark dropped": raw.startswith(codecs.BOM_UTF8),
        "CRLF line ends read as LF": "\r\n" in whole,
        "CR line ends read as LF": "\r" in whole.replace("\r\n", ""),
    }
    assert decoder.notes == tuple(note for note, is_due in expected.items() if is_due)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_cut_at_the_real_chunk_border(ending: str) -> None:
    line = "x" * ((1 << 20) - 1)
    characters, _ = decoded(f"{line}{ending}next{ending}".encode())
    assert characters == f"{line}\nnext\n"


def test_a_long_text_comes_in_pieces() -> None:
    decoder = TextDecoder(io.BytesIO(b"x" * (3 << 20)), "some.txt")
    assert max(map(len, decoder)) <= 1 << 20


def test_nothing_is_an_empty_text() -> None:
    characters, decoder = decoded(b"")
    assert characters == ""
    assert decoder.notes == ()


BROKEN = [
    b"\xff",  # never occurs in UTF-8
    b"\x80",  # a continuation of nothing
    b"\xc0\xaf",  # two bytes where one would do
    b"\xe2\x82",  # a euro sign that lacks its last byte
    b"\xf0\x9f\x98",  # an emoji that lacks its last byte
    b"\xed\xa0\x80",  # a surrogate
    b"\xf4\x90\x80\x80",  # beyond U+10FFFF
]


@given(texts, st.sampled_from(BROKEN), texts, cuts, st.integers(1, 9))
def test_the_first_broken_byte_is_named_however_the_text_is_cut(
    before: str, broken: bytes, after: str, sizes: list[int], chunk: int
) -> None:
    raw = ("." + before).encode() + broken + after.encode()
    with pytest.raises(UnicodeDecodeError) as truth:
        raw.decode()
    place = truth.value.start
    with patch.object(decode, "_CHUNK", chunk):
        assert f"not UTF-8: byte {place:,} (0x{raw[place]:02x})" in refusal(raw, sizes)


@pytest.mark.parametrize("shift", range(4))
def test_a_broken_character_across_the_real_chunk_border(shift: int) -> None:
    place = (1 << 20) - shift
    raw = b"x" * place + b"\xf0\x9f\x98 and more"
    assert f"byte {place:,} (0xf0)" in refusal(raw)


@pytest.mark.parametrize("sizes", [[1], [2], [3, 1], [1 << 20]], ids=str)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_named(encoding: str, sizes: list[int]) -> None:
    assert "is UTF-16: convert it" in refusal("\ufeffHello".encode(encoding), sizes)


@pytest.mark.parametrize("sizes", [[1], [3], [1 << 20]], ids=str)
@pytest.mark.parametrize("raw", [b"\0", b"\x7fELF\x02\x01\x01\0\0", b"text, then\n\0"])
def test_nul_characters_are_refused(raw: bytes, sizes: list[int]) -> None:
    assert "looks binary" in refusal(raw, sizes)
