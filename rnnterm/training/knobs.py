"""Hyper-parameter values: how each is read from text or TOML, checked and explained."""

import math
from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any, NamedTuple

from rnnterm.errors import UsageError
from rnnterm.quantities import parse_duration

Reader = Callable[[Any], Any]
"""Turns a TOML value or a command-line string into the value, or raises UsageError."""


class Every(NamedTuple):
    """An interval in steps or in seconds; exactly one is above zero, or none for `never`."""

    steps: int = 0
    seconds: float = 0.0

    def due(self, steps: int, seconds: float) -> bool:
        """Whether that many steps or seconds since the last time are enough."""
        return bool(self.steps and steps >= self.steps) or bool(
            self.seconds and seconds >= self.seconds
        )

    def __str__(self) -> str:
        if self.steps:
            return f"{self.steps}"
        return f"{self.seconds:.6f}".rstrip("0").rstrip(".") + "s" if self.seconds else "never"


def knob(default: Any, explanation: str, read: Reader, *, fixed: bool = False) -> Any:
    """A dataclass field that carries its explanation, its reader, and whether a run fixes it.

    A fixed value cannot change when a run resumes: its text, network, batches or past would not
    fit.
    """
    return field(default=default, metadata={"help": explanation, "read": read, "fixed": fixed})


def read_knob(spec: Field[Any], raw: Any) -> Any:
    """The checked value of one hyper-parameter; a UsageError names it."""
    try:
        return spec.metadata["read"](raw)
    except (UsageError, ValueError, TypeError, OverflowError) as error:
        reason = error if isinstance(error, UsageError) else f"{raw!r} is not such a value"
        raise UsageError(f"{spec.name}: {reason}") from None


def whole(low: int = 0, high: int = 1 << 40) -> Reader:
    """Reads a whole number from `low` to `high`."""

    def read(raw: Any) -> int:
        try:
            value = int(raw) if isinstance(raw, str) else raw
        except ValueError:
            value = None
        if type(value) is not int or not low <= value <= high:
            raise UsageError(f"expected a whole number from {low} to {high}, not {raw!r}")
        return value

    return read


def number(
    low: float, high: float = math.inf, *, above: bool = False, below: bool = False
) -> Reader:
    """Reads a finite number from `low` to `high`; `above` and `below` leave the ends out."""

    def read(raw: Any) -> float:
        try:
            value = math.nan if isinstance(raw, bool) else float(raw)
        except (ValueError, TypeError, OverflowError):
            value = math.nan
        fits_low = value > low if above else value >= low
        fits_high = value < high if below else value <= high
        if not (math.isfinite(value) and fits_low and fits_high):
            floor = f"above {low:g}" if above else f"of at least {low:g}"
            ceiling = "" if high == math.inf else f" and {'below' if below else 'at most'} {high:g}"
            raise UsageError(f"expected a number {floor}{ceiling}, not {raw!r}")
        return value

    return read


@dataclass(frozen=True)
class _Choice:
    """Reads one of a few names."""

    names: tuple[str, ...]

    def __call__(self, raw: Any) -> str:
        if raw not in self.names:
            raise UsageError(f"expected one of {', '.join(self.names)}, not {raw!r}")
        return str(raw)


def choice(*names: str) -> Reader:
    """Reads one of a few names."""
    return _Choice(names)


def some(*names: str) -> Reader:
    """Reads some of a few names, a list or text with commas, into the order of `names`."""

    def read(raw: Any) -> tuple[str, ...]:
        told = raw.split(",") if isinstance(raw, str) else raw
        chosen = {str(each).strip() for each in told} - {""}
        if not chosen <= set(names):
            raise UsageError(f"expected some of {', '.join(names)}, not {raw!r}")
        return tuple(name for name in names if name in chosen)

    return read


def flag(raw: Any) -> bool:
    """Reads true or false."""
    value = {"true": True, "false": False}.get(str(raw).lower())
    if value is None:
        raise UsageError(f"expected true or false, not {raw!r}")
    return value


def choices_of(spec: Field[Any]) -> tuple[str, ...]:
    """The values that a hyper-parameter can take, where they are few names; else none."""
    read = spec.metadata["read"]
    if read is flag:
        return ("false", "true")
    return read.names if isinstance(read, _Choice) else ()


def text(raw: Any) -> str:
    """Reads any text."""
    return str(raw)


def duration(raw: Any) -> float:
    """Reads seconds, `75s` or `2m`; 0 means no limit."""
    return 0.0 if str(raw) in ("0", "0.0", "0s") else parse_duration(str(raw))


def every(raw: Any) -> Every:
    """Reads an interval: `500` steps, `30s`, or `never`."""
    spelled = str(raw).strip().lower()
    if spelled in ("never", "0"):
        return Every()
    if spelled.isdecimal():
        return Every(steps=int(spelled))
    try:
        return Every(seconds=parse_duration(spelled))
    except UsageError:
        raise UsageError(f"expected steps (500), a duration (30s) or never, not {raw!r}") from None


def plain(value: Any) -> Any:
    """A hyper-parameter as a JSON value that its reader reads back."""
    if isinstance(value, Every):  # a tuple, too
        return str(value)
    return ",".join(value) if isinstance(value, tuple) else value
