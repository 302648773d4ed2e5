"""Each protocol's loss, against the trainer's own figures and by hand."""

import math

import numpy as np
import pytest
import torch

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import log_softmax
from rnnterm.nn.spec import NetworkSpec
from rnnterm.scoring import evaluation
from rnnterm.scoring.evaluation import Loss, blocks_loss, carried_loss, windows_loss
from rnnterm.text.vocab import Vocabulary
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.evaluate import reported_loss


def make_pair(**settings) -> tuple[CharRNN, Model]:
    """One network, in torch and as a model file holds it."""
    torch.manual_seed(3)
    trained = CharRNN(NetworkSpec(vocab_size=7, hidden_size=16, embedding_size=4, **settings))
    return trained, Model(trained.spec, Vocabulary("\nabcdef"), trained.to_arrays())


def random_ids(length: int) -> np.ndarray:
    return np.random.default_rng(0).integers(7, size=length).astype(np.uint8)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_carried_is_what_the_trainer_reports(cell):
    trained, model = make_pair(cell=cell, dropout_output=0.5)
    ids = random_ids(1300)
    loss = carried_loss(model, ids)
    assert loss.nats == pytest.approx(reported_loss(trained, ids), abs=1e-5)
    assert (loss.protocol, loss.characters) == ("carried", 1299)


@pytest.mark.parametrize("max_windows", [10_000, 50])
def test_windows_are_what_the_trainer_reports(monkeypatch, max_windows):
    monkeypatch.setattr(evaluation, "_MAX_WINDOWS", max_windows)
    monkeypatch.setattr("rnnterm.training.evaluate._MAX_WINDOWS", max_windows)
    trained, model = make_pair(window=10)
    ids = random_ids(700)
    loss = windows_loss(model, ids)
    assert loss.nats == pytest.approx(reported_loss(trained, ids), abs=1e-5)
    assert loss.protocol == "windows"
    assert loss.characters == (690 if max_windows > 690 else math.ceil(690 / 13))


def test_blocks_by_hand(monkeypatch):
    monkeypatch.setattr(evaluation, "_BLOCKS_AT_ONCE", 3)
    _, model = make_pair()
    ids = random_ids(60)
    starts = np.random.default_rng(5).integers(60 - 8, size=7)
    total = 0.0
    for start in starts:
        logits = model.network.trace(ids[start : start + 8]).logits
        for row, target in zip(log_softmax(logits), ids[start + 1 : start + 9], strict=True):
            total -= row[target]
    loss = blocks_loss(model, ids, block_size=8, blocks=7, rng_seed=5)
    assert loss.nats == pytest.approx(total / 56, abs=1e-6)
    assert (loss.protocol, loss.characters) == ("blocks", 56)


def test_the_shortest_texts_that_can_be_read_and_those_that_cannot():
    _, carrying = make_pair()
    _, windowed = make_pair(window=10)
    assert carried_loss(carrying, random_ids(2)).characters == 1
    assert blocks_loss(carrying, random_ids(9), 8, 2, 1).characters == 16
    assert windows_loss(windowed, random_ids(11)).characters == 1
    with pytest.raises(UsageError, match="has 1 characters"):
        carried_loss(carrying, random_ids(1))
    with pytest.raises(UsageError, match="a block of 8 needs 9"):
        blocks_loss(carrying, random_ids(8), 8, 2, 1)
    with pytest.raises(UsageError, match="a window of 10 needs 11"):
        windows_loss(windowed, random_ids(10))


def test_bits_and_perplexity():
    loss = Loss("carried", math.log(8), 1)
    assert (loss.bits, loss.perplexity) == (pytest.approx(3), pytest.approx(8))
    assert Loss("carried", 5000.0, 1).perplexity == math.inf
