"""The texts and series that travel with rnnterm."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from rnnterm.bundled import bundled_folder


@dataclass(frozen=True)
class CatalogEntry:
    """One bundled text or series and where it comes from.

    `file` is None for a text that is made on the spot; `make` then returns it.
    """

    name: str
    kind: Literal["text", "series"]
    title: str
    author: str
    year: int
    licence: str
    source: str
    file: Path | None
    make: Callable[[], str] | None = None


@cache
def catalog() -> dict[str, CatalogEntry]:
    """All bundled texts and series by name, in the order of `corpora/corpora.toml`."""
    folder = bundled_folder("corpora")
    with (folder / "corpora.toml").open("rb") as file:
        listed = tomllib.load(file)
    entries = {}
    for name, facts in listed.items():
        file_name = facts.pop("file")
        entries[name] = CatalogEntry(
            name=name,
            file=folder / file_name if file_name else None,
            make=_MADE_ON_THE_SPOT.get(name),
            **facts,
        )
    return entries


def bundled_texts() -> dict[str, CatalogEntry]:
    """The bundled entries that a character model can learn."""
    return {name: entry for name, entry in catalog().items() if entry.kind == "text"}


def python_docs() -> str:
    """The Python language reference as the running interpreter carries it for `help()`."""
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name].strip() for name in sorted(topics)) + "\n"


_MADE_ON_THE_SPOT: dict[str, Callable[[], str]] = {"python-docs": python_docs}
