"""The cache of encoded texts: found again by content, and rebuilt where it is damaged."""

import io
import json
import os
import shutil
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import platformdirs
import pytest
from damaged_files import KINDS, replaced_by
from encoded_texts import VERSE, text_of, tree

from rnnterm.errors import RnntermError
from rnnterm.text import encoded
from rnnterm.text.corpus import open_corpus
from rnnterm.text.decode import TextDecoder
from rnnterm.text.encoded import cache_folder, encode_file, encode_stream, open_encoded


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
    with pytest.raises(RnntermError, match="damaged") as caught:
        open_encoded(digest)
    assert "\n" not in str(caught.value)
    remade = encode_file(play, "play")
    assert text_of(remade) == VERSE
    assert remade.was_remade
    assert tree(cache_folder()) == whole
    assert not encode_file(play, "play").was_remade


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


class TestDamage:
    """Whatever stands in the cache, a text is what its file says."""

    @pytest.mark.parametrize("name", ["ids.bin", "text.json"])
    def test_every_flipped_bit_is_noticed(self, name: str, play: Path) -> None:
        digest = encode_file(play, "play").sha256
        file = cache_folder() / digest / name
        content = file.read_bytes()
        for place in range(len(content)):
            damaged = bytearray(content)
            damaged[place] ^= 1 << place % 8
            file.write_bytes(damaged)
            with pytest.raises(RnntermError, match="damaged"):
                open_encoded(digest)
        assert encode_file(play, "play").was_remade
        assert file.read_bytes() == content

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", ["", "ids.bin", "text.json"])
    def test_another_kind_of_thing_is_replaced(
        self, kind: str, name: str, play: Path, tmp_path: Path
    ) -> None:
        digest = encode_file(play, "play").sha256
        folder = cache_folder() / digest
        outside = tmp_path / "outside"
        shutil.copytree(folder, outside)
        before = tree(outside)
        with replaced_by(kind, folder / name, outside / name):
            with pytest.raises(RnntermError, match="damaged"):
                open_encoded(digest)
            remade = encode_file(play, "play")
        assert (text_of(remade), remade.was_remade) == (VERSE, True)
        assert tree(outside) == before
        assert open_encoded(digest) is not None
        assert not list(cache_folder().glob(".*"))

    def test_a_description_that_is_nested_deeply(self, play: Path) -> None:
        digest = encode_file(play, "play").sha256
        (cache_folder() / digest / "text.json").write_text("[" * 100_000)
        assert text_of(encode_file(play, "play")) == VERSE

    def test_it_is_said(self, play: Path) -> None:
        digest = open_corpus(str(play)).sha256
        (cache_folder() / digest / "ids.bin").write_bytes(bytes(len(VERSE)))
        assert "damaged and is made anew" in " ".join(open_corpus(str(play)).notes)
        assert open_corpus(str(play)).notes == ()

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_folder_of_notes_is_replaced(self, kind: str, play: Path, tmp_path: Path) -> None:
        encode_file(play, "play")
        seen, outside = cache_folder() / "seen", tmp_path / "outside"
        outside.mkdir()
        with replaced_by(kind, seen, outside):
            assert text_of(encode_file(play, "play")) == VERSE
        assert seen.is_dir()
        assert not seen.is_symlink()
        assert list(outside.iterdir()) == []

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_note_is_replaced(self, kind: str, play: Path, tmp_path: Path) -> None:
        encode_file(play, "play")
        (note,) = (cache_folder() / "seen").iterdir()
        outside = tmp_path / "outside"
        outside.write_bytes(note.read_bytes())
        with replaced_by(kind, note, outside):
            assert text_of(encode_file(play, "play")) == VERSE
        assert note.is_file()
        assert not note.is_symlink()

    def test_a_link_in_the_place_of_the_cache_is_refused(self, play: Path, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        cache_folder().parent.mkdir(parents=True)
        cache_folder().symlink_to(tmp_path / "outside")
        for attempt in (
            lambda: encode_file(play, "play"),
            lambda: encode_stream(io.BytesIO(VERSE.encode()), "standard input"),
        ):
            with pytest.raises(RnntermError, match="link"):
                attempt()
        assert open_encoded("0" * 64) is None
        assert list((tmp_path / "outside").iterdir()) == []

    def test_a_note_that_leads_to_another_text(self, play: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.txt"
        other.write_text(VERSE.swapcase())
        digest = encode_file(other, "other").sha256
        (old,) = (cache_folder() / "seen").iterdir()
        old.unlink()
        encode_file(play, "play")
        (note,) = (cache_folder() / "seen").iterdir()
        note.write_text(json.dumps(json.loads(note.read_text()) | {"sha256": digest}))
        assert text_of(encode_file(play, "play")) == VERSE


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_all_of_it_is_private(umask: int, play: Path) -> None:
    before = os.umask(umask)
    try:
        encode_file(play, "play")
        encode_stream(io.BytesIO(b"another"), "standard input")
    finally:
        os.umask(before)
    paths = [cache_folder(), *cache_folder().rglob("*")]
    assert len(paths) > 6
    for path in paths:
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_killed_encodings_left_is_swept_and_nothing_else(play: Path) -> None:
    encode_file(play, "play")
    cache = cache_folder()
    digest = "0" * 64
    old = [cache / f".{digest}.0123abcd.tmp", cache / f".{digest}-lower.0123abcd.tmp"]
    kept = [cache / f".{digest}.89abcdef.tmp", cache / ".mine.tmp", cache / f".{digest}.tmp"]
    for folder in (*old, *kept):
        folder.mkdir()
        (folder / "ids.bin").touch()
        os.utime(folder / "ids.bin", (1e9, 1e9))
        os.utime(folder, (1e9, 1e9))
    os.utime(kept[0] / "ids.bin")  # somebody writes there
    spools = [cache / ".spool-abcd_123", cache / ".spool-new"]
    for spool in spools:
        spool.touch()
    os.utime(spools[0], (1e9, 1e9))
    play.write_text("another text")
    encode_file(play, "play")
    left = set(cache.glob(".*"))
    assert left == {*kept, spools[1]}


def test_the_cache_of_an_earlier_layout_is_dropped_and_nothing_of_others(
    play: Path, tmp_path: Path
) -> None:
    old = cache_folder().with_name("texts-1")
    digest = "0" * 64
    for name in (digest, f"{digest}-lower", f".{digest}.0123abcd.tmp", "seen"):
        (old / name).mkdir(parents=True)
        (old / name / "text.json").touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").touch()
    (old / f"{'1' * 64}").symlink_to(outside)
    encode_file(play, "play")
    assert not old.exists()
    assert (outside / "mine").exists()

    play.write_text("another text")
    (outside / digest).mkdir()
    old.symlink_to(outside)
    encode_file(play, "play")
    assert (outside / digest).exists()

    old.unlink()
    (old / digest).mkdir(parents=True)
    (old / "notes.txt").touch()
    play.write_text("a third text")
    encode_file(play, "play")
    assert [path.name for path in old.iterdir()] == ["notes.txt"]
