"""Log-probabilities of a text, against torch and against the plainest reading."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import Network
from rnnterm.nn.softmax import log_softmax
from rnnterm.nn.spec import NetworkSpec
from rnnterm.scoring import reading
from rnnterm.scoring.reading import log_likelihoods, predictions, text_predictions
from rnnterm.text.vocab import Vocabulary
from rnnterm.training.charrnn import CharRNN

SYMBOLS = "\nabcdef"


def make_torch(**settings) -> CharRNN:
    torch.manual_seed(3)
    model = CharRNN(NetworkSpec(vocab_size=7, hidden_size=16, embedding_size=4, **settings))
    with torch.no_grad():  # far from uniform, as if it had learnt something
        for tensor in model.parameters():
            tensor.mul_(3)
    return model.eval()


def make_model(**settings) -> Model:
    model = make_torch(**settings)
    return Model(model.spec, Vocabulary(SYMBOLS), model.to_arrays())


def random_ids(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(7, size=shape).astype(np.uint8)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_log_probabilities_are_those_of_torch(cell, num_layers):
    model = make_torch(cell=cell, num_layers=num_layers)
    ids = random_ids(300, 3)
    with torch.no_grad():
        logits, _ = model(torch.from_numpy(ids.T.astype(np.int64)))
    expected = torch.log_softmax(logits.double(), -1).numpy().transpose(1, 0, 2)
    network = Network(model.spec, model.to_arrays())
    np.testing.assert_allclose(np.concatenate([*predictions(network, ids)]), expected, atol=1e-5)


def test_pieces_do_not_change_a_reading(monkeypatch):
    network, ids = make_model().network, random_ids(50, 2)
    whole = np.concatenate([*predictions(network, ids)])
    monkeypatch.setattr(reading, "_NUMBERS_AT_ONCE", 100)  # 7 steps of 2 x 7 numbers
    pieces = [*predictions(network, ids)]
    assert [len(piece) for piece in pieces] == [7] * 7 + [1]
    assert (np.concatenate(pieces) == whole).all()
    following = random_ids(50, 2)
    given_to = log_likelihoods(pieces, following)
    for place in np.ndindex(50, 2):
        assert given_to[place] == whole[place][following[place]]


@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=1, max_dims=3, max_side=8),
        elements=st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False),
    )
)
def test_probabilities_sum_to_one(logits):
    log_probabilities = log_softmax(logits)
    assert np.isfinite(log_probabilities).all()
    np.testing.assert_allclose(np.exp(log_probabilities).sum(axis=-1), 1, atol=1e-12)


@pytest.mark.parametrize("length", [1, 3, 4, 5, 20])
def test_a_network_of_windows_reads_each_window_anew(length):
    model, ids = make_model(window=4), random_ids(length)
    read = np.concatenate([*text_predictions(model, ids)])
    anew = [model.network.read(ids[max(0, at - 3) : at + 1])[0] for at in range(length)]
    np.testing.assert_allclose(read, log_softmax(np.array(anew)), atol=1e-6)


def test_a_network_that_carries_its_state_reads_on():
    model, ids = make_model(), random_ids(20)
    read = np.concatenate([*text_predictions(model, ids)])
    np.testing.assert_allclose(read, log_softmax(model.network.trace(ids).logits), atol=1e-6)
