"""The forecaster's file: one safetensors file with all that forecasting again needs.

Its one metadata entry, `rnnterm`, is a JSON object: `kind` (`forecaster`), `version`, `plan`,
`spec`, `scaler`, `training` and `sha256`, a digest over all of these and every tensor. Tensors are
float32 in PyTorch's layout, `networks.{n}.` before each name, and the calibration in float64.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from rnnterm.errors import RnntermError
from rnnterm.files import open_regular, read_regular, write_atomically
from rnnterm.forecast.forecaster import Forecaster, Training
from rnnterm.forecast.network import ForecasterSpec, check_network
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.scaler import Scaler
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import (
    LARGEST_HEADER,
    check_types,
    check_version,
    entry_of,
    model_digest,
    parse_header,
)
from rnnterm.runs.records import record_from_json
from rnnterm.wording import shorten

_ENTRY = "rnnterm"
_KIND = "forecaster"
_VERSION = 1
_LARGEST = 1 << 30  # bytes; a forecaster has some thousand numbers
_CALIBRATION = ("calibration.errors", "calibration.errors_by_lead")


def forecaster_bytes(forecaster: Forecaster) -> bytes:
    """The file's content; the same forecaster gives the same bytes."""
    tensors: dict[str, Array] = {
        f"networks.{number}.{name}": np.ascontiguousarray(tensor, np.float32)
        for number, network in enumerate(forecaster.networks)
        for name, tensor in network.items()
    }
    calibration = (forecaster.errors, forecaster.errors_by_lead)
    for name, values in zip(_CALIBRATION, calibration, strict=True):
        tensors[name] = np.ascontiguousarray(values, np.float64)
    described: dict[str, Any] = {
        "kind": _KIND,
        "version": _VERSION,
        "plan": forecaster.plan.to_dict(),
        "spec": forecaster.spec.to_dict(),
        "scaler": forecaster.scaler.to_dict(),
        "training": asdict(forecaster.training),
    }
    # As JSON has it, so that what is read back has the same digest.
    described = json.loads(json.dumps(described))
    described["sha256"] = model_digest(described, tensors)
    return save(tensors, {_ENTRY: json.dumps(described)})


def save_forecaster(path: Path, forecaster: Forecaster) -> None:
    """Write the file, whole or not at all."""
    write_atomically(path, forecaster_bytes(forecaster))


def load_forecaster(path: Path) -> Forecaster:
    """The forecaster in a file, with everything about it checked.

    Raises RnntermError, in one line that names the file, for one that is missing, no forecaster,
    damaged, from a newer rnnterm, or whose parts do not fit together.
    """
    try:
        content = read_regular(path, _LARGEST, follow=True)
    except FileNotFoundError:
        raise RnntermError(f"there is no forecaster's file {path}") from None
    except OSError as error:
        reason = error.strerror or error
        raise RnntermError(f"cannot read the forecaster {path}: {reason}") from None
    try:
        return forecaster_from_bytes(content)
    except RnntermError as error:
        raise RnntermError(f"cannot use the forecaster {path}: {error}") from None


def is_forecaster(path: Path) -> bool:
    """Whether a file says that it is a forecaster; it may be damaged for all that."""
    try:
        with open_regular(path, follow=True) as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = parse_header(stream.read(length) if length <= LARGEST_HEADER else b"")
        return entry_of(header).get("kind") == _KIND
    except (OSError, ValueError, RnntermError):
        return False


def forecaster_from_bytes(content: bytes) -> Forecaster:
    """The forecaster that `forecaster_bytes` wrote.

    Raises RnntermError, in one line, for anything else.
    """
    described, tensors = _read(content)
    calibration = [tensors.pop(name, None) for name in _CALIBRATION]
    try:
        plan = ForecastPlan.from_dict(described["plan"])
        spec, scaler = ForecasterSpec.of(plan), _record(Scaler, described["scaler"])
        training = _record(Training, described["training"])
        asked = described["spec"] == spec.to_dict()
    except (KeyError, TypeError, AttributeError):
        raise RnntermError("its description lacks something") from None
    if not asked:
        raise RnntermError("its network is not the one that its plan describes")
    networks = _networks(tensors, plan.seeds)
    for network in networks:
        check_network(spec, network)
    if not np.isfinite([scaler.offset, scaler.factor, scaler.lift]).all() or scaler.factor == 0:
        raise RnntermError("its scale is no number")
    errors, by_lead = (_checked(values, n) for n, values in enumerate(calibration, start=1))
    return Forecaster(plan, spec, scaler, networks, training, errors, by_lead)


def _read(content: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Description and tensors; version and digest are checked."""
    try:
        header = parse_header(content[8 : 8 + int.from_bytes(content[:8], "little")])
        check_types(header)
        tensors = load(content)
    except (SafetensorError, ValueError):
        raise RnntermError("it is not a safetensors file, or damaged") from None
    described = entry_of(header)
    if not described:
        raise RnntermError("it is not an rnnterm forecaster, or damaged")
    if described.get("kind") != _KIND:
        raise RnntermError("it is a model of characters, which cannot forecast")
    check_version(described, _VERSION)
    if described.get("sha256") != model_digest(described, tensors):
        raise RnntermError("its digest does not fit its content: the file is damaged")
    return described, tensors


def _record(kind: Any, values: Mapping[str, Any]) -> Any:
    record = record_from_json(kind, values)
    if record is None:
        raise TypeError
    return record


def _networks(tensors: Mapping[str, Array], count: int) -> tuple[dict[str, Array], ...]:
    """The tensors of each network by their own names."""
    networks: tuple[dict[str, Array], ...] = tuple({} for _ in range(count))
    for name, tensor in tensors.items():
        prefix, _, rest = name.partition(".")
        number, _, own = rest.partition(".")
        if prefix != "networks" or not number.isdecimal() or int(number) >= count:
            shown = shorten(name, 60)
            raise RnntermError(f"the tensor {shown!r} is not of this forecaster")
        networks[int(number)][own] = tensor
    return networks


def _checked(values: Array | None, dimensions: int) -> Any:
    """Calibration errors: absolute, NaN where there are none."""
    if values is None or values.ndim != dimensions or values.dtype != np.float64:
        raise RnntermError("its calibration is missing or misshapen")
    if (values < 0).any() or np.isinf(values).any():
        raise RnntermError("its calibration holds what is no error")
    return values
