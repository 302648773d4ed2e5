"""Telling keys from a flood of them: a paste that the terminal did not mark as one, or garbage.

Most keys are actions, so a text that arrives as keys would start thousands of them. People who hold
a key, and connections that deliver late, send a few dozen keys at once, and mostly the same ones.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from textual.message import Message

_MOST_TYPED = 64  # characters that a slow connection may hold back and deliver together
_MOST_HELD = 8  # different ones among them that are a held key or a walk, and no text
_MOST_KEYS = 1000  # of any kind
_SECONDS_AFTER = 0.5  # in which the rest of a flood may come
_MOST_TYPED_AFTER = 8

_BEGIN, _END = "\x1b[200~", "\x1b[201~"  # of a paste that is marked
_MARKED = re.compile(r"(\x1b\[200~.*?(?:\x1b\[201~|\Z))", re.DOTALL)
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\x1b\[O])", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_REPORT = re.compile(r"\x1b\[(?:[IO]|48;[\d:;]*t|\?[\d;]*\$y)")  # what the terminal tells by itself
# Control keys at the end were typed after it; kitty's protocol spells them as a sequence.
_TYPED_AFTER = re.compile(r"(?:[\x01-\x08\x0b\x0c\x0e-\x1a]|\x1b\[\d+;5u)+\Z")
_TEXT_SHARE = 0.7


@dataclass
class KeyFlood(Message):
    """More came at once than anyone types.

    Attributes:
        text: the characters of it that can be shown, with line ends as `\n`.
        keys: how many keys it would have been.
    """

    text: str
    keys: int

    @property
    def is_text(self) -> bool:
        """Whether it was a text, and not the bytes of something else."""
        return len(self.text) > _TEXT_SHARE * self.keys


class Sifter:
    """Takes floods out of what a terminal sends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unfinished = ""  # a sequence at the end of what was sifted last
        self._is_marked = False  # whether that ended within a paste that is marked
        self._flooded = -_SECONDS_AFTER

    @property
    def is_in_paste(self) -> bool:
        """Whether the end of a marked paste has yet to come."""
        return self._is_marked

    def forget_unfinished(self) -> None:
        """Nothing followed the last escape: it was a key."""
        self._unfinished = ""

    def sift(self, sent: str) -> Iterator[str | KeyFlood]:
        """What is to be parsed as keys, and floods, in their order."""
        before = (_BEGIN if self._is_marked else "") + self._unfinished
        known = len(before)  # which the parser has already
        parts = _MARKED.split(before + sent)
        for number, part in enumerate(parts):
            new, known = part[known:], max(0, known - len(part))
            if new and number % 2:
                yield new
            elif new:
                yield from self._sift_keys(new)
        last = parts[-1] or (parts[-2] if len(parts) > 1 else "")
        unfinished = _UNFINISHED.search(last)
        self._unfinished = unfinished.group() if unfinished else ""
        self._is_marked = not parts[-1] and len(parts) > 1 and not parts[-2].endswith(_END)

    def _sift_keys(self, sent: str) -> Iterator[str | KeyFlood]:
        plain, sequences = _SEQUENCE.subn("", sent)
        keys = len(plain) + sequences
        if not self._is_flood(plain, keys):
            yield sent
            return
        self._flooded = self._clock()
        reports = "".join(_REPORT.findall(sent))
        if reports:
            yield reports
        plain = plain.replace("\r\n", "\n").replace("\r", "\n")
        yield KeyFlood("".join(char for char in plain if _is_text(char)), keys)
        if typed_after := _TYPED_AFTER.search(sent):
            yield typed_after.group()

    def _is_flood(self, plain: str, keys: int) -> bool:
        goes_on = self._clock() - self._flooded < _SECONDS_AFTER
        most = _MOST_TYPED_AFTER if goes_on else _MOST_TYPED
        return keys > _MOST_KEYS or (len(plain) > most and len(set(plain)) > _MOST_HELD)


def _is_text(char: str) -> bool:
    return (char.isprintable() and char != "\ufffd") or char in "\n\t"
