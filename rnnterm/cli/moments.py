"""Points in time as people read them. The figures may come from any file, and be absurd."""

import math
from datetime import datetime

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def format_age(seconds: float) -> str:
    """How long ago, in the largest whole unit: `12s`, `5m`, `3h`, `2d`; the future is `0s`."""
    if not math.isfinite(seconds):
        return "–"
    count = max(0, int(seconds))
    unit, size = next(((unit, size) for unit, size in _UNITS if count >= size), ("s", 1))
    return f"{count // size}{unit}"


def format_moment(epoch: float) -> str:
    """Date and time of day here, from seconds since the epoch."""
    try:
        return datetime.fromtimestamp(epoch).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "at no known time"
