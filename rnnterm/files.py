"""Writing files so that a reader, or a crash, never meets half of one."""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError, UsageError

_CHUNK = 1 << 20


def user_path(text: str) -> Path:
    """The path that a person wrote, `~` expanded; raises UsageError for a home that is nobody's."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{text!r} names the home of nobody here") from None


@contextmanager
def failing_as(what: str) -> Iterator[None]:
    """Tell a failure of the file system in one line: `what`, such as `cannot write x`, and why."""
    try:
        yield
    except OSError as error:
        raise RnntermError(f"{what}: {error.strerror or error}") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, read in chunks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def temporary_sibling(target: Path) -> Path:
    """A fresh hidden name beside `target`, on the same file system, so that a rename is atomic."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def write_synced(path: Path, data: bytes) -> None:
    """Write `data` to `path` and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, on the disk too: a reader sees the old bytes or the new."""
    _replace(path, data, write_synced)
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes) -> None:
    """Replace `path` by `data` for readers, without waiting for the disk."""
    _replace(path, data, Path.write_bytes)


def _replace(path: Path, data: bytes, write: Callable[[Path, bytes], Any]) -> None:
    temporary = temporary_sibling(path)
    try:
        write(temporary, data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as indented ASCII JSON."""
    write_atomically(path, json.dumps(value, indent=2).encode() + b"\n")
