"""Values between two ends as colours of a terminal, or as glyphs where there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from rnnterm.cli.explore.page import Canvas, Line, shown
from rnnterm.explore.unrolled import Unrolled, value_range
from rnnterm.glyphs import columns
from rnnterm.plotting.heat import Look, heat_map
from rnnterm.plotting.palette import SEQUENTIAL_256, SIGNED_256, ramp_256

if TYPE_CHECKING:
    import numpy.typing as npt

    from rnnterm.nn.cells import Array

LEVELS = 13
_DARK = (17, 25, 32, 166, 130, 94)  # grounds on which text is white
_MARK = "1;4;7"


@dataclass(frozen=True)
class Range:
    """The values that have the first and the last colour."""

    low: float
    high: float

    @classmethod
    def of(cls, reading: "Unrolled", layer: int, name: str) -> "Range":
        """A gate's 0 to 1, and of what has both signs, as far as the largest value of the layer."""
        return cls(*value_range(name, reading.values(layer, name)))

    @classmethod
    def around(cls, values: "Array") -> "Range":
        """The range for values that belong to no gate."""
        return cls(*value_range("", values))

    @property
    def is_signed(self) -> bool:
        """Whether there are values on both sides of zero."""
        return self.low < 0

    @property
    def colors(self) -> tuple[int, ...]:
        """The 256-colour index of each of `LEVELS` levels."""
        return ramp_256(SIGNED_256 if self.is_signed else SEQUENTIAL_256, LEVELS)

    def legend(self, canvas: Canvas, ends: tuple[str, str] | None = None) -> str:
        """What the first and the last colour or glyph mean: these values, or what `ends` says."""
        low, high = ends or (f"{self.low:.2g}".replace("-", "−"), f"{self.high:.2g}")
        if canvas.colors:
            names = ("blue", "white 0", "orange") if self.is_signed else ("white", "", "brown")
            return " … ".join(filter(None, (f"{names[0]} {low}", names[1], f"{names[2]} {high}")))
        drawn = self.glyphs([self.low, self.high], canvas)
        return f"{drawn[0].replace(' ', 'blank')} {low} … {drawn[1]} {high}"

    def levels(self, values: "npt.ArrayLike") -> list[int]:
        """The level of each value, or -1 where there is none."""
        shown = heat_map(np.atleast_2d(np.asarray(values, np.float64)), np.size(values), 1,
                         low=self.low, high=self.high, levels=LEVELS, look="ascii")  # fmt: skip
        return [int(style) - 1 for style in shown.grid.styles[0]]

    def glyphs(self, values: "npt.ArrayLike", canvas: Canvas) -> str:
        """A glyph for each value, for a canvas without colours."""
        row = np.atleast_2d(np.asarray(values, np.float64))
        look: Look = "ascii" if canvas.ascii_only else "glyphs"
        drawn = heat_map(row, row.shape[1], 1, low=self.low, high=self.high, levels=LEVELS,
                         look=look)  # fmt: skip
        return drawn.grid.lines()[0]


def tinted_text(
    text: str, values: Sequence[float], reach: Range, canvas: Canvas, mark: int | None = None
) -> list[Line]:
    """A text on the colours of a value a character, in lines of the canvas' width.

    A line of the text starts a new line. Without colours, glyphs stand below the characters. The
    character `mark` is marked.
    """
    chars = [shown(char) for char in text]
    levels, glyphs = reach.levels(values), reach.glyphs(values, canvas)
    lines: list[Line] = []
    for first, last in _rows(text, chars, canvas.width):
        if canvas.colors:
            pieces = list(zip(chars[first:last], levels[first:last], strict=True))
            lines.append(_colored(pieces, reach, None if mark is None else mark - first))
            continue
        lines.append(_marked(chars, first, last, mark))
        below = "".join(glyphs[at] * columns(chars[at]) for at in range(first, last))
        if below.strip():
            lines.append([(below.rstrip(), "")])
    return lines


def _rows(text: str, chars: list[str], width: int) -> list[tuple[int, int]]:
    """Where the lines begin and end."""
    rows, first, used = [], 0, 0
    for at, char in enumerate(chars):
        needed = columns(char)
        if used + needed > width:
            rows.append((first, at))
            first, used = at, 0
        used += needed
        if text[at] == "\n":
            rows.append((first, at + 1))
            first, used = at + 1, 0
    if first < len(chars):
        rows.append((first, len(chars)))
    return rows


def _colored(pieces: list[tuple[str, int]], reach: Range, mark: int | None) -> Line:
    colors = reach.colors

    def style(at: int) -> str:
        level = pieces[at][1]
        if at == mark:
            return _MARK
        if level < 0:
            return ""
        return f"38;5;{231 if colors[level] in _DARK else 16};48;5;{colors[level]}"

    return [
        ("".join(pieces[at][0] for at in places), chosen)
        for chosen, places in groupby(range(len(pieces)), key=style)
    ]


def _marked(chars: list[str], first: int, last: int, mark: int | None) -> Line:
    if mark is None or not first <= mark < last:
        return [("".join(chars[first:last]), "")]
    pieces = (chars[first:mark], chars[mark : mark + 1], chars[mark + 1 : last])
    return [("".join(piece), _MARK * (number == 1)) for number, piece in enumerate(pieces) if piece]
