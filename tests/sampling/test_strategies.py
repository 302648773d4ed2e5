"""Strategies: which symbols may come, and how often each does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnterm.errors import UsageError
from rnnterm.sampling.strategies import Strategy

scores = arrays(np.float32, st.integers(1, 20), elements=st.floats(-1e6, 1e6, width=32))
close_scores = arrays(np.float32, st.integers(2, 12), elements=st.floats(-3, 3, width=32))


def drawn(strategy: Strategy, logits: np.ndarray, times: int = 4000) -> np.ndarray:
    """How often each symbol comes, as shares."""
    noise = np.random.default_rng(0).gumbel(size=(times, len(logits)))
    picked = strategy.pick(np.tile(logits, (times, 1)), noise)
    return np.bincount(picked, minlength=len(logits)) / times


@given(
    logits=scores,
    temperature=st.one_of(st.just(0.0), st.floats(1e-300, 1e6)),
    top_k=st.integers(0, 30),
    top_p=st.floats(0, 1, exclude_min=True),
    min_p=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_any_finite_scores_and_settings_give_a_symbol(logits, seed, **settings):
    strategy = Strategy(**settings)
    index = strategy.choose(logits, np.random.default_rng(seed))
    assert 0 <= index < len(logits)
    if strategy.is_greedy:
        assert logits[index] == logits.max()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_choices_follow_the_softmax(temperature):
    logits = np.array([0.0, 1.0, 2.0, -3.0], np.float32)
    expected = np.exp(logits / temperature)
    shares = drawn(Strategy(temperature), logits, times=40_000)
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.01)


@given(logits=close_scores, k=st.integers(1, 12))
def test_top_k_leaves_the_k_likeliest(logits, k):
    came = np.flatnonzero(drawn(Strategy(5.0, top_k=k), logits))
    allowed = np.argsort(-logits, kind="stable")[:k]
    assert set(came) <= set(allowed)


@given(logits=close_scores, p=st.floats(0.05, 0.95))
def test_top_p_leaves_the_fewest_that_make_up_p(logits, p):
    probabilities = np.exp(logits - logits.max().astype(np.float64))
    probabilities /= probabilities.sum()
    order = np.argsort(-logits, kind="stable")
    needed = int(np.searchsorted(probabilities[order].cumsum(), p - 1e-9)) + 1
    came = np.flatnonzero(drawn(Strategy(1.0, top_p=p), logits))
    assert set(came) <= set(order[: needed + 1])  # one more, for sums that round to p
    assert order[0] in came


@given(logits=close_scores, p=st.floats(0.01, 1.0))
def test_min_p_leaves_those_near_the_likeliest(logits, p):
    relative = np.exp(logits.astype(np.float64) - logits.max())
    came = np.flatnonzero(drawn(Strategy(1.0, min_p=p), logits))
    assert (relative[came] >= p * (1 - 1e-6)).all()


def test_filters_keep_the_proportions_of_what_they_leave():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    shares = drawn(Strategy(1.0, top_p=0.75), logits, times=40_000)
    np.testing.assert_allclose(shares, [0.625, 0.375, 0, 0], atol=0.01)


def test_a_penalty_lowers_what_has_just_come():
    logits = np.array([[2.0, 1.9, -1.0], [2.0, 1.9, -1.0]], np.float32)
    recent = np.array([[0, 0, 2], [2, 2, 2]])
    strategy = Strategy(0, repetition_penalty=1.5)
    assert strategy.pick(logits, np.zeros((2, 3)), recent).tolist() == [1, 0]


def test_rows_are_chosen_independently():
    rng = np.random.default_rng(0)
    logits, noise = rng.normal(size=(50, 7)).astype(np.float32), rng.gumbel(size=(50, 7))
    strategy = Strategy(0.9, top_k=5, top_p=0.9, min_p=0.01)
    alone = [int(strategy.pick(*row)) for row in zip(logits, noise, strict=True)]
    assert strategy.pick(logits, noise).tolist() == alone


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1), ("temperature", float("nan")), ("temperature", float("inf")),
        ("top_k", -1), ("top_p", 0), ("top_p", 1.1), ("top_p", float("nan")),
        ("min_p", -0.1), ("min_p", 1.5), ("repetition_penalty", 0), ("penalty_window", -1),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused(name, value):
    with pytest.raises(UsageError, match=name):
        Strategy(**{name: value})
