"""Validation losses against the plainest way to compute them."""

import numpy as np
import pytest
import torch

from rnnterm.nn.network import Network
from rnnterm.nn.spec import NetworkSpec
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.evaluate import reported_loss, watched_loss


def make_model(**settings) -> CharRNN:
    torch.manual_seed(3)
    return CharRNN(NetworkSpec(vocab_size=7, hidden_size=16, embedding_size=4, **settings))


def negative_log_likelihood(logits: np.ndarray, targets: np.ndarray) -> float:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=-1))
    return float((log_sums - shifted[np.arange(len(targets)), targets]).mean())


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_reported_loss_is_the_whole_part_read_once_by_the_numpy_network(cell):
    model = make_model(cell=cell, dropout_output=0.5)
    ids = np.random.default_rng(0).integers(7, size=1300).astype(np.uint8)
    trace = Network(model.spec, model.to_arrays()).trace(ids[:-1])
    expected = negative_log_likelihood(trace.logits.astype(np.float64), ids[1:])
    assert reported_loss(model, ids) == pytest.approx(expected, abs=1e-5)
    assert model.training  # dropout was off for the reading only


def test_watching_in_streams_is_close_to_the_exact_figure():
    model = make_model()
    ids = np.random.default_rng(0).integers(7, size=40_000).astype(np.uint8)
    assert watched_loss(model, ids, "fp32") == pytest.approx(reported_loss(model, ids), abs=1e-4)


@pytest.mark.parametrize("length", [2, 3, 31, 33, 700])
def test_short_parts_count_every_character_once(length):
    model = make_model()
    with torch.no_grad():  # a network that gives every symbol the same chance
        for tensor in model.parameters():
            tensor.zero_()
    ids = np.random.default_rng(0).integers(7, size=length).astype(np.uint8)
    assert watched_loss(model, ids, "fp32") == pytest.approx(np.log(7), abs=1e-6)
    assert reported_loss(model, ids) == pytest.approx(np.log(7), abs=1e-6)


def test_a_network_of_windows_is_judged_on_cold_windows():
    model = make_model(window=10)
    ids = np.random.default_rng(0).integers(7, size=200).astype(np.uint8)
    network = Network(model.spec, model.to_arrays())
    logits = np.array([network.read(ids[at : at + 10])[0] for at in range(190)])
    expected = negative_log_likelihood(logits.astype(np.float64), ids[10:])
    assert reported_loss(model, ids) == pytest.approx(expected, abs=1e-5)
