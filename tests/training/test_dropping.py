"""Dropout: how much is dropped, that the mean stays, and that the generator alone decides."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.nn.spec import NetworkSpec
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.dropping import drop


@given(share=st.floats(0, 1, exclude_max=True), count=st.integers(1, 40), seed=st.integers(0, 99))
def test_values_are_zero_or_larger_by_one_factor(share, count, seed):
    torch.manual_seed(seed)
    dropped = drop(torch.ones(count, 3), share)
    left = dropped[dropped != 0]
    assert dropped.shape == (count, 3)
    assert len(set(left.tolist())) <= 1
    assert (left >= 1).all()
    if share == 0:
        assert len(left) == 3 * count
    torch.manual_seed(seed)
    assert torch.equal(drop(torch.ones(count, 3), share), dropped)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_share_is_dropped_and_the_mean_stays(share, dtype):
    torch.manual_seed(3)
    dropped = drop(torch.ones(500, 1001, dtype=dtype), share)
    assert dropped.dtype == dtype
    assert (dropped == 0).double().mean().item() == pytest.approx(share, abs=1 / 256 + 0.002)
    assert dropped.double().mean().item() == pytest.approx(1, abs=0.02)


def test_a_share_too_small_for_a_byte_drops_some_all_the_same():
    torch.manual_seed(3)
    assert (drop(torch.ones(100_000), 1e-6) == 0).double().mean().item() == pytest.approx(
        1 / 256, abs=0.001
    )


def test_what_is_dropped_has_no_gradient():
    torch.manual_seed(3)
    values = torch.ones(300, requires_grad=True)
    dropped = drop(values, 0.5)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())


@pytest.mark.parametrize(
    ("cell", "activation"), [("lstm", "tanh"), ("gru", "tanh"), ("rnn", "tanh"), ("rnn", "relu")]
)
def test_recurrent_weights_are_dropped_in_training_alone(cell, activation):
    torch.manual_seed(5)
    spec = NetworkSpec(
        vocab_size=7, cell=cell, activation=activation, hidden_size=8, num_layers=2,
        dropout_recurrent=0.5,
    )  # fmt: skip
    model, ids = CharRNN(spec), torch.randint(7, (3, 6))
    model.train()
    logits, state = model(ids)
    logits.square().mean().backward()
    for layer in model.rnn:
        untouched = (layer.weight_hh_l0.grad == 0).double().mean()
        assert 0.2 < untouched < 0.8
        assert (layer.weight_ih_l0.grad != 0).any()
    assert not torch.equal(model(ids, state)[0], model(ids, state)[0])
    model.eval()
    read, after = model(ids, state)
    assert torch.equal(read, model(ids, state)[0])
    plain = CharRNN(NetworkSpec(**(spec.to_dict() | {"dropout_recurrent": 0.0})))
    plain.load_arrays(model.to_arrays())
    plain.train()
    expected, expected_after = plain(ids, state)
    assert torch.equal(read, expected)
    assert all(
        torch.equal(one, other)
        for layer, others in zip(after, expected_after, strict=True)
        for one, other in zip(layer, others, strict=True)
    )
