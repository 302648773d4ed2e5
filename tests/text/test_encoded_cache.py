"""The cache of encoded texts: found again by content, and rebuilt where it is damaged."""

import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import platformdirs
import pytest
from encoded_texts import VERSE, text_of, tree

from rnnterm.text import encoded
from rnnterm.text.decode import TextDecoder
from rnnterm.text.encoded import cache_folder, encode_file, open_encoded


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the texts decoded from now on, one entry for each pass over one."""
    begun: list[str] = []

    class CountingDecoder(TextDecoder):
        def __iter__(self):  # type: ignore[no-untyped-def]
            begun.append(self._name)
            return super().__iter__()

    monkeypatch.setattr(encoded, "TextDecoder", CountingDecoder)
    return begun


class TestCache:
    def test_the_second_time_the_text_is_not_read(self, play: Path, passes: list[str]) -> None:
        first = encode_file(play, "play")
        assert passes == ["play", "play"]
        second = encode_file(play, "play")
        assert len(passes) == 2
        assert text_of(second) == text_of(first) == VERSE
        assert second.sha256 == first.sha256
        assert second.vocab == first.vocab

    def test_a_copy_under_another_name_is_hashed_but_not_encoded(
        self, play: Path, passes: list[str]
    ) -> None:
        encode_file(play, "play")
        stored = tree(cache_folder() / encode_file(play, "play").sha256)
        copy = play.with_name("copy.txt")
        copy.write_bytes(play.read_bytes())
        passes.clear()
        assert text_of(encode_file(copy, "copy")) == VERSE
        assert passes == ["copy"]
        assert len(list(cache_folder().rglob("ids.bin"))) == 1
        assert tree(cache_folder() / sha256(VERSE.encode()).hexdigest()) == stored
        assert text_of(encode_file(copy, "copy")) == VERSE
        assert passes == ["copy"]

    def test_a_changed_file_is_read_again(self, play: Path) -> None:
        before = encode_file(play, "play")
        play.write_text(VERSE + "Whether 'tis nobler\n")
        after = encode_file(play, "play")
        assert text_of(after) == VERSE + "Whether 'tis nobler\n"
        assert after.sha256 != before.sha256
        assert text_of(before) == VERSE  # an open text stays what it was

    def test_a_change_that_keeps_size_and_time_is_noticed(self, play: Path) -> None:
        encode_file(play, "play")
        seen = play.stat()
        time.sleep(0.02)  # some systems count the times of files in steps of 10 ms
        with play.open("r+b") as file:
            file.write(b"Do")
        os.utime(play, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        assert play.stat().st_mtime_ns == seen.st_mtime_ns
        assert text_of(encode_file(play, "play")) == "Do" + VERSE[2:]

    def test_both_spellings_lie_side_by_side(self, play: Path, passes: list[str]) -> None:
        exact = encode_file(play, "play")
        folded = encode_file(play, "play", lowercase=True)
        assert (text_of(exact), text_of(folded)) == (VERSE, VERSE.lower())
        assert folded.vocab.lowercase
        assert not exact.vocab.lowercase
        passes.clear()
        assert text_of(encode_file(play, "play")) == VERSE
        assert text_of(encode_file(play, "play", lowercase=True)) == VERSE.lower()
        assert passes == []

    def test_folding_merges_indices(self, tmp_path: Path) -> None:
        path = tmp_path / "case.txt"
        path.write_text("bBaAİ", encoding="utf-8")
        known = encode_file(path, "case", lowercase=True)
        assert known.vocab.symbols == "abİ"
        assert known.ids.tolist() == [1, 1, 0, 0, 2]

    def test_notes_are_kept(self, tmp_path: Path, passes: list[str]) -> None:
        path = tmp_path / "dos.txt"
        path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
        notes = encode_file(path, "dos").notes
        assert notes == ("UTF-8 byte-order mark dropped", "CRLF line ends read as LF")
        passes.clear()
        assert encode_file(path, "dos").notes == notes
        assert passes == []

    def test_a_file_name_need_not_be_utf_8(self, tmp_path: Path, passes: list[str]) -> None:
        path = tmp_path / os.fsdecode(b"caf\xe9.txt")
        try:
            path.write_text(VERSE)
        except OSError:
            pytest.skip("this file system takes UTF-8 names only")
        encode_file(path, "play")
        passes.clear()
        assert text_of(encode_file(path, "play")) == VERSE
        assert passes == []

    def test_an_unknown_digest_opens_nothing(self) -> None:
        assert open_encoded("0" * 64) is None

    def test_a_spoilt_note_leads_nowhere(self, play: Path) -> None:
        encode_file(play, "play")
        (note,) = (cache_folder() / "seen").iterdir()
        for spoilt in (b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"sha256": 7}'):
            note.write_bytes(spoilt)
            assert text_of(encode_file(play, "play")) == VERSE

    def test_its_place(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("RNNTERM_CACHE", str(tmp_path / "mine"))
        assert cache_folder().parent == tmp_path / "mine"
        monkeypatch.delenv("RNNTERM_CACHE")
        assert cache_folder().parent == platformdirs.user_cache_path("rnnterm")


def replaced(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def cut(size: int) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / "ids.bin", size)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(cut(len(VERSE) - 1), id="ids lack one"),
        pytest.param(cut(0), id="ids empty"),
        pytest.param(cut(len(VERSE) + 1), id="ids have one more"),
        pytest.param(lambda folder: (folder / "ids.bin").unlink(), id="ids missing"),
        pytest.param(lambda folder: (folder / "text.json").unlink(), id="facts missing"),
        pytest.param(replaced("text.json", b""), id="facts empty"),
        pytest.param(replaced("text.json", b'{"symbols": "ab", "len'), id="facts cut"),
        pytest.param(replaced("text.json", bytes(range(256))), id="facts binary"),
        pytest.param(replaced("text.json", b"[1, 2]"), id="facts a list"),
        pytest.param(replaced("text.json", b'{"symbols": "ab"}'), id="facts lack length"),
        pytest.param(
            replaced("text.json", b'{"length": 43, "notes": []}'), id="facts lack symbols"
        ),
        pytest.param(
            replaced("text.json", b'{"symbols": 7, "length": 43, "notes": []}'),
            id="symbols a number",
        ),
        pytest.param(
            replaced("text.json", b'{"symbols": "ab", "length": 43, "notes": null}'), id="no notes"
        ),
        pytest.param(
            replaced("text.json", b'{"symbols": "ab", "length": "43", "notes": []}'),
            id="length a string",
        ),
    ],
)
def test_a_damaged_copy_is_rebuilt(damage: Callable[[Path], object], play: Path) -> None:
    digest = encode_file(play, "play").sha256
    whole = tree(cache_folder())
    damage(cache_folder() / digest)
    assert open_encoded(digest) is None
    assert text_of(encode_file(play, "play")) == VERSE
    assert tree(cache_folder()) == whole


def test_who_is_second_leaves_the_copy_of_the_first(
    play: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replaced, it would be gone for a moment, in which a third one found its place taken."""
    write = encoded.write_json
    firsts = []

    def meanwhile(path: Path, values: object) -> None:
        write(path, values)
        monkeypatch.setattr(encoded, "write_json", write)
        digest = encode_file(play, "play").sha256
        firsts.append((cache_folder() / digest).stat().st_ino)

    monkeypatch.setattr(encoded, "write_json", meanwhile)
    second = encode_file(play, "play")
    assert text_of(second) == VERSE
    assert [(cache_folder() / second.sha256).stat().st_ino] == firsts
    assert not list(cache_folder().glob(".*"))
