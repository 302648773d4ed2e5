"""A text as a network read it."""

import warnings

import numpy as np
import pytest

from rnnterm.errors import RnntermError
from rnnterm.explore import reading as reading_module
from rnnterm.explore.reading import read_text
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

SYMBOLS = "\n abcdefgh"


@pytest.fixture(params=["lstm", "gru", "rnn"])
def model(request) -> Model:
    spec = NetworkSpec(
        vocab_size=len(SYMBOLS), cell=request.param, hidden_size=6, num_layers=2, embedding_size=3
    )
    rng = np.random.default_rng(3)
    tensors = {
        name: rng.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, Vocabulary(SYMBOLS), tensors)


def test_every_step_is_the_networks_own(model):
    reading = read_text(model, "a bad cab\nfeed")
    state = model.network.initial_state()
    for step, index in enumerate(reading.ids):
        for before, now in zip(reading.state_before(step), state, strict=True):
            for one, other in zip(before, now, strict=True):
                np.testing.assert_array_equal(one, other)
        logits, state = model.network.step(index, state)
        np.testing.assert_array_equal(reading.trace.logits[step], logits)
        np.testing.assert_array_equal(reading.values(1, "h")[step], state[1][0])
    np.testing.assert_allclose(np.exp(reading.log_probabilities).sum(axis=1), 1)
    assert np.isnan(reading.surprisal[0])
    assert reading.surprisal[3] == -reading.log_probabilities[2, reading.ids[3]] / np.log(2)
    assert 0 < reading.entropy.min() <= reading.entropy.max() <= np.log2(len(SYMBOLS))
    (first, chance), *_ = reading.expected(4, 3)
    assert chance == np.exp(reading.log_probabilities[4]).max()
    assert first == SYMBOLS[reading.log_probabilities[4].argmax()]


def test_reading_on_is_reading_at_once(model):
    whole = read_text(model, "a bad cab feed")
    pieces = read_text(model, "a bad").extended(" cab").extended("").extended(" feed")
    assert pieces.text == whole.text
    for name in whole.names:
        np.testing.assert_array_equal(pieces.values(1, name), whole.values(1, name))
    np.testing.assert_array_equal(pieces.log_probabilities, whole.log_probabilities)


def test_unknown_characters_are_passed_over_and_told(model):
    reading = read_text(model, "caXé f\x1bX").extended("Zc")
    assert reading.text == "ca fc"
    assert reading.unknown == "Xé\x1bZ"


def test_what_is_too_long_is_read_in_part(model, monkeypatch):
    monkeypatch.setattr(reading_module, "LONGEST", 5)
    reading = read_text(model, "abcdefg")
    assert (reading.text, reading.left_out) == ("abcde", 2)
    reading = reading.extended("gh")
    assert (reading.text, reading.left_out) == ("abcde", 4)


@pytest.mark.parametrize("text", ["", "XYZ"])
def test_nothing_to_read_is_an_error(model, text):
    with pytest.raises(RnntermError, match="give another text"):
        read_text(model, text)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_states_that_overflow_are_said(activation):
    spec = NetworkSpec(vocab_size=1, cell="rnn", activation=activation, hidden_size=2)
    ones = {name: np.ones(shape, np.float32) for name, shape in spec.tensor_shapes().items()}
    doubling = Model(spec, Vocabulary("a"), ones)  # each unit becomes the sum of both, and more
    short = read_text(doubling, "a" * 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in (lambda: read_text(doubling, "a" * 200), lambda: short.extended("a" * 200)):
            with pytest.raises(RnntermError, match="overflow"):
                read()
