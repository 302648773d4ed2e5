"""Points in time as people read them. The figures may come from any file, and be absurd."""

from datetime import datetime


def format_moment(epoch: float) -> str:
    """Date and time of day here, from seconds since the epoch."""
    try:
        return datetime.fromtimestamp(epoch).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "at no known time"
