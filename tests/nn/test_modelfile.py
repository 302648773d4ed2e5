"""The model file: exact round trip, and every kind of damage refused in one line."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, load_model, model_bytes, model_digest, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary


def small_model(symbols: str = "\n abcé😀", **settings) -> Model:
    vocab = Vocabulary(symbols)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=4, embedding_size=3, **settings)
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors, {"corpus": {"name": "x"}, "step": 7, "val_loss": None})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, small_model())
    return path


def test_round_trip(saved):
    model, back = small_model(), load_model(saved)
    assert (back.spec, back.vocab, back.training) == (model.spec, model.vocab, model.training)
    for name, tensor in model.tensors.items():
        np.testing.assert_array_equal(back.tensors[name], tensor)


@given(
    symbols=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    cell=st.sampled_from(["lstm", "gru", "rnn"]),
    layers=st.integers(1, 3),
    form=st.sampled_from(["onehot", "embedding", "scalar"]),
)
@settings(max_examples=40, deadline=None)
def test_any_alphabet_and_network_survives(tmp_path_factory, symbols, cell, layers, form):
    model = small_model(symbols, cell=cell, num_layers=layers, input=form)
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    save_model(path, model)
    back = load_model(path)
    assert back.spec == model.spec
    assert back.vocab == model.vocab
    assert model_bytes(back) == model_bytes(model)


def refused(path, reason: str) -> None:
    with pytest.raises(RnntermError, match=reason) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def test_every_flipped_bit_is_noticed(saved):
    data = saved.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(1)
    places = {*range(0, header, 7), *rng.integers(header, len(data), 60).tolist(), len(data) - 1}
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        saved.write_bytes(damaged)
        with pytest.raises(RnntermError):
            load_model(saved)


def test_every_truncation_is_noticed(saved):
    data = saved.read_bytes()
    for length in range(0, len(data), 37):
        saved.write_bytes(data[:length])
        refused(saved, "cannot")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04" + bytes(100), b"\x80\x04\x95" + bytes(100), b"\xff" * 8 + b"{}", b"hello"],
    ids=["empty", "zip", "pickle", "huge header", "text"],
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    refused(path, "cannot read the model")


def test_missing_file_and_folder(tmp_path):
    refused(tmp_path / "none.safetensors", "there is no model")
    refused(tmp_path, "cannot read")


def test_a_safetensors_file_of_someone_else(tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(save({"weight": np.zeros(3, np.float32)}))
    refused(path, "not an rnnterm model")


def rewritten(path, *, tensors=None, described=None):
    """A well-formed file with other content: its digest is right, its content is not."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["rnnterm"])
    entry |= described or {}
    content = load(data) | (tensors or {})
    content = {name: value for name, value in content.items() if value is not None}
    entry["sha256"] = model_digest(entry, content)
    path.write_bytes(save(content, {"rnnterm": json.dumps(entry)}))
    return path


def test_content_that_does_not_fit_is_refused(saved):
    good = saved.read_bytes()
    nan = load(good)["head.bias"] * np.float32("nan")
    spec = small_model().spec.to_dict()
    cases = [
        ({"tensors": {"head.bias": nan}}, "NaN"),
        ({"tensors": {"head.bias": None}}, "missing: head.bias"),
        ({"tensors": {"extra": np.zeros(1, np.float32)}}, "extra"),
        ({"tensors": {"head.bias": np.zeros(3, np.float32)}}, "shape"),
        ({"tensors": {"head.bias": np.zeros(7, np.int32)}}, "floating"),
        ({"described": {"version": 2}}, "upgrade"),
        ({"described": {"spec": spec | {"cell": "qrnn"}}}, "cell"),
        ({"described": {"spec": None}}, "lacks something"),
        ({"described": {"vocabulary": {"symbols": "ab", "lowercase": False}}}, "2 symbols"),
    ]
    for change, reason in cases:
        saved.write_bytes(good)
        refused(rewritten(saved, **change), reason)
