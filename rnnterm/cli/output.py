"""What goes to stdout: text, streams of characters and JSON."""

import json
import math
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rnnterm.errors import RnntermError
from rnnterm.terminal import SafeText, is_terminal, pipe_text, safe_text


def stdout() -> TextIO:
    """Standard output, in UTF-8 however the locale is set; raises RnntermError if it is closed."""
    if sys.stdout is None or sys.stdout.closed:
        raise RnntermError("standard output is closed: there is nowhere to write to")
    return sys.stdout


def emit(text: str) -> None:
    """Write text and a line end, safe for where it goes."""
    out = stdout()
    out.write((safe_text(text) if is_terminal(out) else pipe_text(text)) + "\n")
    out.flush()


def emit_stream(pieces: Iterable[str]) -> None:
    """Write pieces of one text as they come; a terminal gets a line end after the last."""
    out = stdout()
    if is_terminal(out):
        safe = SafeText()
        for piece in pieces:
            out.write(safe.feed(piece))
            out.flush()
        out.write(safe.feed("", last=True) + "\n")
    else:
        for piece in pieces:
            out.write(pipe_text(piece))
            out.flush()
    out.flush()


def emit_json(value: Any) -> None:
    """Write one ASCII JSON object on a line; a number that JSON lacks becomes null."""
    out = stdout()
    out.write(json.dumps(_plain(value), allow_nan=False) + "\n")
    out.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
