"""A growing text in lines of a width, broken as a terminal would: by cells, not words."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import category

from rich.cells import cell_len, set_cell_size
from textual.strip import Strip

from rnnterm.terminal import safe_line

SEED, NOTE = -1, -2
"""Levels of what is no model's: the text that a person began with, and remarks in between."""

Letter = tuple[str, int]
"""A character and its level; or a short remark as a whole, with `NOTE`."""

_MOST_LETTERS = 20_000
_SLACK = 1_000  # so that letters are let go of many at a time
_MOST_MARKS = 4
_TAB = 8


@dataclass(slots=True)
class Line:
    """One line.

    Attributes:
        begin: the number of the letter that it begins with.
        glyphs: what it shows, each with its level.
        width: in cells.
        strip: how it was painted last; None once it changed.
    """

    begin: int
    glyphs: list[Letter] = field(default_factory=list)
    width: int = 0
    strip: Strip | None = None


class TextLines:
    """The newest 20,000 letters in lines. Letters and lines are numbered from the very first on.

    Attributes:
        first: the number of the first line that is kept.
    """

    def __init__(self) -> None:
        self._letters: list[Letter] = []
        self._begin = 0  # the number of the first letter that is kept
        self._lines = [Line(0)]
        self.first = 0
        self._width = 0

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self.first + len(self._lines) - 1

    def at(self, number: int) -> Line | None:
        """The line of that number, if it is there."""
        return self._lines[number - self.first] if self.first <= number <= self.last else None

    def add(self, letters: Iterable[Letter]) -> None:
        """Add letters at the end; where there are too many, the oldest lines go."""
        for letter in letters:
            self._letters.append(letter)
            self._place(self._begin + len(self._letters) - 1, *letter)
        self._let_go()

    def take_back(self) -> None:
        """Remove the last letter, and remarks after it."""
        while self._letters and self._letters.pop()[1] == NOTE:
            pass
        self._lay_out_end()

    def take_back_notes(self) -> None:
        """Remove remarks at the end, after which no letter came."""
        while self._letters and self._letters[-1][1] == NOTE:
            self._letters.pop()
        self._lay_out_end()

    def _lay_out_end(self) -> None:
        """Have the lines end with the last letter."""
        end = self._begin + len(self._letters)
        while len(self._lines) > 1 and self._begins_too_late(self._lines[-1], end):
            del self._lines[-1]
        # The line is laid out anew: how many glyphs a letter became, nobody noted.
        begin = self._lines[-1].begin
        self._lines[-1] = Line(begin)
        for number in range(begin, end):
            self._place(number, *self._letters[number - self._begin])

    def clear(self) -> None:
        """Remove all letters, and number from the first again."""
        self._letters.clear()
        self._begin = self.first = 0
        self._lines = [Line(0)]

    def lay_out(self, width: int, kept: int) -> int:
        """Break all lines anew; the number that the line has now in which line `kept` begins."""
        line = self.at(min(max(kept, self.first), self.last)) or self._lines[0]
        self._width = width
        self.first, self._lines = 0, [Line(self._begin)]
        for number, letter in enumerate(self._letters, self._begin):
            self._place(number, *letter)
        return self._place_of(line.begin)

    def _place_of(self, letter: int) -> int:
        """The place among the lines of the one that holds a letter."""
        return bisect_right(self._lines, letter, key=lambda line: line.begin) - 1

    def _place(self, number: int, text: str, level: int) -> None:
        """Put a letter at the end of the last line, or on a new one."""
        line = self._lines[-1]
        if text == "\n":
            self._lines.append(Line(number + 1))
            return
        room = self._width - line.width
        if text == "\t":
            shown, cells = " " * (count := max(1, min(_TAB - line.width % _TAB, room))), count
        else:
            shown, cells = _shown(text, max(self._width, 1))
        if not cells:
            _put_mark(line, shown)
            return
        if cells > room and line.glyphs:
            line = Line(number)
            self._lines.append(line)
        line.glyphs.append((shown, level))
        line.width += cells
        line.strip = None

    def _begins_too_late(self, line: Line, end: int) -> bool:
        """Whether a text of the letters up to `end` has no such line: only a break begins one."""
        if line.begin == end:
            return self._letters[end - 1 - self._begin][0] != "\n"
        return line.begin > end

    def _let_go(self) -> None:
        """Drop the oldest lines once there are too many letters."""
        if len(self._letters) > _MOST_LETTERS + _SLACK:
            count = self._place_of(self._begin + len(self._letters) - _MOST_LETTERS)
            del self._lines[:count]
            self.first += count
            del self._letters[: self._lines[0].begin - self._begin]
            self._begin = self._lines[0].begin


@lru_cache(maxsize=4096)
def _shown(text: str, width: int) -> tuple[str, int]:
    """How a letter looks, and its cells; those of a combining mark are 0.

    Joiners, selectors and the like are left out: terminals disagree about how wide they make
    others, and one that is wrong breaks the lines of the panel.
    """
    shown = safe_line(text)
    cells = cell_len(shown)
    if cells > width:
        return ("?", 1) if len(text) == 1 else (set_cell_size(shown, width), width)
    if not cells and (category(text) in ("Cf", "Sk") or 0xFE00 <= ord(text) <= 0xFE0F):
        return "", 0
    return shown, cells


def _put_mark(line: Line, mark: str) -> None:
    """Set a combining mark over the last glyph, unless there is none, or too many are."""
    if mark and line.glyphs:
        text, level = line.glyphs[-1]
        if len(text) <= _MOST_MARKS:
            line.glyphs[-1] = (text + mark, level)
            line.strip = None
