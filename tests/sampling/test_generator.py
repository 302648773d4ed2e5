"""Generating: what is read, what comes of it, and that it repeats."""

from itertools import islice

import numpy as np
import pytest

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import log_softmax
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.beam import beam_search
from rnnterm.sampling.generator import draw, generate, sample
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.vocab import Vocabulary
from rnnterm.training.torch_reader import TorchReader


def random_model(**settings) -> Model:
    vocab = Vocabulary("\n abcdefg", lowercase=True)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, embedding_size=4, **settings)
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


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


@pytest.mark.parametrize("window", [0, 5])
def test_many_samples_at_once_differ_and_repeat(window):
    model = random_model(window=window)
    runs = [
        np.array(
            [one.indices for one in islice(draw(model, "abc", Strategy(1.0), 4, samples=9), 40)]
        )
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert len({tuple(sample) for sample in runs[0].T}) == 9


def test_a_sample_does_not_depend_on_how_many_are_drawn():
    model = random_model()
    many = [one.indices for one in islice(draw(model, "abc", Strategy(1.0), 4, samples=5), 60)]
    alone = [one.indices[0] for one in islice(draw(model, "abc", Strategy(1.0), 4), 60)]
    assert [indices[0] for indices in many] == alone


def test_log_probabilities_are_those_of_the_network():
    model = random_model()
    one = next(draw(model, "abc", Strategy(1.0), 4, samples=3))
    expected = log_softmax(model.network.read(model.vocab.encode("abc"))[0])
    np.testing.assert_allclose(np.exp(expected).sum(), 1, atol=1e-12)
    np.testing.assert_allclose(one.log_probabilities(), expected[one.indices], atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("window", [0, 5])
def test_torch_reads_as_numpy_does(cell, window):
    model = random_model(cell=cell, num_layers=2, window=window)
    reader = TorchReader(model, "cpu")
    strategy = Strategy(1.0, top_p=0.9)
    here, there = (
        [
            one.indices.tolist()
            for one in islice(draw(model, "abc", strategy, 4, samples=6, network=network), 40)
        ]
        for network in (None, reader)
    )
    assert here == there


def total(model: Model, seed: str, text: str) -> float:
    """Log-probability of a text after a seed, each character from everything read anew."""
    ids = model.vocab.encode(seed + text)
    places = range(len(seed), len(ids))
    return sum(float(log_softmax(model.network.read(ids[:at])[0])[ids[at]]) for at in places)


def test_a_wide_enough_beam_finds_the_likeliest_text():
    model = random_model()
    symbols = model.vocab.symbols
    texts = [a + b + c for a in symbols for b in symbols for c in symbols]
    best = max(texts, key=lambda text: total(model, "cab", text))
    found, gains = beam_search(model, "cab", 3, width=len(symbols) ** 2)
    assert found == best
    assert sum(gains) == pytest.approx(total(model, "cab", found), abs=1e-5)
    assert beam_search(model, "cab", 12, 1)[0] == sample(model, "cab", 12, Strategy(0), 0)
    assert beam_search(model, "cab", 0, 3) == ("", [])
