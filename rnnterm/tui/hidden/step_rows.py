"""One step in rows: what was read, the equations with their numbers, and what comes next."""

import re
from collections.abc import Sequence
from typing import Protocol

from rnnterm.explore.equations import Equation
from rnnterm.explore.reading import Reading
from rnnterm.explore.series import SeriesReading
from rnnterm.explore.unrolled import Unrolled
from rnnterm.tui.hidden.scene import Eye
from rnnterm.tui.hidden.series_rows import SeriesRows
from rnnterm.tui.hidden.text_rows import TextRows
from rnnterm.tui.widgets.rows import Row

_NUMBER, _LONG_NUMBER = re.compile(r"−?\d*\.\d+(e-?\d+)?|(?<![\w.])0(?![\w.])"), "−8.88"
_WIDE = 56  # columns from which every term's number is told


class ReadingRows(Protocol):
    """What a step says of its kind of reading: characters, or values."""

    def came(self, step: int) -> str:
        """What was read at the step."""

    def remarks(self, step: int, width: int) -> list[str]:
        """How well it was foreseen, in lines."""

    def equations(self, eye: Eye) -> list[Equation]:
        """How the unit came to its state, and what else there is to compute."""

    def next_rows(self, eye: Eye, room: int, width: int, *, ascii_only: bool) -> list[Row]:
        """What is expected next, in about as many rows as there is room for."""

    def in_a_line(self, eye: Eye, width: int) -> Row:
        """All of it in one line, without equations."""


def rows_of_reading(reading: Unrolled) -> ReadingRows:
    """What tells the steps of a reading."""
    if isinstance(reading, SeriesReading):
        return SeriesRows(reading)
    assert isinstance(reading, Reading)
    return TextRows(reading)


def step_rows(
    reading: Unrolled, eye: Eye, width: int, height: int, *, ascii_only: bool
) -> list[Row]:
    """The step in `width` columns; what comes next takes the rows that are left."""
    told, step = rows_of_reading(reading), eye.step
    rows: list[Row] = [[(f"step {step + 1}", "bold"), (f"  {told.came(step)}", "")]]
    rows += [[(line, "muted")] for line in told.remarks(step, width)]
    rows.append([])
    rows += [[(line, "")] for line in unit_lines(told.equations(eye), width, terms=width >= _WIDE)]
    rows.append([])
    rows += told.next_rows(eye, height - len(rows), width, ascii_only=ascii_only)
    return rows[:height]


def unit_lines(equations: Sequence[Equation], width: int, *, terms: bool) -> list[str]:
    """The equations, each on as many lines at one step as at any other.

    What is below them then stays where it is while the cursor moves.
    """
    lines = []
    for equation in equations:
        line, longest = "", ""
        for side in equation.forms(terms=terms):
            widest = _NUMBER.sub(_LONG_NUMBER, side)
            fits = max(len(longest + widest), len(line + side)) + 3 <= width
            if line and not fits:
                lines.append(line)
                line, longest = "  ", "  "
            begun = " = " if line.strip() else "= " if line else ""
            line, longest = line + begun + side, longest + begun + widest
        lines.append(line)
    return lines
