"""The model file: one safetensors file that holds all that sampling and exploring need.

Its one metadata entry, `rnnterm`, is a JSON object: `version`, `spec`, `vocabulary`, `training`
(how it was trained) and `sha256`, a digest over all of the others and every tensor, because
safetensors itself does not notice a flipped bit in its data. (One entry, because safetensors
writes several in any order, and the same model should be the same bytes.)
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from rnnterm.errors import RnntermError
from rnnterm.files import open_regular, write_atomically
from rnnterm.nn.cells import Array
from rnnterm.nn.network import Network
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary
from rnnterm.wording import listed, shorten

LARGEST_HEADER = 100_000_000
"""Bytes, as safetensors itself has it."""

_ENTRY = "rnnterm"
_DAMAGED = "it is not a safetensors file, or damaged"
_KNOWN_TYPES = frozenset("F64 F32 F16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL".split())
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_TOO_MUCH = 2**63
_T = TypeVar("_T", str, int, float)
_VERSION = 1


@dataclass(frozen=True)
class Model:
    """A network, the alphabet it speaks, and how it came to be.

    Attributes:
        tensors: float32 arrays by the names and shapes of `spec.tensor_shapes()`.
        training: corpus name and SHA-256, recipe, step and losses, as plain JSON values.
    """

    spec: NetworkSpec
    vocab: Vocabulary
    tensors: Mapping[str, Array]
    training: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def network(self) -> Network:
        """The numpy network over these tensors."""
        return Network(self.spec, self.tensors)


def model_bytes(model: Model) -> bytes:
    """The model file's content."""
    tensors = {
        name: np.ascontiguousarray(model.tensors[name], np.float32)
        for name in model.spec.tensor_shapes()
    }
    described = {"version": _VERSION} | describe_model(model)
    described["sha256"] = model_digest(described, tensors)
    return save(tensors, {_ENTRY: json.dumps(described)})


def describe_model(model: Model) -> dict[str, Any]:
    """All of a model but its tensors, as plain JSON values; `assemble_model` reads it back."""
    return {
        "spec": model.spec.to_dict(),
        "vocabulary": {"symbols": model.vocab.symbols, "lowercase": model.vocab.lowercase},
        "training": dict(model.training),
    }


def save_model(path: Path, model: Model) -> None:
    """Write the model file, whole or not at all."""
    write_atomically(path, model_bytes(model))


def load_model(path: Path) -> Model:
    """The model in a file, with everything about it checked.

    Raises RnntermError, in one line that names the file, for a file that is missing, not a model,
    damaged, from a newer rnnterm, or whose tensors, vocabulary and spec do not fit together.
    """
    try:
        header = _header_of(path)
    except FileNotFoundError:
        raise RnntermError(f"there is no model file {path}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or _DAMAGED
        raise RnntermError(f"cannot read the model {path}: {reason}") from None
    try:
        check_types(header)
        tensors = _tensors_of(path)
    except (OSError, SafetensorError, ValueError) as error:
        reason = getattr(error, "strerror", None) or _DAMAGED
        raise RnntermError(f"cannot read the model {path}: {reason}") from None
    except RnntermError as error:
        raise RnntermError(f"cannot use the model {path}: {error}") from None
    try:
        return _checked_model(entry_of(header), tensors)
    except RnntermError as error:
        raise RnntermError(f"cannot use the model {path}: {error}") from None


def model_from_bytes(content: bytes) -> Model:
    """The model that `model_bytes` wrote; raises RnntermError for anything else."""
    try:
        header = parse_header(content[8 : 8 + int.from_bytes(content[:8], "little")])
        check_types(header)
        tensors = load(content)
    except (SafetensorError, ValueError):
        raise RnntermError(_DAMAGED) from None
    return _checked_model(entry_of(header), tensors)


def _header_of(path: Path) -> dict[str, Any]:
    # A pipe would be waited for; a link is followed, as people name models by it.
    with open_regular(path, follow=True) as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LARGEST_HEADER:
            raise ValueError
        return parse_header(file.read(length))


def _tensors_of(path: Path) -> dict[str, Array]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping


def parse_header(text: bytes) -> dict[str, Any]:
    """The header of a safetensors file, a JSON object; raises ValueError for anything else."""
    try:
        header = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(header, dict):
        raise ValueError("it is no object")
    return header


def entry_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """What a header says about the file, by rnnterm's own entry; {} where it has none.

    Raises RnntermError where that is damaged.
    """
    metadata = header.get("__metadata__")
    entry = metadata.get(_ENTRY, "") if isinstance(metadata, dict) else ""
    if not entry:
        return {}
    try:
        described = json.loads(entry)
        json.dumps(described)  # as its digest is taken of that
    except (ValueError, TypeError, RecursionError):
        raise RnntermError("its description is damaged") from None
    if not isinstance(described, dict):
        raise RnntermError("its description is damaged")
    return described


def check_version(described: Mapping[str, Any], newest: int) -> None:
    """Raise RnntermError unless a description is of a format that this rnnterm reads."""
    version = described.get("version")
    if type(version) is not int or version < 1:
        raise RnntermError(f"its description is damaged: {version!r} is no version of a format")
    if version > newest:
        raise RnntermError(f"it has format {version}, this rnnterm reads {newest}: upgrade rnnterm")


def check_types(header: Mapping[str, Any]) -> None:
    """Raise RnntermError for tensors of a type that numpy lacks, such as BF16."""
    for name, told in header.items():
        if name == "__metadata__" or not isinstance(told, dict):
            continue
        kind = told.get("dtype")
        if not isinstance(kind, str) or kind not in _KNOWN_TYPES:
            raise RnntermError(
                f"{shorten(name, 60)} holds {str(kind)[:20]}, which is not read here: "
                "convert it to F32"
            )


def _checked_model(described: dict[str, Any], tensors: dict[str, Array]) -> Model:
    if not described:
        raise RnntermError("it is not an rnnterm model")
    check_version(described, _VERSION)
    if described.get("kind") == "forecaster":
        raise RnntermError("it forecasts a series: rnnterm forecast and rnnterm explore take it")
    if described.get("sha256") != model_digest(described, tensors):
        raise RnntermError("its digest does not fit its content: the file is damaged")
    return assemble_model(described, tensors)


def assemble_model(described: Mapping[str, Any], tensors: Mapping[str, Array]) -> Model:
    """The model of what `describe_model` wrote and its tensors, in any floating-point type.

    Raises RnntermError unless description, vocabulary and tensors are whole and fit together.
    """
    try:
        spec = NetworkSpec.from_dict(described["spec"])
        vocabulary = described["vocabulary"]
        vocab = Vocabulary.of_file(vocabulary["symbols"], lowercase=vocabulary["lowercase"])
        training = dict(described["training"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RnntermError(f"its description lacks something: {error!r}") from None
    check_tensors(spec, tensors)
    if len(vocab) != spec.vocab_size:
        raise RnntermError(f"it has {len(vocab)} symbols, its network expects {spec.vocab_size}")
    upcast = {name: tensor.astype(np.float32, copy=False) for name, tensor in tensors.items()}
    return Model(spec, vocab, upcast, training)


def check_tensors(spec: NetworkSpec, tensors: Mapping[str, Array]) -> None:
    """Raise RnntermError unless the tensors are just those of `spec`, well shaped and finite."""
    shapes = spec.tensor_shapes()
    if missing := sorted(shapes.keys() - tensors.keys()):
        raise RnntermError(f"tensors are missing: {listed(missing)}")
    if extra := sorted(tensors.keys() - shapes.keys()):
        raise RnntermError(f"tensors are not of this network: {listed(extra)}")
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.shape != shape:
            raise RnntermError(f"{name} has shape {tensor.shape}, the network expects {shape}")
        if not np.issubdtype(tensor.dtype, np.floating):
            raise RnntermError(f"{name} holds {tensor.dtype}, not floating-point numbers")
        if not np.isfinite(tensor).all():
            raise RnntermError(f"{name} holds NaN or infinity")
        if tensor.dtype.itemsize > 4 and np.abs(tensor).max() > _LARGEST_FLOAT32:
            raise RnntermError(f"{name} holds values too large for 32 bits")


def model_digest(described: Mapping[str, Any], tensors: Mapping[str, Array]) -> str:
    """SHA-256 over a model's description, but for its `sha256`, and the bytes of every tensor."""
    digest = hashlib.sha256()
    undigested = {key: value for key, value in described.items() if key != "sha256"}
    digest.update(json.dumps(undigested, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def told_value(record: Any, kind: type[_T], *keys: str) -> _T | None:
    """What a training record says under nested keys, if it is of that kind and of sane size.

    Anyone may have written a model file, so a record can lack anything and hold anything.
    """
    for key in keys:
        record = record.get(key) if isinstance(record, Mapping) else None
    if kind is float and type(record) is int:
        record = float(record) if abs(record) < _TOO_MUCH else None
    if type(record) is not kind:
        return None
    if isinstance(record, int | float) and not abs(record) < _TOO_MUCH:  # nor NaN
        return None
    return record
