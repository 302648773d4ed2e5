"""What lies in a run folder may be anyone's: an archive keeps links, pipes and damage.

Whatever is read, written or removed there goes through `rnnterm.files`, which follows no link, and
through what is here: only in real folders is anything done, and a failure names the entry.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError
from rnnterm.files import check_real_folder, is_real_folder, open_regular, read_json

_PRIVATE_FOLDER = 0o700
_OTHERS = 0o077  # the permissions of all but the owner
_LARGEST_JSON = 1 << 22  # bytes; the longest recipe takes a few thousand


def check_folder(path: Path) -> None:
    """Raise RnntermError that names `path` unless it is a real folder, or nothing at all."""
    try:
        check_real_folder(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RnntermError(f"{_short(path)} cannot be used: {error.strerror}") from None


def check_file(path: Path) -> None:
    """Raise RnntermError that names `path` unless it is a regular file, or nothing at all."""
    try:
        with open_regular(path):
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise RnntermError(f"{_short(path)} cannot be used: {error.strerror}") from None


def make_folder(path: Path) -> None:
    """Create a folder for the user alone, unless it is there; RnntermError where it is a link."""
    check_folder(path)
    path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)


def make_private(folder: Path) -> None:
    """Take a run folder of an earlier rnnterm away from other users, if it is this user's."""
    with suppress(OSError):  # of someone else, or on a file system without permissions
        mode = folder.lstat().st_mode
        if is_real_folder(folder) and mode & _OTHERS:
            folder.chmod(mode & 0o7777 & ~_OTHERS)


def load_object(path: Path, *, nan_as_null: bool = False) -> dict[str, Any]:
    """The JSON object in a file; raises RnntermError that names it, and says what is wrong."""
    try:
        values = read_json(path, _LARGEST_JSON, nan_as_null=nan_as_null)
    except OSError as error:
        raise RnntermError(f"{_short(path)} cannot be read: {error.strerror}") from None
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise RnntermError(f"{_short(path)} is damaged")
    return values


def _short(path: Path) -> str:
    """An entry by its name, and where that says too little, by its folder's too."""
    step = path.parent.name.startswith("step-")
    return f"{path.parent.name}/{path.name}" if step else path.name
