"""Values beyond all bounds are said, without a word of numpy's; sane networks are not watched."""

import warnings

import numpy as np
import pytest

from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import Network, RunawayError
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.generator import sample
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.vocab import Vocabulary


def model_of(value: float, **settings) -> Model:
    vocab = Vocabulary("\nab")
    spec = NetworkSpec(vocab_size=3, hidden_size=4, embedding_size=3, **settings)
    tensors = {
        name: np.full(shape, value, np.float32) for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("form", ["onehot", "embedding", "scalar"])
def test_weights_that_overflow_are_said(cell, form):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (3e38, -3e38, 1e35):
            model = model_of(value, cell=cell, input=form)
            with pytest.raises(RunawayError, match="run away"):
                sample(model, "a", 20, Strategy(), 1)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_nothing_overflows_below(cell):
    """Up to there no step is watched, so none may need it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (9e11, -9e11, 1.0):
            model = model_of(value, cell=cell)
            for temperature in (0.0, 1e-300, 0.8, 1e300):
                strategy = Strategy(temperature=temperature, repetition_penalty=1e-300)
                assert len(sample(model, "a", 20, strategy, 1)) == 20


def test_a_relu_cell_that_grows_without_bounds_is_said():
    model = model_of(1.0, cell="rnn", activation="relu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(sample(model, "a", 20, Strategy(), 1)) == 20
        with pytest.raises(RunawayError):
            sample(model, "a", 200, Strategy(), 1)


def test_a_watched_network_says_the_same():
    model = model_of(0.5)
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(size=t.shape).astype(np.float32) for name, t in model.tensors.items()
    }
    plain = Network(model.spec, tensors)
    watched = Network(model.spec, tensors)
    watched._is_watched = True
    ids = np.array([0, 1, 2, 1])
    np.testing.assert_array_equal(plain.trace(ids).logits, watched.trace(ids).logits)
