"""What goes to stdout: text, streams of characters and JSON."""

import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rnnterm.errors import RnntermError
from rnnterm.terminal import SafeText, is_terminal, pipe_text, safe_text


class ReaderLeft(Exception):  # noqa: N818 - an ending, no error
    """Whoever read standard output has closed it: nothing is wrong, and nothing is left to do."""


@contextmanager
def _writing() -> Iterator[TextIO]:
    """Standard output, flushed at the end."""
    try:
        out = stdout()
        yield out
        out.flush()
    except BrokenPipeError:
        raise ReaderLeft from None  # click would end with 1 on the original


def stdout() -> TextIO:
    """Standard output; raises RnntermError if it is closed."""
    if sys.stdout is None or sys.stdout.closed:
        raise RnntermError("standard output is closed: there is nowhere to write to")
    return sys.stdout


def emit(text: str) -> None:
    """Write text and a line end, safe for where it goes."""
    with _writing() as out:
        out.write((safe_text(text) if is_terminal(out) else pipe_text(text)) + "\n")


def emit_stream(pieces: Iterable[str]) -> None:
    """Write pieces of one text as they come; a terminal gets a line end after the last."""
    with _writing() as out:
        if not is_terminal(out):
            for piece in pieces:
                out.write(pipe_text(piece))
                out.flush()
            return
        safe = SafeText()
        for piece in pieces:
            out.write(safe.feed(piece))
            out.flush()
        out.write(safe.feed("", last=True) + "\n")


def emit_json(value: Any) -> None:
    """Write one ASCII JSON object on a line; a number that JSON lacks becomes null."""
    with _writing() as out:
        out.write(json.dumps(_plain(value), allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
