"""Entries of a folder replaced by something else, as an archive from a stranger may hold them."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = ("link", "fifo", "socket", "folder", "device")


@contextmanager
def replaced_by(kind: str, path: Path, outside: Path) -> Iterator[None]:
    """Put another kind of thing where `path` is; a link leads to `outside`.

    A device is a link to one, as making a node takes a privilege; the socket stays open meanwhile.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    here = os.open(".", os.O_RDONLY)
    try:
        match kind:
            case "link":
                path.symlink_to(outside)
            case "fifo":
                os.mkfifo(path)
            case "socket":
                os.chdir(path.parent)  # a socket's path must be short
                listening.bind(path.name)
                os.fchdir(here)
            case "folder":
                path.mkdir()
            case "device":
                make_device(path)
            case _:
                raise ValueError(kind)
        yield
    finally:
        os.close(here)
        listening.close()


def make_device(path: Path) -> None:
    """Make an endless device node where that is allowed, else a link to one."""
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except OSError:
        path.symlink_to("/dev/zero")
