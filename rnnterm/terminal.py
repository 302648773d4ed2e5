"""Safe text: what a corpus, a model or a file name may send to a terminal or a pipe.

Text that nobody vetted must not move the cursor, set a title, hide itself or reorder a line. The
rules work on single code points (and two short runs, CRLF and stacked combining marks, that a
`SafeText` remembers across chunks), so that where a stream is cut can never change what is shown.
"""

import os
import unicodedata
from typing import TextIO

_REPLACEMENT = 0xFFFD
_ZERO_WIDTH_JOINERS = (0x200C, 0x200D)  # emoji and Indic scripts need them
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_MAX_COMBINING = 4


def _picture(code: int) -> int:
    """The visible stand-in for a control character: U+2400 pictures for C0 and DEL, else U+FFFD."""
    if code < 0x20:
        return 0x2400 + code
    return 0x2421 if code == 0x7F else _REPLACEMENT


class _TerminalTable(dict[int, int]):
    """A `str.translate` table that works each code point out once."""

    def __missing__(self, code: int) -> int:
        hidden = unicodedata.category(chr(code)) in _HIDDEN_CATEGORIES
        kept = chr(code) in "\n\t" or code in _ZERO_WIDTH_JOINERS or not hidden
        self[code] = code if kept else _picture(code)
        return self[code]


class _PipeTable(dict[int, int]):
    """Exact text but for what drives a terminal that the pipe may end in, and what UTF-8 lacks."""

    def __missing__(self, code: int) -> int:
        drives = unicodedata.category(chr(code)) in ("Cc", "Cs") and chr(code) not in "\n\t\r"
        self[code] = _picture(code) if drives else code
        return self[code]


_TERMINAL = _TerminalTable()
_PIPE = _PipeTable()


def _is_combining(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


class SafeText:
    """Makes a stream of text safe for a terminal, however the stream is cut into chunks."""

    def __init__(self) -> None:
        self._pending_cr = False
        self._combining = 0

    def feed(self, chunk: str, *, last: bool = False) -> str:
        """The safe form of the next chunk; a carriage return waits for what follows it."""
        text = "\r" + chunk if self._pending_cr else chunk
        self._pending_cr = text.endswith("\r") and not last
        if self._pending_cr:
            text = text[:-1]
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\u240d")
        text = text.translate(_TERMINAL)
        return text if text.isascii() and not self._combining else self._thin_marks(text)

    def _thin_marks(self, text: str) -> str:
        kept = []
        for char in text:
            self._combining = self._combining + 1 if _is_combining(char) else 0
            if self._combining <= _MAX_COMBINING:
                kept.append(char)
        return "".join(kept)


def safe_text(text: str) -> str:
    """Text as a terminal may show it; line breaks and tabs stay, controls become pictures."""
    return SafeText().feed(text, last=True)


def safe_line(text: str) -> str:
    """Safe text on one line, for names, errors and table cells: breaks and tabs become pictures."""
    return safe_text(text).replace("\n", "\u240a").replace("\t", "\u2409")


def pipe_text(text: str) -> str:
    """Text for a pipe or file: exact but for ESC, C1, DEL, other C0 and lone surrogates."""
    return text.translate(_PIPE)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be reading `stream` on a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # a closed stream has no answer
        return False


def can_style(stream: TextIO | None) -> bool:
    """Whether `stream` is a terminal that understands styles and cursor movements."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def colors_allowed() -> bool:
    """Whether nobody asked for a screen without colours (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")
