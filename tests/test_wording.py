"""Sentences of bearable length."""

from hypothesis import given
from hypothesis import strategies as st

from rnnterm.wording import LONGEST_LINE, listed, shorten


@given(st.text(max_size=2000), st.integers(1, 400))
def test_no_text_is_longer_than_asked_for(text, most):
    short = shorten(text, most)
    assert len(short) <= most
    if len(text) <= most:
        assert short == text


def test_the_beginning_the_end_and_what_is_left_out_are_told():
    short = shorten("wrong " + "x" * 100_000 + " cure")
    assert short.startswith("wrong xxx")
    assert short.endswith("xxx cure")
    assert "99,7" in short
    assert len(short) == LONGEST_LINE


def test_a_few_names_are_listed_and_the_others_counted():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed([str(number) for number in range(60_000)]) == "0, 1, 2 and 59,997 more"
    assert len(listed(["x" * 1_000_000] * 5)) < 250
