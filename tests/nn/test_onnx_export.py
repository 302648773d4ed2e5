"""The ONNX graph: valid, and equal to our own network in a runtime that shares no code with it."""

import json
import sys

import numpy as np
import pytest

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, assemble_model
from rnnterm.nn.onnx_export import onnx_bytes
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

onnx = pytest.importorskip("onnx", reason="the optional package onnx is not installed")

SYMBOLS, HIDDEN = "\n abcé😀", 5
CELLS = {
    "lstm": {"cell": "lstm"},
    "gru reset after": {"cell": "gru"},
    "gru reset before": {"cell": "gru", "reset_after": False},
    "rnn tanh": {"cell": "rnn"},
    "rnn relu": {"cell": "rnn", "activation": "relu"},
    "rnn linear": {"cell": "rnn", "activation": "linear"},
}


def make_model(**spec) -> Model:
    vocab = Vocabulary(SYMBOLS)
    network = NetworkSpec(vocab_size=len(vocab), hidden_size=HIDDEN, embedding_size=3, **spec)
    rng = np.random.default_rng(5)
    tensors = {
        name: (0.3 * rng.normal(size=shape)).astype(np.float32)
        for name, shape in network.tensor_shapes().items()
    }
    return Model(network, vocab, tensors, {"step": 7})


def evaluator(model: Model):
    """ONNX' own reference runtime, taught the one activation of its standard that it lacks."""
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.ops.op_rnn import RNN_14

    class RNN(RNN_14):
        op_domain = ""

        def choose_act(self, name, alpha, beta):
            relu = name == "Relu"
            return (lambda x: np.maximum(x, 0)) if relu else super().choose_act(name, alpha, beta)

    proto = onnx.load_from_string(onnx_bytes(model))
    onnx.checker.check_model(proto, full_check=True)
    return ReferenceEvaluator(proto, new_ops=[RNN])


def named_states(model: Model, when: str, state) -> dict[str, np.ndarray]:
    """A state of our network by the names of the graph."""
    return {
        f"rnn.{layer}.{name}{when}": part[np.newaxis]
        for layer, (cell, parts) in enumerate(zip(model.network.cells, state, strict=True))
        for name, part in zip(cell.state_names, parts, strict=True)
    }


@pytest.mark.parametrize("form", ["onehot", "embedding", "scalar"])
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("layers", [1, 3])
def test_logits_and_states_equal_ours(cell, form, layers):
    model = make_model(num_layers=layers, input=form, **cell)
    rng = np.random.default_rng(6)
    ids = rng.integers(len(SYMBOLS), size=(9, 4))
    state = tuple(
        tuple(rng.normal(size=part.shape).astype(np.float32) for part in layer)
        for layer in model.network.initial_state(4)
    )
    runtime = evaluator(model)
    before = named_states(model, "0", state)
    assert runtime.input_names == ["ids", *before]
    results = dict(zip(runtime.output_names, runtime.run(None, {"ids": ids} | before), strict=True))
    _, following = model.network.read(ids, state)
    expected = {"logits": model.network.trace(ids, state).logits}
    expected |= named_states(model, "n", following)
    assert list(results) == list(expected)
    for name, array in expected.items():
        assert results[name].shape == array.shape
        np.testing.assert_allclose(results[name], array, atol=1e-5, err_msg=name)


def test_any_length_and_batch_fits():
    model = make_model()
    runtime = evaluator(model)
    for shape in ((1, 1), (20, 3)):
        before = named_states(model, "0", model.network.initial_state(shape[1]))
        logits, *_ = runtime.run(None, {"ids": np.zeros(shape, np.int64)} | before)
        assert logits.shape == (*shape, len(SYMBOLS))


def test_the_file_tells_vocabulary_and_training():
    model = make_model()
    (entry,) = onnx.load_from_string(onnx_bytes(model)).metadata_props
    assert entry.key == "rnnterm"
    back = assemble_model(json.loads(entry.value), model.tensors)
    assert (back.spec, back.vocab, back.training) == (model.spec, model.vocab, model.training)


def test_the_same_model_gives_the_same_bytes():
    assert onnx_bytes(make_model()) == onnx_bytes(make_model())


def test_without_the_package_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RnntermError, match=r"pip install 'rnnterm\[onnx\]'"):
        onnx_bytes(make_model())
