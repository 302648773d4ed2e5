"""A field for a path, with completion from the file system."""

import asyncio
import os
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from rnnterm.terminal import safe_line

_LOOKED_AT = 10_000  # entries of a folder; a larger one is completed from its first


class PathSuggester(Suggester):
    """Suggests the first file or folder that goes on as typed; `~` is understood.

    With `suffix`, only files of that ending, such as `.toml`.
    """

    def __init__(self, suffix: str = "") -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._suffix = suffix

    async def get_suggestion(self, value: str) -> str | None:
        """What was typed, completed; None where nothing goes on so."""
        return await asyncio.to_thread(complete_path, value, self._suffix)


def complete_path(typed: str, suffix: str = "") -> str | None:
    """The first path, in alphabetical order, that begins as typed; folders end in a slash.

    Hidden names wait for a dot, and names that a terminal cannot show are left out.
    """
    if not typed:
        return None
    if typed == "~":
        return "~/"
    before, slash, begun = typed.rpartition("/")
    try:
        folder = Path(before + slash or ".").expanduser()
        found = min(_names(folder, begun, suffix), default=None)
    except (OSError, RuntimeError, ValueError):  # no such folder, no such home, or a NUL
        return None
    return None if found is None else before + slash + found


def _names(folder: Path, begun: str, suffix: str) -> list[str]:
    names = []
    with os.scandir(folder) as entries:
        for entry, _ in zip(entries, range(_LOOKED_AT), strict=False):
            name = entry.name
            hidden = name.startswith(".") and not begun.startswith(".")
            if hidden or not name.startswith(begun) or safe_line(name) != name:
                continue
            if entry.is_dir():
                names.append(name + "/")
            elif entry.is_file() and name.endswith(suffix):
                names.append(name)
    return [name for name in names if name != begun]


class PathInput(Input):
    """A line for a path; Tab or the right arrow takes the completion."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "complete", show=False)]

    def __init__(self, value: str = "", *, placeholder: str = "", suffix: str = "") -> None:
        super().__init__(value, placeholder=placeholder, suggester=PathSuggester(suffix))
        self.cursor_blink = False  # a screen at rest sends nothing

    def action_complete(self) -> None:
        """Take the completion; where there is none, go to the next field."""
        if self._suggestion:
            self.action_end()
            self.action_cursor_right()
        else:
            self.screen.focus_next()
