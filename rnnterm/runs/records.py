"""Flat dataclasses as JSON and back; what comes from a file may be anyone's and is checked."""

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_MOST = 1 << 63  # a larger number is nobody's count, and would not fit a float
R = TypeVar("R", bound="DataclassInstance")


def record_to_json(record: "DataclassInstance") -> dict[str, Any]:
    """A record's fields as JSON values. NaN and infinity, which JSON lacks, become null."""
    return {key: _finite(value) for key, value in asdict(record).items()}


def record_from_json(kind: type[R], values: Mapping[str, Any]) -> R | None:
    """The record that `record_to_json` described; None where a field is missing or of another type.

    Fields with a default may be missing, and keys that are no fields are passed over.
    """
    told = {}
    for name, (hint, needed) in _shape(kind).items():
        if name in values:
            try:
                told[name] = _read(hint, values[name])
            except TypeError:
                return None
        elif needed:
            return None
    return kind(**told)


@cache
def _shape(kind: type["DataclassInstance"]) -> dict[str, tuple[Any, bool]]:
    """Type and necessity of each field."""
    hints = get_type_hints(kind)
    return {
        field.name: (
            hints[field.name],
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    }


def _read(hint: Any, raw: Any) -> Any:
    """A JSON value as the type wants it; raises TypeError where it cannot be."""
    if get_origin(hint) in (Union, types.UnionType):
        if raw is None:
            return None
        hint = next(part for part in get_args(hint) if part is not types.NoneType)
    if isinstance(raw, int) and abs(raw) > _MOST:
        raise TypeError
    if hint is float and (raw is None or type(raw) in (int, float)):
        return math.nan if raw is None else float(raw)  # which no parser of ours lets be infinite
    if hint in (int, bool, str) and type(raw) is hint:
        return raw
    if get_origin(hint) is dict and isinstance(raw, dict):
        return raw
    if get_origin(hint) is tuple and isinstance(raw, list):
        return tuple(_read(get_args(hint)[0], part) for part in raw)
    raise TypeError


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
