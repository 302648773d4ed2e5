"""A model as Keras lays it out: named arrays in one `.npz`, and back.

Keras keeps matrices as (in, out), orders gates `i,f,c,o` and `z,r,h`, and has one bias where
PyTorch has two. Only its GRU with `reset_after` keeps both biases apart, as the rows of one array,
because there the reset gate stands between them. Shapes and equations are those of
https://keras.io/api/layers/recurrent_layers/; V symbols, E embedding columns, H units:

    embedding/embeddings             (V, E)
    lstm_0/kernel                    (I, 4H)    or gru_0 (I, 3H), simple_rnn_0 (I, H)
    lstm_0/recurrent_kernel          (H, 4H)
    lstm_0/bias                      (4H,)      or (2, 3H) for a GRU with reset_after
    dense/kernel, dense/bias         (H, V), (V,)
    rnnterm                          JSON in UTF-8 bytes: spec, vocabulary, training
"""

import errno
import io
import json
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.files import open_regular
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model, assemble_model, describe_model
from rnnterm.nn.spec import GATE_COUNT, NetworkSpec
from rnnterm.wording import listed

_DESCRIPTION = "rnnterm"
_MOST_UNPACKED = 64  # times its size; weights can hardly be packed at all
_LAYER_NAMES = {"lstm": "lstm", "gru": "gru", "rnn": "simple_rnn"}
# Where each gate of one library stands in the other. A swap and identities: both ways are the same.
_GATE_ORDERS = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2), "rnn": (0,)}


def keras_bytes(model: Model) -> bytes:
    """The content of the `.npz` file; the same model gives the same bytes."""
    described = json.dumps(describe_model(model)).encode()
    file = io.BytesIO()
    # Any: a type checker takes each of these keywords for savez' own `allow_pickle`.
    arrays: dict[str, Any] = {**to_keras(model.spec, model.tensors)}
    arrays[_DESCRIPTION] = np.frombuffer(described, np.uint8)
    np.savez(file, **arrays)
    return file.getvalue()


def load_keras(path: Path) -> Model:
    """The model in a `.npz` file that `keras_bytes` wrote, or whose arrays Keras has trained on.

    Raises RnntermError, in one line that names the file, for one that is missing, damaged, of
    another make, or whose arrays do not fit its description.
    """
    if not path.exists():
        raise RnntermError(f"there is no file {path}")
    try:
        arrays = _read(path)
    except Exception as error:  # a damaged zip archive fails in a dozen ways
        reason = getattr(error, "strerror", None) or "it is not an .npz file of arrays, or damaged"
        raise RnntermError(f"cannot read {path}: {reason}") from None
    try:
        return _assembled(arrays)
    except RnntermError as error:
        raise RnntermError(f"cannot use the model {path}: {error}") from None


def to_keras(spec: NetworkSpec, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays by Keras' names, from tensors by `spec.tensor_shapes()`."""
    arrays = {}
    if spec.input == "embedding":
        arrays["embedding/embeddings"] = tensors["embedding.weight"]
    for layer, name in enumerate(_layer_names(spec)):
        weight_ih, weight_hh, bias_ih, bias_hh = (
            _swap_gates(spec, tensors[f"rnn.{layer}.{part}"])
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        arrays[f"{name}/kernel"] = weight_ih.T
        arrays[f"{name}/recurrent_kernel"] = weight_hh.T
        arrays[f"{name}/bias"] = (
            np.stack([bias_ih, bias_hh]) if _has_two_biases(spec) else bias_ih + bias_hh
        )
    arrays["dense/kernel"] = tensors["head.weight"].T
    arrays["dense/bias"] = tensors["head.bias"]
    return arrays


def from_keras(spec: NetworkSpec, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Tensors by `spec.tensor_shapes()`; where Keras has one bias, `bias_hh` is zero.

    Raises RnntermError unless the arrays are just those of `spec`, in Keras' shapes.
    """
    _check_arrays(spec, arrays)
    tensors = {}
    if spec.input == "embedding":
        tensors["embedding.weight"] = arrays["embedding/embeddings"]
    for layer, name in enumerate(_layer_names(spec)):
        bias = arrays[f"{name}/bias"]
        bias_ih, bias_hh = bias if _has_two_biases(spec) else (bias, np.zeros_like(bias))
        parts = {
            "weight_ih": arrays[f"{name}/kernel"].T,
            "weight_hh": arrays[f"{name}/recurrent_kernel"].T,
            "bias_ih": bias_ih,
            "bias_hh": bias_hh,
        }
        for part, rows in parts.items():
            tensors[f"rnn.{layer}.{part}"] = _swap_gates(spec, rows)
    tensors["head.weight"] = arrays["dense/kernel"].T
    tensors["head.bias"] = arrays["dense/bias"]
    return tensors


def _read(path: Path) -> dict[str, Array]:
    with open_regular(path, follow=True) as file, zipfile.ZipFile(file) as archive:
        packed, unpacked = path.stat().st_size, sum(one.file_size for one in archive.infolist())
        if unpacked > _MOST_UNPACKED * packed:
            raise OSError(errno.EFBIG, f"it unpacks to {unpacked / packed:,.0f} times its size")
        return {one.removesuffix(".npy"): _array(archive, one) for one in archive.namelist()}


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """One array, of which no more is read than its file holds, and never an object."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read_header(file)
        if prod(shape) * dtype.itemsize > archive.getinfo(name).file_size:
            raise ValueError(f"{name} is cut")
    with archive.open(name) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _assembled(arrays: dict[str, Array]) -> Model:
    entry = arrays.pop(_DESCRIPTION, None)
    if entry is None:
        raise RnntermError(
            f"it has no array {_DESCRIPTION!r}, which tells network and vocabulary: "
            "start from a file that `rnnterm models export` wrote"
        )
    try:
        described = json.loads(entry.tobytes())
        spec = NetworkSpec.from_dict(described["spec"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RnntermError("its description is damaged") from None
    return assemble_model(described, from_keras(spec, arrays))


def _check_arrays(spec: NetworkSpec, arrays: Mapping[str, Array]) -> None:
    shapes = _keras_shapes(spec)
    if missing := sorted(shapes.keys() - arrays.keys()):
        raise RnntermError(f"arrays are missing: {listed(missing)}")
    if extra := sorted(arrays.keys() - shapes.keys()):
        raise RnntermError(f"arrays are not of this network: {listed(extra)}")
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise RnntermError(
                f"{name} has shape {arrays[name].shape}, the network expects {shape}"
            )


def _keras_shapes(spec: NetworkSpec) -> dict[str, tuple[int, ...]]:
    """Every array's name and shape in Keras' layout."""
    columns = GATE_COUNT[spec.cell] * spec.hidden_size
    shapes: dict[str, tuple[int, ...]] = {}
    if spec.input == "embedding":
        shapes["embedding/embeddings"] = (spec.vocab_size, spec.embedding_size)
    for layer, name in enumerate(_layer_names(spec)):
        shapes[f"{name}/kernel"] = (spec.hidden_size if layer else spec.input_size, columns)
        shapes[f"{name}/recurrent_kernel"] = (spec.hidden_size, columns)
        shapes[f"{name}/bias"] = (2, columns) if _has_two_biases(spec) else (columns,)
    shapes["dense/kernel"] = (spec.hidden_size, spec.vocab_size)
    shapes["dense/bias"] = (spec.vocab_size,)
    return shapes


def _layer_names(spec: NetworkSpec) -> list[str]:
    return [f"{_LAYER_NAMES[spec.cell]}_{layer}" for layer in range(spec.num_layers)]


def _has_two_biases(spec: NetworkSpec) -> bool:
    return spec.cell == "gru" and spec.reset_after


def _swap_gates(spec: NetworkSpec, rows: Array) -> Array:
    """Rows (G*H, ...) of one library's gate order in the other's."""
    gates = np.split(rows, GATE_COUNT[spec.cell])
    return np.concatenate([gates[place] for place in _GATE_ORDERS[spec.cell]])
