"""Opening a text by name, cutting it into parts, and finding it again for a later session."""

import io
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError, UsageError
from rnnterm.text import corpus as corpus_module
from rnnterm.text.catalog import bundled_texts
from rnnterm.text.corpus import Corpus, open_corpus, reopen_corpus
from rnnterm.text.encoded import EncodedText, cache_folder
from rnnterm.text.vocab import Vocabulary

VERSE = "Farewell the tranquil mind! farewell content!\n"


def text_of(corpus: Corpus) -> str:
    return corpus.vocab.decode(corpus.ids)


@pytest.fixture
def play(tmp_path: Path) -> Path:
    path = tmp_path / "my play.txt"
    path.write_text(VERSE)
    return path


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""
    return lambda raw: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))


class TestOpening:
    def test_by_path(self, play: Path) -> None:
        corpus = open_corpus(str(play))
        assert (corpus.name, corpus.source) == ("my play", str(play))
        assert text_of(corpus) == VERSE
        assert len(corpus) == len(corpus.ids) == len(VERSE)
        assert corpus.excerpt(9, 12) == "the"
        assert corpus.notes == ()

    def test_by_relative_path_and_home(self, play: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(play.parent)
        monkeypatch.setenv("HOME", str(play.parent))
        assert open_corpus("./my play.txt").source == str(play)
        assert open_corpus("~/my play.txt").source == str(play)

    def test_by_bundled_name(self) -> None:
        corpus = open_corpus("othello")
        assert (corpus.name, corpus.source) == ("othello", "othello")
        assert corpus.excerpt(0, 9) == "OTHELLO:\n"
        assert len(corpus) == 9851

    def test_a_bundled_name_wins_over_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("othello").write_text("mine")
        assert len(open_corpus("othello")) == 9851
        assert text_of(open_corpus("./othello")) == "mine"

    def test_from_standard_input(self, pipe: Callable[[bytes], None]) -> None:
        pipe(b"\xef\xbb\xbfUne fa\xc3\xa7ade\r\n")
        corpus = open_corpus("-")
        assert (corpus.name, corpus.source) == ("stdin", "-")
        assert text_of(corpus) == "Une façade\n"
        assert len(corpus.notes) == 2

    def test_in_lower_case(self, play: Path, pipe: Callable[[bytes], None]) -> None:
        assert text_of(open_corpus(str(play), lowercase=True)) == VERSE.lower()
        assert open_corpus("othello", lowercase=True).excerpt(0, 7) == "othello"
        pipe(VERSE.encode())
        assert text_of(open_corpus("-", lowercase=True)) == VERSE.lower()


class TestRefusal:
    """Each is one line that names the corpus; wrong usage is told from what went wrong."""

    def refusal(self, source: str, kind: type[RnntermError]) -> str:
        with pytest.raises(RnntermError) as caught:
            open_corpus(source)
        assert type(caught.value) is kind
        assert "\n" not in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("othelo", "othello"), ("moby_dick", "moby-dick"), ("pride-and-prejudce", "pride-and-p")],
    )
    def test_a_misspelt_name_suggests_the_near_one(self, typed: str, meant: str) -> None:
        assert f"no corpus {typed!r}; did you mean {meant}" in self.refusal(typed, UsageError)

    @pytest.mark.parametrize("name", ["", "zzz", "no/such/file.txt", "~nobody-of-that-name/x"])
    def test_a_name_like_no_other_lists_them_all(self, name: str) -> None:
        line = self.refusal(name, UsageError)
        assert line.startswith(f"there is no corpus {name!r}; bundled corpora: ")
        assert all(known in line for known in bundled_texts())

    def test_a_series_is_no_text(self) -> None:
        assert "sunspots is a series" in self.refusal("sunspots", UsageError)

    def test_a_folder(self, tmp_path: Path) -> None:
        assert f"{tmp_path} is a folder" in self.refusal(str(tmp_path), UsageError)

    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        assert "not a regular file: pipe it in" in self.refusal(str(tmp_path / "fifo"), UsageError)

    def test_a_device(self) -> None:
        assert "/dev/null is not a regular file" in self.refusal("/dev/null", UsageError)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_an_unreadable_file(self, play: Path) -> None:
        play.chmod(0)
        assert f"cannot read {play}: permission denied" in self.refusal(str(play), RnntermError)

    def test_a_path_that_no_file_can_have(self, play: Path) -> None:
        assert "cannot read" in self.refusal(f"{play}/beyond", RnntermError)
        assert "cannot read" in self.refusal("x" * 5000, RnntermError)
        assert "cannot read" in self.refusal("nul\0character", RnntermError)
        assert "cannot read" in self.refusal("lone\ud800surrogate", RnntermError)

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        assert self.refusal(str(tmp_path / "empty"), RnntermError).startswith(
            f"{tmp_path / 'empty'} is empty"
        )

    def test_empty_standard_input(self, pipe: Callable[[bytes], None]) -> None:
        pipe(b"")
        assert "standard input is empty" in self.refusal("-", RnntermError)

    def test_closed_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        assert "standard input is closed" in self.refusal("-", UsageError)


def numbered(length: int) -> Corpus:
    """A text whose every index is its place, of a vocabulary that does not matter."""
    ids = np.arange(length, dtype=np.uint32)
    return Corpus("numbers", "numbers", EncodedText(ids, Vocabulary("ab"), "", ()))


fractions = st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda pair: sum(pair) < 1)


class TestSplit:
    @given(st.integers(0, 3000), fractions)
    def test_the_parts_are_the_text_in_reading_order(
        self, length: int, pair: tuple[float, float]
    ) -> None:
        corpus = numbered(length)
        parts = corpus.split(*pair)
        assert np.concatenate([parts.train, parts.val, parts.test]).tolist() == list(range(length))
        assert abs(len(parts.train) - length * (1 - sum(pair))) <= 1
        assert abs(len(parts.val) - length * pair[0]) <= 1

    def test_nothing_is_copied(self) -> None:
        corpus = numbered(100)
        parts = corpus.split(0.2, 0.1)
        assert [len(parts.train), len(parts.val), len(parts.test)] == [70, 20, 10]
        for part in (parts.train, parts.val, parts.test):
            assert np.shares_memory(part, corpus.ids)

    @given(st.integers(0, 5_000_000))
    def test_nine_tenths_train_as_the_published_figures_cut_them(self, length: int) -> None:
        corpus = Corpus(
            "", "", EncodedText(np.broadcast_to(np.uint8(0), length), Vocabulary(""), "", ())
        )
        parts = corpus.split()
        assert len(parts.train) == int(0.9 * length)
        assert len(parts.val) == length - len(parts.train)
        assert len(parts.test) == 0

    def test_of_tinyshakespeare(self, tinyshakespeare: Path) -> None:
        corpus = open_corpus(str(tinyshakespeare))
        assert (len(corpus), len(corpus.vocab)) == (1_115_394, 65)
        parts = corpus.split()
        assert (len(parts.train), len(parts.val), len(parts.test)) == (1_003_854, 111_540, 0)
        text = tinyshakespeare.read_text(encoding="utf-8")
        assert corpus.vocab.decode(parts.train[-100:]) == text[1_003_754:1_003_854]
        assert corpus.vocab.decode(parts.val[:100]) == text[1_003_854:1_003_954]


class TestReopening:
    def reopened(self, corpus: Corpus, **options: bool) -> Corpus:
        return reopen_corpus(
            corpus.name, corpus.source, corpus.sha256, **{"lowercase": False} | options
        )

    def test_from_its_source(self, play: Path) -> None:
        corpus = open_corpus(str(play))
        again = self.reopened(corpus)
        assert (again.name, again.source, again.sha256) == (
            corpus.name,
            corpus.source,
            corpus.sha256,
        )
        assert text_of(again) == VERSE

    @pytest.mark.parametrize("name", ["othello", "python-docs"])
    def test_from_a_bundled_name(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        corpus = open_corpus(name, lowercase=True)
        again = self.reopened(corpus, lowercase=True)
        assert (again.name, again.sha256) == (name, corpus.sha256)
        assert again.vocab == corpus.vocab

    def test_from_its_source_where_the_cache_is_gone(
        self, play: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        corpus = open_corpus(str(play))
        monkeypatch.setenv("RNNTERM_CACHE", str(tmp_path / "new"))
        assert text_of(self.reopened(corpus)) == VERSE

    def test_by_its_digest_where_the_source_is_gone(self, play: Path) -> None:
        corpus = open_corpus(str(play), lowercase=True)
        play.unlink()
        again = self.reopened(corpus, lowercase=True)
        assert (again.name, again.source) == ("my play", str(play))
        assert text_of(again) == VERSE.lower()
        with pytest.raises(RnntermError, match="the text of this run is gone"):
            self.reopened(corpus)  # not cached in this spelling

    def test_of_standard_input_reads_nothing(
        self, pipe: Callable[[bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("-").write_text("a file of that name is not meant")
        pipe(VERSE.encode())
        corpus = open_corpus("-")
        pipe(b"something else")
        assert text_of(self.reopened(corpus)) == VERSE
        assert sys.stdin.read() == "something else"

    def test_where_source_and_cache_are_gone(self, play: Path) -> None:
        corpus = open_corpus(str(play))
        play.unlink()
        shutil.rmtree(cache_folder() / corpus.sha256)
        with pytest.raises(RnntermError, match=r"gone: neither .* nor the cache has it"):
            self.reopened(corpus)

    def test_a_changed_source_is_refused_though_the_cache_has_the_old(self, play: Path) -> None:
        corpus = open_corpus(str(play))
        play.write_text(VERSE.upper())
        with pytest.raises(RnntermError, match="has changed since this run began"):
            self.reopened(corpus)
        play.write_text(VERSE)
        assert text_of(self.reopened(corpus)) == VERSE


def test_a_bundled_text_without_a_source_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    hollow = {"hollow": replace(bundled_texts()["othello"], file=None)}
    monkeypatch.setattr(corpus_module, "bundled_texts", lambda: hollow)
    with pytest.raises(RnntermError, match="'hollow' has neither a file nor a maker"):
        open_corpus("hollow")
