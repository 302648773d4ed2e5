"""Files that a command writes because a person named them."""

from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import narrate
from rnnterm.errors import RnntermError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def writable(name: str, force: bool) -> "Path":
    """The path of a file that may be written.

    Raises UsageError where something is in the way, RnntermError where there is no such folder:
    better now than after the work.
    """
    from rnnterm.files import user_path

    file = user_path(name)
    # A device or a pipe would be replaced by a plain file, --force or not.
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is no regular file: name another")
    if file.exists() and not force:
        raise UsageError(f"{file} is there already: add --force to replace it")
    if not file.parent.is_dir():
        raise RnntermError(f"cannot write {file}: there is no folder {file.parent}")
    return file


def write_told(file: "Path", data: bytes) -> None:
    """Write a file, whole or not at all, and say so; raises RnntermError where it cannot be."""
    from rnnterm.files import failing_as, write_atomically

    with failing_as(f"cannot write {file}"):
        write_atomically(file, data)
    narrate(f"wrote {file} ({len(data):,} bytes)")
