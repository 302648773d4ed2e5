"""The cell model: characters and style ids in two arrays, so that colours are the caller's.

A chart is drawn once; a screen that changes its theme, or has no colours, only maps the ids anew.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.terminal import safe_line

Codes = npt.NDArray[np.uint32]
Styles = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

BLANK = 0
"""The id of empty cells."""
AXIS = -1
"""The id of axes and their labels."""
RULE = -2
"""The id of reference lines that ask for no other."""
CURSOR = -3
"""The id of the read-off cursor."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Characters and the style of each; a function that draws one gives it away when done.

    Attributes:
        codes: code points, shape (height, width); each takes one terminal column.
        styles: shape (height, width). `BLANK` is 0, the parts of a frame are negative, and what
            shows data has the positive id that the caller gave it.
    """

    codes: Codes
    styles: Styles

    @classmethod
    def blank(cls, width: int, height: int) -> "Grid":
        """Spaces; a negative size counts as none."""
        shape = (max(0, height), max(0, width))
        return cls(np.full(shape, ord(" "), np.uint32), np.full(shape, BLANK, np.int32))

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.codes.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.codes.shape[0])

    def lines(self) -> list[str]:
        """The rows as text, each exactly `width` characters."""
        return [_text(row) for row in self.codes]

    def runs(self, row: int) -> list[tuple[str, int]]:
        """A row as stretches of one style: (text, style id), which join to `lines()[row]`."""
        styles = self.styles[row]
        borders = np.flatnonzero(np.diff(styles)) + 1
        starts, ends = [0, *borders.tolist()], [*borders.tolist(), self.width]
        text = _text(self.codes[row])
        return [
            (text[start:end], int(styles[start]))
            for start, end in zip(starts, ends, strict=True)
            if start < end  # a grid without columns has no run
        ]

    def part(self, rows: slice, columns: slice) -> "Grid":
        """A view of some rows and columns: what is drawn there is drawn here."""
        return Grid(self.codes[rows, columns], self.styles[rows, columns])

    def stamp(self, where: Mask, codes: Codes | int, style: int) -> None:
        """Draw `codes` ((height, width), or one for all) where the mask is true."""
        np.copyto(self.codes, codes, where=where, casting="unsafe")
        self.styles[where] = style

    def write(self, row: int, column: int, text: str, style: int) -> None:
        """Write text of one-column characters (see `cell_text`); what lies outside is cut off."""
        if not 0 <= row < self.height:
            return
        start, end = max(0, column), min(self.width, column + len(text))
        if start < end:
            shown = text[start - column : end - column]
            self.codes[row, start:end] = np.frombuffer(shown.encode("utf-32-le"), "<u4")
            self.styles[row, start:end] = style


def cell_text(text: str, *, ascii_only: bool = False) -> str:
    """Text safe on a screen, a cell a character: what is wider, narrower or not ASCII is a `?`."""
    safe = safe_line(text)
    if ascii_only:
        return safe.encode("ascii", "replace").decode("ascii")
    return "".join(char if _is_one_column(char) else "?" for char in safe)


def _is_one_column(char: str) -> bool:
    hidden = unicodedata.category(char) in ("Mn", "Me", "Cf")
    return not hidden and unicodedata.east_asian_width(char) not in "WF"


def _text(codes: Codes) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le")
