"""What a network may be, and what its tensors are called."""

import pytest

from rnnterm.errors import RnntermError
from rnnterm.nn.spec import NetworkSpec


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"cell": "transformer"}, "cell"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"hidden_size": 2.5}, "hidden_size"),
        ({"num_layers": -1}, "num_layers"),
        ({"hidden_size": 10**12}, "hidden_size"),
        ({"dropout_output": 1.0}, "dropout_output"),
        ({"dropout_between": float("nan")}, "dropout_between"),
        ({"forget_bias": float("inf")}, "forget_bias"),
        ({"window": -1}, "window"),
    ],
)
def test_a_bad_value_is_named(settings, named):
    with pytest.raises(RnntermError, match=named):
        NetworkSpec(vocab_size=10, **settings)


def test_shapes_follow_torch_and_count_every_parameter():
    spec = NetworkSpec(vocab_size=65, hidden_size=512, num_layers=2, embedding_size=64)
    shapes = spec.tensor_shapes()
    assert shapes["embedding.weight"] == (65, 64)
    assert shapes["rnn.0.weight_ih"] == (2048, 64)
    assert shapes["rnn.1.weight_ih"] == (2048, 512)
    assert shapes["head.weight"] == (65, 512)
    assert spec.parameter_count == (
        65 * 64 + 4 * 512 * (64 + 512 + 2) + 4 * 512 * (512 + 512 + 2) + 65 * 512 + 65
    )


def test_round_trip_through_plain_values():
    spec = NetworkSpec(vocab_size=9, cell="gru", reset_after=False, dropout_input=0.25, window=100)
    assert NetworkSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(RnntermError, match="heads"):
        NetworkSpec.from_dict(spec.to_dict() | {"heads": 8})
    with pytest.raises(RnntermError, match="damaged"):
        NetworkSpec.from_dict({})
