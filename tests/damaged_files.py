"""Entries of a folder replaced by something else, as an archive from a stranger may hold them."""

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = ("link", "fifo", "socket", "folder", "device")
LINKS = ("dangling", "loop")  # more of them

_DIGITS = 400
_DEEP = 100_000
_HUGE = 1 << 40


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
            case "dangling":
                path.symlink_to(outside.with_name("nowhere"))
            case "loop":
                path.symlink_to(path.name)
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


def damaged_contents(good: bytes) -> dict[str, bytes]:
    """A file's content, damaged in every way that does not depend on what it means."""
    damages = {
        "empty": b"",
        "garbage": bytes(range(128, 256)) * 9,
        "NULs": bytes(len(good)),
        "invalid UTF-8": good[:40] + b"\xc3\x28\xff" + good[40:],
        "a newline in it": good[: len(good) // 2] + b"\n" + good[len(good) // 2 :],
        "twice": good * 2,
    }
    for part in range(1, 8):
        damages[f"cut at {part}/8"] = good[: len(good) * part // 8]
        flipped = bytearray(good)
        for place in (len(good) * part // 8,) if good else ():
            flipped[place] ^= 1 << part % 7
        damages[f"flipped at {part}/8"] = bytes(flipped)
    for name, text in _TEXTS.items():
        damages[name] = text.encode()
    return damages


_TEXTS = {
    "brackets": "[" * _DEEP,
    "nested": "[" * _DEEP + "]" * _DEEP,
    "nested a little": '{"a":' * 200 + "1" + "}" * 200,
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "NaN": "NaN",
    "1e999": "1e999",
    "many digits": "9" * _DIGITS,
    "too many digits": "9" * 5000,
    "list": "[]",
    "string": '"config"',
    "null": "null",
    "number": "17",
    "object": "{}",
}

_VALUES = {
    "null": "null",
    "a word": '"word"',
    "a list": "[1]",
    "an object": '{"a": {}}',
    "many digits": "9" * _DIGITS,
    "negative": "-1",
    "1e999": "1e999",
    "Infinity": "Infinity",
    "NaN": "NaN",
    "nested": "[" * _DEEP + "]" * _DEEP,
    "true": "true",
}


def damaged_objects(good: dict[str, Any]) -> dict[str, bytes]:
    """A JSON object with each of its values missing, or of each other kind; and a newer version."""
    damages = {"newer": json.dumps(good | {"version": 99}).encode()}
    for key in good:
        rest = {name: value for name, value in good.items() if name != key}
        damages[f"{key} missing"] = json.dumps(rest).encode()
        for name, text in _VALUES.items():
            damaged = json.dumps(good | {key: "@"}).replace('"@"', text)
            damages[f"{key} is {name}"] = damaged.encode()
    return damages


def make_huge(path: Path) -> None:
    """Let a file end a terabyte later, in a hole."""
    os.truncate(path, path.stat().st_size + _HUGE)


def make_device(path: Path) -> None:
    """Make an endless device node where that is allowed, else a link to one."""
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except OSError:
        path.symlink_to("/dev/zero")
