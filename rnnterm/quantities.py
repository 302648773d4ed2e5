"""Durations, ages and counts as people write and read them."""

import math
import re

from rnnterm.errors import UsageError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_AGES = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def parse_duration(text: str) -> float:
    """Seconds in a duration such as `75s`, `2m`, `1h30m` or a bare number of seconds.

    Raises UsageError unless the text is a finite duration above zero.
    """
    spelled = text.strip().lower()
    match = _DURATION.fullmatch(spelled)
    if match and any(match.groups()):
        seconds = sum(
            float(part) * unit
            for part, unit in zip(match.groups(), _UNITS.values(), strict=True)
            if part
        )
    else:
        try:
            seconds = float(spelled)
        except ValueError:
            seconds = math.nan
    if not math.isfinite(seconds) or seconds <= 0:
        raise UsageError(f"{text!r} is not a duration: write 75s, 2m or 1h30m")
    return seconds


def format_duration(seconds: float) -> str:
    """`0:48`, `12:05` or `3:20:00` for a number of seconds; `-:--` when it is not known."""
    if not math.isfinite(seconds):
        return "-:--"
    minutes, second = divmod(round(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def format_age(seconds: float) -> str:
    """How long ago, in the largest whole unit: `12s`, `5m`, `3h`, `2d`; the future is `0s`."""
    if not math.isfinite(seconds):
        return "–"
    count = max(0, int(seconds))
    unit, size = next(((unit, size) for unit, size in _AGES if count >= size), ("s", 1))
    return f"{count // size}{unit}"


def counted(count: int, noun: str) -> str:
    """A count of things: `1 unit`, `2 units`, `1,024 units`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_count(count: float) -> str:
    """A count in at most five characters: `812`, `44k`, `1.3M`, `2.0G`."""
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        scaled = count / size
        if scaled >= 0.9995:  # what would round to a thousand of the smaller unit is one of this
            digits = 1 if scaled < 9.95 and suffix != "k" else 0
            return f"{scaled:.{digits}f}{suffix}"
    return f"{count:.0f}"
