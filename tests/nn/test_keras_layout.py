"""Keras' layout: exact there and back, and right by Keras' own equations."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.nn.keras_layout import from_keras, keras_bytes, load_keras, to_keras
from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import Network
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

SYMBOLS, HIDDEN, EMBEDDING = "\n abcé😀", 5, 3
CELLS = {
    "lstm": {"cell": "lstm"},
    "gru reset after": {"cell": "gru"},
    "gru reset before": {"cell": "gru", "reset_after": False},
    "rnn tanh": {"cell": "rnn"},
    "rnn relu": {"cell": "rnn", "activation": "relu"},
    "rnn linear": {"cell": "rnn", "activation": "linear"},
}
cells = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
forms = pytest.mark.parametrize("form", ["onehot", "embedding", "scalar"])


def make_model(**spec) -> Model:
    vocab = Vocabulary(SYMBOLS)
    network = NetworkSpec(
        vocab_size=len(vocab), hidden_size=HIDDEN, embedding_size=EMBEDDING, **spec
    )
    rng = np.random.default_rng(3)
    tensors = {
        name: (0.3 * rng.normal(size=shape)).astype(np.float32)
        for name, shape in network.tensor_shapes().items()
    }
    return Model(network, vocab, tensors, {"corpus": {"name": "x"}, "step": 7, "val_loss": None})


def read(model: Model) -> np.ndarray:
    """The logits after each of a dozen characters."""
    return model.network.trace(np.array([0, 3, 1, 4, 1, 5, 6, 2, 6, 5, 3, 5])).logits


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def keras_step(cell: dict, x, states: list, arrays: list) -> list:
    """One step of a Keras layer, after the equations of its documentation; rows are samples."""
    h, (kernel, recurrent_kernel, bias) = states[0], arrays
    if cell["cell"] == "rnn":
        activate = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0), "linear": lambda v: v}
        return [activate[cell.get("activation", "tanh")](x @ kernel + bias + h @ recurrent_kernel)]
    if cell["cell"] == "lstm":
        i, f, c, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
        carry = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(c)
        return [sigmoid(o) * np.tanh(carry), carry]
    kernel_z, kernel_r, kernel_h = np.split(kernel, 3, axis=1)
    recurrent_z, recurrent_r, recurrent_h = np.split(recurrent_kernel, 3, axis=1)
    if not cell.get("reset_after", True):
        bias_z, bias_r, bias_h = np.split(bias, 3)
        z = sigmoid(x @ kernel_z + h @ recurrent_z + bias_z)
        r = sigmoid(x @ kernel_r + h @ recurrent_r + bias_r)
        candidate = np.tanh(x @ kernel_h + (r * h) @ recurrent_h + bias_h)
        return [z * h + (1 - z) * candidate]
    (in_z, in_r, in_h), (re_z, re_r, re_h) = (np.split(row, 3) for row in bias)
    z = sigmoid(x @ kernel_z + in_z + h @ recurrent_z + re_z)
    r = sigmoid(x @ kernel_r + in_r + h @ recurrent_r + re_r)
    candidate = np.tanh(x @ kernel_h + in_h + r * (h @ recurrent_h + re_h))
    return [z * h + (1 - z) * candidate]


def keras_logits(spec: NetworkSpec, cell: dict, arrays: dict, ids: list[int]) -> np.ndarray:
    layer_name = {"lstm": "lstm", "gru": "gru", "rnn": "simple_rnn"}[spec.cell]
    states = [[np.zeros((1, HIDDEN))] * 2 for _ in range(spec.num_layers)]
    rows = []
    for index in ids:
        x = {
            "onehot": lambda index=index: np.eye(spec.vocab_size)[[index]],
            "scalar": lambda index=index: np.array([[index / spec.vocab_size]]),
            "embedding": lambda index=index: arrays["embedding/embeddings"][[index]],
        }[spec.input]()
        for layer in range(spec.num_layers):
            parts = [
                arrays[f"{layer_name}_{layer}/{part}"]
                for part in ("kernel", "recurrent_kernel", "bias")
            ]
            states[layer] = keras_step(cell, x, states[layer], parts)
            x = states[layer][0]
        rows.append((x @ arrays["dense/kernel"] + arrays["dense/bias"])[0])
    return np.array(rows)


@forms
@cells
@pytest.mark.parametrize("layers", [1, 3])
def test_the_arrays_mean_the_same_by_the_equations_of_keras(cell, form, layers):
    model = make_model(num_layers=layers, input=form, **cell)
    exact = {name: tensor.astype(np.float64) for name, tensor in model.tensors.items()}
    ids = [0, 3, 1, 4, 1, 5, 6, 2, 6, 5]
    expected = Network(model.spec, exact).trace(np.array(ids)).logits
    logits = keras_logits(model.spec, cell, to_keras(model.spec, exact), ids)
    # The scalar input is a float32 in our network, whatever its weights are.
    np.testing.assert_allclose(logits, expected, atol=1e-6)


@forms
@cells
@pytest.mark.parametrize("layers", [1, 2])
def test_there_and_back_the_logits_are_the_same(tmp_path, cell, form, layers):
    model = make_model(num_layers=layers, input=form, **cell)
    path = tmp_path / "model.npz"
    path.write_bytes(keras_bytes(model))
    back = load_keras(path)
    assert (back.spec, back.vocab, back.training) == (model.spec, model.vocab, model.training)
    np.testing.assert_allclose(read(back), read(model), atol=1e-6)
    assert keras_bytes(back) == path.read_bytes()


@given(
    settings=st.sampled_from(list(CELLS.values())),
    layers=st.integers(1, 3),
    hidden=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40)
def test_from_keras_to_us_and_back_no_number_changes(settings, layers, hidden, seed):
    spec = NetworkSpec(vocab_size=4, hidden_size=hidden, num_layers=layers, **settings)
    rng = np.random.default_rng(seed)
    zeros = {name: np.zeros(shape) for name, shape in spec.tensor_shapes().items()}
    arrays = {name: rng.normal(size=array.shape) for name, array in to_keras(spec, zeros).items()}
    back = to_keras(spec, from_keras(spec, arrays))
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_names_and_shapes_are_those_of_keras():
    shapes = {
        name: array.shape
        for name, array in to_keras(make_model().spec, make_model().tensors).items()
    }
    assert shapes == {
        "embedding/embeddings": (7, EMBEDDING),
        "lstm_0/kernel": (EMBEDDING, 4 * HIDDEN),
        "lstm_0/recurrent_kernel": (HIDDEN, 4 * HIDDEN),
        "lstm_0/bias": (4 * HIDDEN,),
        "dense/kernel": (HIDDEN, 7),
        "dense/bias": (7,),
    }
    for reset_after, bias in ((True, (2, 3 * HIDDEN)), (False, (3 * HIDDEN,))):
        model = make_model(cell="gru", reset_after=reset_after)
        assert to_keras(model.spec, model.tensors)["gru_0/bias"].shape == bias
    simple = make_model(cell="rnn", input="onehot")
    assert to_keras(simple.spec, simple.tensors)["simple_rnn_0/kernel"].shape == (7, HIDDEN)


def rewritten(**changes) -> bytes:
    """The file of a small model with some arrays replaced, or left out where None."""
    arrays = dict(np.load(io.BytesIO(keras_bytes(make_model())))) | changes
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})
    return file.getvalue()


def description(**changes) -> np.ndarray:
    arrays = np.load(io.BytesIO(keras_bytes(make_model())))
    described = json.loads(arrays["rnnterm"].tobytes()) | changes
    return np.frombuffer(json.dumps(described).encode(), np.uint8)


BIAS = np.zeros(7, np.float32)
REFUSED = {
    "no description": ({"rnnterm": None}, "start from a file"),
    "no JSON": ({"rnnterm": np.frombuffer(b"{", np.uint8)}, "description is damaged"),
    "JSON of another kind": ({"rnnterm": np.frombuffer(b"[1]", np.uint8)}, "damaged"),
    "no network": ({"rnnterm": description(spec={"vocab_size": 0})}, "vocab_size"),
    "another alphabet": (
        {"rnnterm": description(vocabulary={"symbols": "ab", "lowercase": False})},
        "2 symbols",
    ),
    "no vocabulary": ({"rnnterm": description(vocabulary=None)}, "lacks something"),
    "missing": ({"dense/bias": None}, "missing: dense/bias"),
    "extra": ({"dense_1/bias": BIAS}, "dense_1/bias"),
    "misshapen": ({"dense/bias": BIAS[:3]}, "shape"),
    "transposed": ({"dense/kernel": np.zeros((7, HIDDEN), np.float32)}, "shape"),
    "whole numbers": ({"dense/bias": BIAS.astype(int)}, "floating-point"),
    "NaN": ({"dense/bias": BIAS * np.float32("nan")}, "NaN"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_arrays_that_do_not_fit_are_refused(tmp_path, kind):
    changes, reason = REFUSED[kind]
    path = tmp_path / "model.npz"
    path.write_bytes(rewritten(**changes))
    with pytest.raises(RnntermError, match=reason) as caught:
        load_keras(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("loading a file ran its code",))


def test_no_code_in_a_file_is_run(tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(rewritten(**{"dense/bias": np.array([Bomb()], object)}))
    with pytest.raises(RnntermError, match="damaged"):
        load_keras(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"\x80\x04pickle", b"hello"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(RnntermError, match=r"not an \.npz file"):
        load_keras(path)


def test_what_is_no_file_is_said(tmp_path):
    with pytest.raises(RnntermError, match="there is no file"):
        load_keras(tmp_path / "none.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    for path in (tmp_path, tmp_path / "pipe.npz"):
        with pytest.raises(RnntermError, match="not a regular file"):
            load_keras(path)


def test_damage_is_one_line_or_changes_nothing(tmp_path):
    data = keras_bytes(make_model())
    path = tmp_path / "model.npz"
    rng = np.random.default_rng(1)
    noticed = 0
    for place in rng.choice(len(data), 300, replace=False).tolist():
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            # A zip archive repeats its header fields, and not each copy counts.
            assert keras_bytes(load_keras(path)) == data
        except RnntermError as error:
            noticed += 1
            assert "\n" not in str(error)
    assert noticed > 200
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(RnntermError):
            load_keras(path)


def test_arrays_that_no_model_could_hold_are_refused(tmp_path):
    path = tmp_path / "model.npz"
    arrays = dict(np.load(io.BytesIO(keras_bytes(make_model()))))

    def refused(reason, **changed):
        np.savez_compressed(path, **(arrays | changed), allow_pickle=True)
        with pytest.raises(RnntermError, match=reason) as caught:
            load_keras(path)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400

    bias = arrays["dense/bias"]
    refused("too large for 32 bits", **{"dense/bias": np.full(bias.shape, 1e300)})
    refused("not an .npz file", **{"dense/bias": np.array([{}], object)})
    refused("times its size", **{"dense/bias": np.zeros(1 << 24)})
    refused("and 59,997 more", **{f"x{number}": np.zeros(0) for number in range(60_000)})


def test_an_array_that_claims_more_than_it_holds_is_not_made(tmp_path):
    path = tmp_path / "model.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 50,)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dense/bias.npy", header.getvalue() + bytes(64))
    with pytest.raises(RnntermError, match="damaged"):
        load_keras(path)
