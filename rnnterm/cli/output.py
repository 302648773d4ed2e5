"""What goes to stdout: text, streams of characters and JSON."""

import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rnnterm.errors import RnntermError
from rnnterm.terminal import SafeText, can_style, is_terminal, pipe_text, safe_text


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


def emit_raw(pieces: Iterable[str]) -> None:
    """Write pieces of text as they come, every byte as it is."""
    with _writing() as out:
        for piece in pieces:
            out.write(piece)
            out.flush()


def emit_styled(pieces: Iterable[tuple[str, str]]) -> None:
    """Write pieces of a text as they come, each with its style; in a pipe, the text alone.

    A line end follows the last.

    A style is the codes of an SGR sequence such as `1;38;5;208`, or empty. Codes are of the
    program's own making, never from a text.
    """
    with _writing() as out:
        if not is_terminal(out):
            out.write(pipe_text("".join(text for text, _ in pieces)) + "\n")
            return
        safe = SafeText()
        for text, style in pieces:
            shown = safe.feed(text)
            styled = style and can_style(out) and (shown.strip() or _colors_blanks(style))
            out.write(f"\x1b[{style}m{shown}\x1b[m" if styled else shown)
            out.flush()
        out.write(safe.feed("", last=True) + "\n")


def _colors_blanks(style: str) -> bool:
    """Whether a style shows on blanks: reversed (7), or on a ground of its own (48)."""
    return not {"7", "48"}.isdisjoint(style.split(";"))


def emit_json(value: Any) -> None:
    """Write one ASCII JSON object on a line; a number that JSON lacks becomes null."""
    import json

    with _writing() as out:
        out.write(json.dumps(_plain(value), allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
