"""Sentences of bearable length about things of any size."""

from collections.abc import Collection

LONGEST_LINE = 300
"""Characters of an error or a warning."""

_SHOWN = 3
_LONGEST_NAME = 60


def shorten(text: str, most: int = LONGEST_LINE) -> str:
    """A text of at most `most` characters: of a longer one, its beginning and its end.

    What is wrong mostly stands at the beginning of an error, and what to do at its end.
    """
    if len(text) <= most:
        return text
    told = f" … {len(text) - most:,} more characters … "
    if most < 2 * len(told):
        told = "…"
    kept = most - len(told)
    return text[: kept - kept // 2] + told + text[len(text) - kept // 2 :]


def listed(names: Collection[str]) -> str:
    """The first few names, each shortened, and how many more there are."""
    shown = [shorten(name, _LONGEST_NAME) for _, name in zip(range(_SHOWN), names, strict=False)]
    if (more := len(names) - len(shown)) > 0:
        return f"{', '.join(shown)} and {more:,} more"
    return ", ".join(shown)
