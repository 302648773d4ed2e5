"""Texts as indices on disk: right, narrow, and never half there."""

import errno
import io
import os
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from encoded_texts import VERSE, text_of, tree
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.text import encoded
from rnnterm.text.decode import TextDecoder
from rnnterm.text.encoded import (
    cache_folder,
    encode_file,
    encode_stream,
)


class TestIndices:
    @settings(max_examples=50)
    @given(st.text(st.sampled_from("\n\raAß€😀") | st.characters(codec="utf-8")))
    def test_they_decode_to_the_text(self, text: str) -> None:
        assume(text.strip("\ufeff"))  # else there is nothing to learn
        assume("\0" not in text)
        raw = text.encode()
        known = encode_stream(io.BytesIO(raw), "text")
        expected = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        assert text_of(known) == expected
        assert known.vocab.symbols == "".join(sorted(set(expected)))
        assert known.sha256 == sha256(raw).hexdigest()

    @pytest.mark.parametrize(
        ("count", "dtype"),
        [
            (1, np.uint8),
            (2, np.uint8),
            (256, np.uint8),
            (257, np.uint16),
            (20_000, np.uint16),
            (65_537, np.uint32),
        ],
    )
    def test_they_are_as_narrow_as_the_symbols_allow(
        self, count: int, dtype: type, tmp_path: Path
    ) -> None:
        # Letters from the supplementary planes: no surrogates and no line ends among them.
        text = "".join(map(chr, range(0x10000, 0x10000 + count))) * 2
        path = tmp_path / "many.txt"
        path.write_text(text, encoding="utf-8")
        known = encode_file(path, "many")
        assert known.ids.dtype == dtype
        assert len(known.vocab) == count
        assert known.ids.tolist() == [*range(count), *range(count)]

    def test_they_are_read_only(self, play: Path) -> None:
        known = encode_file(play, "play")
        with pytest.raises(ValueError, match="read-only"):
            known.ids[0] = 1

    def test_released_pages_come_back_when_they_are_read(self, play: Path) -> None:
        known = encode_file(play, "play")
        assert text_of(known) == VERSE
        known.release_pages()
        assert text_of(known) == VERSE

    def test_text_longer_than_a_chunk(self, tmp_path: Path) -> None:
        text = "".join(f"{number} plus eins ist größer\r\n" for number in range(60_000))
        path = tmp_path / "long.txt"
        path.write_text(text, encoding="utf-8", newline="")
        assert path.stat().st_size > 1 << 20
        assert text_of(encode_file(path, "long")) == text.replace("\r\n", "\n")


NO_TEXT = {
    "empty": b"",
    "only a byte-order mark": b"\xef\xbb\xbf",
    "invalid at its end": VERSE.encode() * 30_000 + b"\xff",
    "cut inside a character": VERSE.encode() + "é".encode()[:1],
    "binary": VERSE.encode() + b"\0",
    "UTF-16": VERSE.encode("utf-16"),
}


class TestFailure:
    """What cannot be encoded leaves the cache as it was."""

    @pytest.fixture(autouse=True)
    def used_cache(self, tmp_path: Path) -> None:
        other = tmp_path / "other.txt"
        other.write_text("another text")
        encode_file(other, "other")

    @pytest.mark.parametrize("raw", NO_TEXT.values(), ids=NO_TEXT)
    @pytest.mark.parametrize("lowercase", [False, True])
    def test_of_what_is_no_text(self, raw: bytes, lowercase: bool, tmp_path: Path) -> None:
        path = tmp_path / "no-text"
        path.write_bytes(raw)
        before = tree(cache_folder())
        with pytest.raises(RnntermError, match=r"^no-text "):
            encode_file(path, "no-text", lowercase=lowercase)
        with pytest.raises(RnntermError, match=r"^piped "):
            encode_stream(io.BytesIO(raw), "piped", lowercase=lowercase)
        assert tree(cache_folder()) == before

    def test_of_a_text_that_changes_between_the_passes(
        self, play: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Meddler(TextDecoder):
            def __iter__(self):  # type: ignore[no-untyped-def]
                yield from super().__iter__()
                with play.open("a") as file:
                    file.write("…")

        before = tree(cache_folder())
        monkeypatch.setattr(encoded, "TextDecoder", Meddler)
        with pytest.raises(RnntermError, match="play changed while it was read"):
            encode_file(play, "play")
        assert tree(cache_folder()) == before

    def test_of_a_full_disk(self, play: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(path: Path, _: object) -> None:
            path.write_text("{")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        before = tree(cache_folder())
        monkeypatch.setattr(encoded, "write_json", full)
        with pytest.raises(RnntermError, match="No space left on device") as caught:
            encode_file(play, "play")
        assert f"({cache_folder()}); RNNTERM_CACHE names another" in str(caught.value)
        assert tree(cache_folder()) == before

    def test_of_a_cache_that_is_no_folder(
        self, play: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("RNNTERM_CACHE", str(tmp_path / "file"))
        with pytest.raises(RnntermError, match="RNNTERM_CACHE names another"):
            encode_file(play, "play")
        with pytest.raises(RnntermError, match="RNNTERM_CACHE names another"):
            encode_stream(io.BytesIO(b"text"), "standard input")
        assert (tmp_path / "file").read_text() == "in the way"


def test_a_refused_file_does_not_even_begin_a_cache(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(RnntermError):
        encode_file(tmp_path / "empty", "empty")
    assert not cache_folder().parent.exists()


def test_a_pipe_is_encoded_and_leaves_no_spool() -> None:
    text = VERSE * 20_000  # many times what a pipe holds
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "w") as out:
            out.write(text)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as stream:
        known = encode_stream(stream, "standard input")
    writer.join()
    assert text_of(known) == text
    assert [path.name for path in cache_folder().iterdir()] == [known.sha256]


MEASURE = """
import sys
from pathlib import Path
from rnnterm.text.encoded import encode_file

def peak():
    # Not getrusage: its ru_maxrss begins at what the process that started this one had.
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])

small, large = map(Path, sys.argv[1:])
encode_file(small, "small")  # what modules and tables take is not the text's
before = peak()
assert len(encode_file(large, "large").ids) == 60_000_000
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read in /proc")
def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text(VERSE)
    with large.open("wb") as file:
        for _ in range(60):
            file.write((b"%-99s\n" % VERSE.strip().encode()) * 10_000)
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, small, large], check=True, capture_output=True, text=True
    )
    # The text as bytes, as characters or as indices is 60 MB each. What is held is a chunk of a
    # million characters as UTF-8, UTF-32 and 64-bit indices: 14 MB, so twice that is ample.
    assert int(measured.stdout) < 28e6
    large.unlink()
