"""Sampling: what is chosen, from what, and that it repeats."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.generator import generate, sample
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.vocab import Vocabulary


def random_model(**settings) -> Model:
    vocab = Vocabulary("\n abcdefg", lowercase=True)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, embedding_size=4, **settings)
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


finite_logits = arrays(np.float32, st.integers(1, 20), elements=st.floats(-1e6, 1e6, width=32))


@given(logits=finite_logits, temperature=st.floats(0, 1e6), seed=st.integers(0, 2**32))
def test_any_finite_scores_give_a_symbol(logits, temperature, seed):
    index = Strategy(temperature).choose(logits, np.random.default_rng(seed))
    assert 0 <= index < len(logits)
    if temperature == 0:
        assert logits[index] == logits.max()


def test_choices_follow_the_softmax():
    logits, temperature = np.array([0.0, 1.0, 2.0, -3.0], np.float32), 0.7
    rng, strategy = np.random.default_rng(0), Strategy(temperature)
    counts = np.bincount([strategy.choose(logits, rng) for _ in range(20_000)], minlength=4)
    expected = np.exp(logits / temperature)
    np.testing.assert_allclose(counts / 20_000, expected / expected.sum(), atol=0.012)


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
def test_a_bad_temperature_is_refused(temperature):
    with pytest.raises(UsageError, match="temperature"):
        Strategy(temperature)


@pytest.mark.parametrize("window", [0, 5])
def test_the_same_seed_gives_the_same_text_and_another_seed_another(window):
    model = random_model(window=window)
    first, again, other = (sample(model, "abc", 80, Strategy(1.0), seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(first) == 80
    assert set(first) <= set(model.vocab.symbols)


def greedy_by_hand(model: Model, text: str, length: int, window: int) -> str:
    """Each character from the whole text so far (or its last window), read from cold."""
    for _ in range(length):
        ids = model.vocab.encode(text[-window:] if window else text)
        text += model.vocab.symbols[int(model.network.read(ids)[0].argmax())]
    return text[-length:]


@pytest.mark.parametrize("window", [0, 5])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_streaming_equals_reading_everything_anew(cell, window):
    model = random_model(cell=cell, window=window, num_layers=2)
    seed = "gab face bad"
    assert sample(model, seed, 30, Strategy(0), 0) == greedy_by_hand(model, seed, 30, window)


def test_seeds_are_folded_empty_ones_begin_a_line_and_unknown_ones_are_refused():
    model = random_model()
    greedy = Strategy(0)
    assert sample(model, "ABC", 9, greedy, 0) == sample(model, "abc", 9, greedy, 0)
    assert sample(model, "", 9, greedy, 0) == sample(model, "\n", 9, greedy, 0)
    with pytest.raises(RnntermError, match="'z'"):
        sample(model, "z", 9, greedy, 0)


def test_characters_come_one_by_one():
    stream = generate(random_model(), "a", Strategy(1.0), 3)
    assert [len(char) for char in islice(stream, 5)] == [1] * 5
