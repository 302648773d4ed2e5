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
from safetensors.numpy import save

from rnnterm.errors import RnntermError
from rnnterm.files import write_atomically
from rnnterm.nn.cells import Array
from rnnterm.nn.network import Network
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

_ENTRY = "rnnterm"
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
        entry, tensors = _read(path)
    except FileNotFoundError:
        raise RnntermError(f"there is no model file {path}") from None
    except (OSError, SafetensorError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a safetensors file, or damaged"
        raise RnntermError(f"cannot read the model {path}: {reason}") from None
    try:
        return _checked_model(entry, tensors)
    except RnntermError as error:
        raise RnntermError(f"cannot use the model {path}: {error}") from None


def _read(path: Path) -> tuple[str, dict[str, Array]]:
    with path.open("rb"):  # safetensors reports a missing or forbidden file without its reason
        pass
    with safe_open(path, framework="numpy") as file:
        names = file.keys()
        entry = (file.metadata() or {}).get(_ENTRY, "")
        return entry, {name: file.get_tensor(name) for name in names}


def _checked_model(entry: str, tensors: dict[str, Array]) -> Model:
    if not entry:
        raise RnntermError("it is not an rnnterm model")
    try:
        described = json.loads(entry)
        version, digest = int(described["version"]), described["sha256"]
    except (ValueError, KeyError, TypeError):
        raise RnntermError("its description is damaged") from None
    if version > _VERSION:
        raise RnntermError(
            f"it has format {version}, this rnnterm reads {_VERSION}: upgrade rnnterm"
        )
    if described.get("kind") == "forecaster":
        raise RnntermError("it forecasts a series: rnnterm forecast and rnnterm explore take it")
    if digest != model_digest(described, tensors):
        raise RnntermError("its digest does not fit its content: the file is damaged")
    return assemble_model(described, tensors)


def assemble_model(described: Mapping[str, Any], tensors: Mapping[str, Array]) -> Model:
    """The model of what `describe_model` wrote and its tensors, in any floating-point type.

    Raises RnntermError unless description, vocabulary and tensors are whole and fit together.
    """
    try:
        spec = NetworkSpec.from_dict(described["spec"])
        vocabulary = described["vocabulary"]
        vocab = Vocabulary(vocabulary["symbols"], lowercase=bool(vocabulary["lowercase"]))
        training = dict(described["training"])
    except (KeyError, ValueError, TypeError) as error:
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
        raise RnntermError(f"tensors are missing: {', '.join(missing)}")
    if extra := sorted(tensors.keys() - shapes.keys()):
        raise RnntermError(f"tensors are not of this network: {', '.join(extra)}")
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tensor.shape != shape:
            raise RnntermError(f"{name} has shape {tensor.shape}, the network expects {shape}")
        if not np.issubdtype(tensor.dtype, np.floating):
            raise RnntermError(f"{name} holds {tensor.dtype}, not floating-point numbers")
        if not np.isfinite(tensor).all():
            raise RnntermError(f"{name} holds NaN or infinity")


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
