"""The n-gram baseline against a direct dictionary implementation, and on a real text."""

import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.text.ngram import IntArray, witten_bell_loss


def direct_loss(train: list[int], held_out: list[int], vocab_size: int, order: int) -> float:
    """The definition, one character at a time, with a dictionary of followers per history."""
    followers: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for end, character in enumerate(train):
        for start in range(max(0, end - order + 1), end + 1):
            followers[tuple(train[start:end])][character] += 1

    def probability(history: tuple[int, ...], character: int) -> float:
        shorter = probability(history[1:], character) if history else 1 / vocab_size
        if history not in followers:
            return shorter
        counts = followers[history]
        kinds = len(counts)
        return (counts[character] + kinds * shorter) / (counts.total() + kinds)

    losses = [
        -math.log(probability(tuple(held_out[max(0, end - order + 1) : end]), character))
        for end, character in enumerate(held_out)
    ]
    return math.fsum(losses) / len(losses)


@st.composite
def corpora(draw: st.DrawFn) -> tuple[IntArray, IntArray, int]:
    """A short training text of few symbols, and a held-out text that may hold others too."""
    dtype, vocab_size = draw(
        st.sampled_from(
            [
                (np.uint8, 1),
                (np.uint8, 3),
                (np.uint8, 256),
                (np.uint16, 5_000),
                (np.uint32, 2**32),
                (np.uint64, 7),
                (np.int64, 40),
            ]
        )
    )
    symbol = st.integers(0, vocab_size - 1)
    symbols = draw(st.lists(symbol, min_size=1, max_size=5, unique=True))
    known = st.sampled_from(symbols[: draw(st.integers(1, len(symbols)))])
    train = draw(st.lists(known, max_size=60))
    held_out = draw(st.lists(known | st.sampled_from(symbols), min_size=1, max_size=30))
    return np.array(train, dtype), np.array(held_out, dtype), vocab_size


@given(corpora(), st.integers(1, 7))
def test_agrees_with_a_direct_implementation(
    corpus: tuple[IntArray, IntArray, int], order: int
) -> None:
    train, held_out, vocab_size = corpus
    expected = direct_loss(train.tolist(), held_out.tolist(), vocab_size, order)
    loss = witten_bell_loss(train, held_out, vocab_size, order)
    assert loss == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_worked_by_hand() -> None:
    train, held_out = np.array([0, 0, 1]), np.array([0, 0])
    first = (2 + 2 * 1 / 2) / (3 + 2)  # empty history: 0 twice of three, two distinct characters
    second = (1 + 2 * first) / (2 + 2)  # history 0: once 0 and once 1
    assert witten_bell_loss(train, held_out, vocab_size=2, order=1) == pytest.approx(
        -math.log(first)
    )
    assert witten_bell_loss(train, held_out, vocab_size=2, order=2) == pytest.approx(
        -(math.log(first) + math.log(second)) / 2
    )


@pytest.mark.parametrize("order", range(1, 7))
@pytest.mark.parametrize(
    "history",
    [[0, 1, 2, 0, 1], [2, 2, 2, 2, 2], [1, 4, 0, 0, 1], [4], [0, 1, 3]],
    ids=["seen", "unseen", "unknown symbol inside", "unknown symbol", "end of train"],
)
def test_probabilities_of_the_next_character_sum_to_one(history: list[int], order: int) -> None:
    train, vocab_size = np.array([0, 1, 2, 0, 1, 2, 2, 0, 0, 1, 0, 1, 3]), 5

    def log_likelihood(text: list[int]) -> float:
        return -len(text) * witten_bell_loss(train, np.array(text), vocab_size, order)

    before = log_likelihood(history)
    total = sum(math.exp(log_likelihood([*history, w]) - before) for w in range(vocab_size))
    assert total == pytest.approx(1.0)


def test_without_training_text_every_character_is_equally_likely() -> None:
    nothing = np.array([], np.uint8)
    assert witten_bell_loss(nothing, np.array([3, 1, 1]), vocab_size=8) == pytest.approx(
        math.log(8)
    )


def test_reads_memory_mapped_ids(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 9, 500).astype(np.uint16)
    ids.tofile(tmp_path / "ids")
    mapped = np.memmap(tmp_path / "ids", dtype=np.uint16, mode="r")
    loss = witten_bell_loss(mapped[:400], mapped[400:], vocab_size=9)
    assert loss == witten_bell_loss(ids[:400], ids[400:], vocab_size=9)


@pytest.mark.parametrize(
    ("train", "held_out", "order", "message"),
    [
        ([0, 1], [0], 0, "order"),
        ([0, 1], [], 2, "held_out is empty"),
        ([0, 2], [0], 2, "train has ids from 0 to 2"),
        ([0, 1], [-1], 2, "held_out has ids from -1 to -1"),
        ([[0, 1]], [0], 2, "train must be one-dimensional"),
    ],
)
def test_rejects(train: list[int], held_out: list[int], order: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        witten_bell_loss(np.array(train, int), np.array(held_out, int), 2, order)


def test_loss_on_tinyshakespeare(tinyshakespeare: Path) -> None:
    text = tinyshakespeare.read_text(encoding="utf-8")
    characters, ids = np.unique(list(text), return_inverse=True)
    n_train = int(0.9 * len(text))
    loss = witten_bell_loss(ids[:n_train], ids[n_train:], characters.size, order=5)
    assert loss == pytest.approx(1.669, abs=1e-3)
