"""Samples as they grow: stops, loops, and what may be shown when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_generator import random_model

from rnnterm.errors import UsageError
from rnnterm.sampling.loops import find_loop
from rnnterm.sampling.strategies import Strategy
from rnnterm.sampling.writing import Writing, fold_stops, write


def feed(text: str, writing: Writing) -> list[str]:
    """The pieces shown while a text is added, until the writing is done."""
    pieces = []
    for char in text:
        pieces.append(writing.add(char))
        if writing.done_reason:
            break
    return pieces


@given(
    text=st.text("ab\\n", min_size=1, max_size=60),
    stops=st.lists(st.text("ab\\n", min_size=1, max_size=4), max_size=3),
)
def test_nothing_of_a_stop_text_is_ever_shown(text, stops):
    writing = Writing(len(text), stops)
    shown = "".join(feed(text, writing))
    ends = {text.find(stop) + len(stop): stop for stop in stops if stop in text}
    if ends:
        first = min(ends)
        longest_cut = max(len(stop) for stop in stops if text[:first].endswith(stop))
        assert writing.done_reason.startswith("stop")
        assert writing.text == shown
        assert text.startswith(shown)
        assert first - longest_cut <= len(shown) < first
    else:
        assert (shown, writing.text) == (text, text)


def test_text_is_shown_as_soon_as_it_cannot_be_a_stop():
    assert feed("xaab", Writing(9, ["ab"])) == ["x", "", "a", ""]
    assert feed("xyz", Writing(3)) == ["x", "y", "z"]


@pytest.mark.parametrize("unit", ["a", "tee ", "the cat sat on the mat. "])
def test_a_loop_is_named_and_can_end_a_text(unit):
    ended = Writing(10_000)
    for char in "once upon a time " + unit * 600:
        ended.add(char, ends_at_loops=True)
        if ended.done_reason:
            break
    assert ended.done_reason.startswith(f"loop of {len(unit)}: ")
    assert len(ended.text) < 400
    full = Writing(500)
    feed("once upon a time " + unit * 600, full)
    assert full.done_reason.startswith(f"loop of {len(unit)}: ")
    assert len(full.text) == 500


@given(st.text("ab", max_size=12), st.text("abc", min_size=1, max_size=9), st.integers(3, 40))
def test_any_run_of_a_unit_is_found(head, unit, repeats):
    text = head + unit * repeats
    found = find_loop(text)
    if len(unit) * repeats >= 60:
        assert found is not None
        assert len(found) <= len(unit)
        period = len(found)
        assert all(text[-at] == text[-at - period] for at in range(1, 61 - period))
    elif len(head) + len(unit) * repeats < 60:
        assert found is None


def test_prose_is_no_loop():
    assert (
        find_loop("It is a truth universally acknowledged, that a single man in possession") is None
    )


def test_samples_grow_to_their_length_or_stop():
    model = random_model()
    writings = [Writing(70, ["a"]) for _ in range(8)]
    shown = [""] * 8
    for piece in write(model, "b", Strategy(1.0), 3, writings, scored=True):
        shown[piece.number] += piece.text
        assert len(piece.log_probabilities) == len(piece.text)
    for writing, text in zip(writings, shown, strict=True):
        assert writing.text == text
        assert "a" not in text
        assert len(writing.log_probabilities) >= len(text)
    assert {writing.done_reason for writing in writings} == {"stop: 'a'", "length"}
    assert list(write(model, "b", Strategy(1.0), 3, [Writing(0)])) == []


def test_of_stops_that_end_together_the_longest_is_taken():
    writing = Writing(9, ["c", "abc"])
    feed("xabc", writing)
    assert (writing.text, writing.done_reason) == ("x", "stop: 'abc'")


def test_an_empty_stop_is_refused_and_others_are_folded_as_the_model_is():
    with pytest.raises(UsageError, match="empty"):
        Writing(9, [""])
    assert fold_stops(["AB", "Z"], random_model().vocab) == (("ab", "z"), "z")
