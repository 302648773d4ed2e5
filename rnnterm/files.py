"""Files: whole or not at all when written, regular and of bounded size when read.

A run folder, a cache or a model file may come from anyone: in an archive, `status.json` can be a
link to somebody's key, or a pipe that nobody writes to. `open_regular` and what is built on it
follow no link and wait for nothing.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from rnnterm.errors import RnntermError, UsageError

_CHUNK = 1 << 20
_LARGEST_JSON = 1 << 26  # bytes; a configuration or a manifest takes a few thousand
_DEEPEST_JSON = 64  # levels; what recurses over values, as `repr` does, must not run out of stack
_PRIVATE_FILE, _PRIVATE_FOLDER, _SHARED_FILE = 0o600, 0o700, 0o666
# Neither flag exists on Windows, where making links takes a privilege.
_UNFOLLOWED = getattr(os, "O_NOFOLLOW", 0)
_UNWAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


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


def open_regular(path: Path, *, follow: bool = False) -> BinaryIO:
    """Open a regular file for reading, unbuffered, without waiting for anything.

    Args:
        path: the file.
        follow: whether a link at the end of `path` is followed, as for a path that a person wrote.

    Raises:
        OSError: a link, folder, pipe, socket or device, or a file that cannot be opened.
    """
    _check_regular(path.stat(follow_symlinks=follow), path)
    flags = os.O_RDONLY | os.O_CLOEXEC | _UNWAITING | (0 if follow else _UNFOLLOWED)
    return _opened(path, flags, "rb")


def open_to_append(path: Path) -> BinaryIO:
    """Open a regular file for appending, unbuffered; a new one is private to the user.

    Raises:
        OSError: as `open_regular` does.
    """
    with suppress(FileNotFoundError):  # it is created
        _check_regular(path.lstat(), path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | _UNWAITING | _UNFOLLOWED
    return _opened(path, flags, "ab")


def read_regular(path: Path, limit: int, *, follow: bool = False) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        OSError: as `open_regular` does, and for a larger file.
    """
    with open_regular(path, follow=follow) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes", str(path))
        data = bytearray()
        while len(data) <= limit and (chunk := file.read(min(_CHUNK, limit + 1 - len(data)))):
            data += chunk
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes", str(path))
    return bytes(data)


def read_json(path: Path, limit: int = _LARGEST_JSON, *, nan_as_null: bool = False) -> Any:
    """Read an ASCII JSON file, as `write_json` writes it, that may be anyone's.

    Args:
        path: the file.
        limit: the most bytes that it may have.
        nan_as_null: see `parse_json`.

    Raises:
        OSError: as `read_regular` does.
        ValueError: it is no JSON, is nested too deeply, or holds NaN or infinity.
    """
    return parse_json(read_regular(path, limit), nan_as_null=nan_as_null)


def parse_json(data: bytes | str, *, nan_as_null: bool = False) -> Any:
    """Parse JSON that may be anyone's.

    Args:
        data: the text, in ASCII.
        nan_as_null: whether `NaN` and the infinities, which Python's own writer puts for a figure
            that is not known, are read as null.

    Raises:
        ValueError: for whatever JSON does not allow, and for more than 64 levels.
    """
    text = data if isinstance(data, str) else data.decode("ascii")
    try:
        value = (_NAN_DECODER if nan_as_null else _DECODER).decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # Fewer brackets than levels there cannot be: most texts need no look at their values.
    if text.count("[") + text.count("{") > _DEEPEST_JSON:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST_JSON:
            raise ValueError("it is nested too deeply")
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = inner


def is_real_folder(path: Path) -> bool:
    """Whether `path` is a folder itself, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def check_real_folder(path: Path) -> None:
    """Raise OSError unless `path` is a folder itself: a link to one leads somewhere else."""
    mode = path.lstat().st_mode
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, f"it is {_kind(mode)}, not a folder", str(path))


def make_private_folder(path: Path) -> None:
    """Create a folder that only the user can open, and missing ones above it likewise.

    One that is there stays as it is.
    """
    for missing in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
        missing.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)  # raises where it is a file


def remove(path: Path) -> None:
    """Remove an entry itself, never what a link leads to; raises OSError."""
    if is_real_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a regular file's bytes, in hexadecimal, read in chunks of 1 MiB."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
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


def write_synced(path: Path, data: bytes, *, private: bool = True) -> None:
    """Write `data` to a new file and wait until the disk has it."""
    with create_file(path, private=private) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace `path` by `data`, on the disk too: a reader sees the old bytes or the new.

    A private file can be read by its user alone, whatever the umask.
    """
    _replace(path, lambda temporary: write_synced(temporary, data, private=private))
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace `path` by `data` for readers, without waiting for the disk."""

    def write(temporary: Path) -> None:
        with create_file(temporary, private=private) as file:
            file.write(data)

    _replace(path, write)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    temporary = temporary_sibling(path)
    try:
        write(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def create_file(path: Path, *, private: bool = True) -> BinaryIO:
    """A new file to write; raises FileExistsError where something has its name, a link too."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_BINARY", 0)
    return open(os.open(path, flags, _PRIVATE_FILE if private else _SHARED_FILE), "wb")  # noqa: PTH123


def _opened(path: Path, flags: int, mode: str) -> BinaryIO:
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), _PRIVATE_FILE)
    try:
        _check_regular(os.fstat(descriptor), path)  # it may have been exchanged meanwhile
        return open(descriptor, mode, buffering=0)  # type: ignore[return-value]  # noqa: PTH123
    except BaseException:
        os.close(descriptor)
        raise


def _check_regular(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(facts.st_mode):
        kind = _kind(facts.st_mode)
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))


_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISREG, "a file"),
)


def _kind(mode: int) -> str:
    return next((kind for is_one, kind in _KINDS if is_one(mode)), "a device")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _constant_to_none(_name: str) -> None:
    return None


def _finite_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} is too large")
    return value


# Made once: a log has a million lines to parse.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite_float)
_NAN_DECODER = json.JSONDecoder(parse_constant=_constant_to_none, parse_float=_finite_float)


def write_json(path: Path, value: Any, *, private: bool = True) -> None:
    """Replace `path` by `value` as indented ASCII JSON; private to the user unless said else."""
    write_atomically(path, json.dumps(value, indent=2).encode() + b"\n", private=private)
