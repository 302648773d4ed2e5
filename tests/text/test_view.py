"""One window in every form, and the loss to beat."""

import math
from pathlib import Path

import pytest

from rnnterm.errors import UsageError
from rnnterm.text import view
from rnnterm.text.corpus import open_corpus
from rnnterm.text.ngram import witten_bell_loss
from rnnterm.text.view import measure_baseline, view_window


@pytest.mark.parametrize(("place", "length", "stride"), [(0, 100, 1), (7, 40, 3), (9750, 100, 1)])
def test_a_window_of_a_bundled_text(place: int, length: int, stride: int) -> None:
    corpus = open_corpus("othello")
    text, symbols = corpus.excerpt(0, len(corpus)), corpus.vocab.symbols
    window = view_window(corpus, place, length, stride)
    assert window is not None
    start = place * stride
    assert (window.place, window.length, window.stride) == (place, length, stride)
    assert window.count == len(range(0, len(text) - length, stride))
    assert window.text == text[start : start + length]
    assert window.target == text[start + length]
    assert [symbols[index] for index in window.ids] == list(window.text)
    assert symbols[window.target_id] == window.target
    assert window.scalars == pytest.approx([index / len(symbols) for index in window.ids])
    assert window.one_hot_target == [int(symbol == window.target) for symbol in symbols]


def test_the_first_window_by_default() -> None:
    window = view_window(open_corpus("othello"))
    assert window is not None
    assert window.text.startswith("OTHELLO:\nMost potent, grave, and reverend signiors,\n")
    assert len(window.text) == 100


@pytest.mark.parametrize("place", [-1, 9751, 10**12])
def test_a_window_that_is_not_there(place: int) -> None:
    corpus = open_corpus("othello")  # 9,851 characters: windows of 100 begin at 0 to 9,750
    with pytest.raises(UsageError, match=f"no window {place:,}: the last is 9,750"):
        view_window(corpus, place)


def test_a_text_too_short_for_a_window(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("x" * 100)
    assert view_window(open_corpus(str(path)), length=100) is None
    window = view_window(open_corpus(str(path)), length=99)
    assert window is not None
    assert window.count == 1


def test_the_baseline_of_a_bundled_text() -> None:
    corpus = open_corpus("pride-and-prejudice")
    baseline = measure_baseline(corpus, 0.1, 0.0)
    assert baseline is not None
    cut = int(0.9 * len(corpus))
    assert (baseline.train_characters, baseline.val_characters) == (cut, len(corpus) - cut)
    assert baseline.order == 5
    assert baseline.nats == witten_bell_loss(corpus.ids[:cut], corpus.ids[cut:], 75)
    assert baseline.bits == pytest.approx(baseline.nats / 0.693147, rel=1e-5)
    assert baseline.uniform_nats == pytest.approx(math.log(75))
    assert baseline.nats == pytest.approx(1.299, abs=1e-3)  # what a network should beat


def test_long_parts_are_judged_by_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "_BASELINE_TRAIN", 3000)
    monkeypatch.setattr(view, "_BASELINE_VAL", 500)
    corpus = open_corpus("othello")
    baseline = measure_baseline(corpus, 0.1, 0.1)
    assert baseline is not None
    assert (baseline.train_characters, baseline.val_characters) == (3000, 500)
    cut = len(corpus.split(0.1, 0.1).train)
    ids = corpus.ids
    assert baseline.nats == witten_bell_loss(ids[cut - 3000 : cut], ids[cut : cut + 500], 58)


def test_without_a_validation_part_there_is_no_baseline(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("x")
    assert measure_baseline(open_corpus(str(path)), 0.1, 0.0) is None  # nothing to count
    path.write_text("to be or not")
    assert measure_baseline(open_corpus(str(path)), 0.0, 0.2) is None  # nothing to judge by
    assert measure_baseline(open_corpus(str(path)), 0.2, 0.0) is not None
