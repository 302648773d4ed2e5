"""Verbatim copies, against the plainest search there is."""

import time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnterm.scoring import copying
from rnnterm.scoring.copying import find_copies

few_symbols = st.text("abc", max_size=60)


def indices(text: str) -> np.ndarray:
    return np.array([*text.encode()], np.uint8)


def naive(sample: str, text: str, length: int) -> tuple[float, int]:
    """Share of characters in a copied run of at least `length`, and the longest run's length."""
    runs = [
        (start, stop)
        for start in range(len(sample))
        for stop in range(start + length, len(sample) + 1)
        if sample[start:stop] in text
    ]
    covered = {place for start, stop in runs for place in range(start, stop)}
    longest = max((stop - start for start, stop in runs), default=0)
    return len(covered) / max(len(sample), 1), longest


@given(few_symbols, few_symbols, st.integers(1, 9))
@example("abcabc", "bcab", 3)
@example("", "", 1)
# Every 2-gram of the sample is in the text, and the 3-gram is not.
@example("abc", "abbc", 2)
def test_share_and_longest_run_are_those_of_a_naive_search(sample, text, length):
    share, longest = naive(sample, text, length)
    found = find_copies(indices(sample), indices(text), length)
    assert (found.share, found.longest) == (pytest.approx(share), longest)
    assert sample[found.start : found.start + found.longest] in text


@given(few_symbols, few_symbols, st.integers(1, 5))
def test_pieces_and_clashing_hashes_change_nothing(sample, text, length):
    share, longest = naive(sample, text, length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "_AT_ONCE", 7)
        true_hashes = copying._hashes
        patch.setattr(copying, "_hashes", lambda ids, size: true_hashes(ids, size) % np.uint64(2))
        found = find_copies(indices(sample), indices(text), length)
    assert (found.share, found.longest) == (pytest.approx(share), longest)


def test_a_character_that_the_text_lacks_is_never_copied():
    text = indices("the cat sat on the mat")
    sample = text.astype(np.int64)
    sample[8] = 256  # outside what the text's type can hold
    found = find_copies(sample, text, 5)
    assert (found.longest, found.start) == (13, 9)
    assert found.share == pytest.approx(21 / 22)


@pytest.mark.parametrize("kind", ["plain", "one character", "periodic"])
def test_a_million_characters_take_well_under_two_seconds(kind):
    rng = np.random.default_rng(0)
    text = {
        "plain": rng.integers(65, size=1_000_000).astype(np.uint8),
        "one character": np.zeros(1_000_000, np.uint8),
        "periodic": np.tile(np.arange(40, dtype=np.uint8), 25_000),
    }[kind]
    begun = time.process_time()
    found = find_copies(np.concatenate([text[5000:6500], [70], text[200:699]]), text)
    assert time.process_time() - begun < 1.5
    assert (found.longest, found.start) == (1500, 0)
