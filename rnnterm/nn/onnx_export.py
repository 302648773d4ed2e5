"""A model as an ONNX graph, for runtimes in other languages and on other machines.

T characters of B texts in, a score for every next character out; the state goes in and out by name,
so a caller can read on, one character at a time or many:

    ids                              int64 (T, B)          ->  logits          float (T, B, V)
    rnn.0.h0, rnn.0.c0, rnn.1.h0 …   float (1, B, H) each  ->  rnn.0.hn, rnn.0.cn, rnn.1.hn …

(`c` for the LSTM only; zeros start a text.) The metadata entry `rnnterm` is a JSON object with
spec, vocabulary and training. ONNX orders gates `i,o,f,c` and `z,r,h`:
https://onnx.ai/onnx/operators/, RNN, GRU and LSTM.
"""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model, describe_model
from rnnterm.nn.spec import GATE_COUNT, NetworkSpec

if TYPE_CHECKING:
    from onnx import NodeProto

_OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
_STATE_NAMES = {"lstm": "hc", "gru": "h", "rnn": "h"}
_GATE_ORDERS = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}  # from i,f,g,o and r,z,n
# Operators and container of 2022, which say all that is needed: older runtimes read it as well.
_OPSET, _IR_VERSION = 17, 8


def onnx_bytes(model: Model) -> bytes:
    """The content of the `.onnx` file.

    Raises RnntermError, naming the remedy, where the package `onnx` is not installed.
    """
    try:
        from onnx import helper
    except ImportError:
        raise RnntermError(
            "ONNX files need the package onnx: pip install 'rnnterm[onnx]'"
        ) from None
    proto = helper.make_model(
        _GraphBuilder(model).graph(),
        producer_name="rnnterm",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    helper.set_model_props(proto, {"rnnterm": json.dumps(describe_model(model))})
    return bytes(proto.SerializeToString(deterministic=True))


class _GraphBuilder:
    """Collects nodes and constants on the way from indices to logits."""

    def __init__(self, model: Model) -> None:
        self._spec = model.spec
        self._tensors = model.tensors
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, Array] = {}

    def graph(self) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        x = self._inputs("ids")
        for layer in range(self._spec.num_layers):
            x = self._layer(layer, x)
        self._head(x, "logits")

        def value(name: str, *shape: str | int, kind: int = TensorProto.FLOAT) -> Any:
            return helper.make_tensor_value_info(name, kind, shape)

        ids = value("ids", "T", "B", kind=TensorProto.INT64)
        logits = value("logits", "T", "B", self._spec.vocab_size)
        before, after = (
            [value(name, 1, "B", self._spec.hidden_size) for name in self._states(when)]
            for when in "0n"
        )
        constants = [
            numpy_helper.from_array(array, name) for name, array in self._constants.items()
        ]
        return helper.make_graph(
            self._nodes, "rnnterm", [ids, *before], [logits, *after], constants
        )

    def _inputs(self, ids: str) -> str:
        """What enters the first layer, (T, B, I)."""
        size = self._spec.vocab_size
        if self._spec.input == "embedding":
            table = self._constant("embedding.weight", self._tensors["embedding.weight"])
            return self._node("Gather", [table, ids], "inputs")
        if self._spec.input == "onehot":
            depth = self._constant("onehot.depth", np.array(size, np.int64))
            off_on = self._constant("onehot.values", np.array([0, 1], np.float32))
            return self._node("OneHot", [ids, depth, off_on], "inputs")
        numbers = self._node("Cast", [ids], "numbers", to=1)  # TensorProto.FLOAT
        count = self._constant("vocab_size", np.array(size, np.float32))
        shares = self._node("Div", [numbers, count], "shares")
        last = self._constant("last_axis", np.array([-1]))
        return self._node("Unsqueeze", [shares, last], "inputs")

    def _layer(self, layer: int, x: str) -> str:
        """The hidden states of one layer, (T, B, H)."""
        spec, prefix = self._spec, f"rnn.{layer}"
        weight_ih, weight_hh, bias_ih, bias_hh = (
            _reorder_gates(spec, self._tensors[f"{prefix}.{part}"])
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        # ONNX has one leading axis for the direction of reading.
        operands = [
            x,
            self._constant(f"{prefix}.W", weight_ih[np.newaxis]),
            self._constant(f"{prefix}.R", weight_hh[np.newaxis]),
            self._constant(f"{prefix}.B", np.concatenate([bias_ih, bias_hh])[np.newaxis]),
            "",  # the lengths of the texts: all T
            *self._states("0", layer),
        ]
        following = [f"{prefix}.y", *self._states("n", layer)]
        self._node(
            _OPERATORS[spec.cell],
            operands,
            *following,
            hidden_size=spec.hidden_size,
            **_cell_attributes(spec),
        )
        direction = self._constant("direction_axis", np.array([1]))
        return self._node("Squeeze", [following[0], direction], f"{prefix}.h")

    def _head(self, x: str, logits: str) -> None:
        kernel = self._constant("head.kernel", self._tensors["head.weight"].T)
        bias = self._constant("head.bias", self._tensors["head.bias"])
        self._node("Add", [self._node("MatMul", [x, kernel], "scores"), bias], logits)

    def _states(self, when: str, layer: int | None = None) -> list[str]:
        """The names of one layer's states, or of all, before ("0") or after ("n") the text."""
        layers = range(self._spec.num_layers) if layer is None else [layer]
        names = _STATE_NAMES[self._spec.cell]
        return [f"rnn.{number}.{name}{when}" for number in layers for name in names]

    def _constant(self, name: str, array: Array | Any) -> str:
        self._constants[name] = np.asarray(array, order="C")
        return name

    def _node(self, operator: str, operands: list[str], *results: str, **attributes: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(operator, operands, results, results[0], **attributes))
        return results[0]


def _cell_attributes(spec: NetworkSpec) -> dict[str, Any]:
    if spec.cell == "gru":
        return {"linear_before_reset": int(spec.reset_after)}
    if spec.cell == "rnn" and spec.activation == "linear":
        return {"activations": ["Affine"], "activation_alpha": [1.0], "activation_beta": [0.0]}
    return {"activations": [spec.activation.capitalize()]} if spec.cell == "rnn" else {}


def _reorder_gates(spec: NetworkSpec, rows: Array) -> Array:
    gates = np.split(rows, GATE_COUNT[spec.cell])
    return np.concatenate([gates[place] for place in _GATE_ORDERS[spec.cell]])
