"""One step in rows: what was read, the equations with their numbers, and what is expected next."""

import math
import re

from rnnterm.explore.equations import equations
from rnnterm.explore.reading import Reading
from rnnterm.glyphs import visible
from rnnterm.plotting.bars import Bar, bar_chart
from rnnterm.plotting.cells import cell_text
from rnnterm.tui.hidden.scene import Eye
from rnnterm.tui.widgets.rows import Row

_MOST_EXPECTED = 8
_FEWEST_EXPECTED = 3
_LEAST_SHOWN = 0.005
_WIDEST_BARS = 36
_NUMBER, _LONG_NUMBER = re.compile(r"−?\d*\.\d+(e-?\d+)?|(?<![\w.])0(?![\w.])"), "−8.88"
_WIDE = 56  # columns from which every term's number is told


def step_rows(
    reading: Reading, eye: Eye, width: int, height: int, *, ascii_only: bool
) -> list[Row]:
    """The step in `width` columns; the likeliest next characters take the rows that are left."""
    step = eye.step
    rows: list[Row] = [
        [(f"step {step + 1}", "bold"), (f"  after {quoted(reading.text[step])}", "")],
    ]
    rows += [[(line, "muted")] for line in told_surprise(reading, step, width)]
    rows.append([])
    rows += [[(line, "")] for line in unit_lines(reading, eye, width, terms=width >= _WIDE)]
    has_next = step + 1 < len(reading)
    room = height - len(rows) - 2
    count = max(_FEWEST_EXPECTED, min(_MOST_EXPECTED, room))
    rows += [
        [],
        [("next", "bold"), ("  ◂ what came" * has_next, "muted")],
        *expected_rows(reading, step, count, width, ascii_only),
    ]
    return rows[:height]


def told_surprise(reading: Reading, step: int, width: int) -> list[str]:
    """How surprising the character was, and how undecided the network is now."""
    bits = float(reading.surprisal[step])
    surprise = "first: not foreseen" if math.isnan(bits) else f"surprisal {bits:.2f} bits"
    entropy = f"entropy {float(reading.entropy[step]):.2f} bits"
    line = f"{surprise} · {entropy}"
    return [line] if len(line) <= width else [surprise, entropy]


def unit_lines(reading: Reading, eye: Eye, width: int, *, terms: bool) -> list[str]:
    """The equations of the unit at the step, each on as many lines at one step as at any other.

    What is below them then stays where it is while the cursor moves.
    """
    lines = []
    for equation in equations(reading, eye.layer, eye.unit, eye.step):
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


def expected_rows(
    reading: Reading, step: int, count: int, width: int, ascii_only: bool
) -> list[Row]:
    """The likeliest next characters with bars; the one that came is marked."""
    came = reading.text[step + 1] if step + 1 < len(reading) else None
    bars = [
        Bar(f"{quoted(char)}{'◂' if char == came else ' '}", chance, share(chance))
        for place, (char, chance) in enumerate(reading.expected(step, count))
        if chance >= _LEAST_SHOWN or place < _FEWEST_EXPECTED
    ]
    chart = bar_chart(bars, min(width, _WIDEST_BARS), ascii_only=ascii_only)
    return [[(line.rstrip(), "")] for line in chart.lines()]


def figures_line(reading: Reading, eye: Eye, width: int) -> Row:
    """The step in one line, for screens without room for more."""
    step = eye.step
    row: Row = [(f"after {quoted(reading.text[step])}", "bold")]
    bits = float(reading.surprisal[step])
    told = [] if math.isnan(bits) else [f"surprisal {bits:.2f}"]
    told.append(f"entropy {float(reading.entropy[step]):.2f} bits")
    row.append((f" · {' · '.join(told)} · next", "muted"))
    used = sum(len(text) for text, _ in row)
    for char, chance in reading.expected(step, 6):
        piece = f" {quoted(char)} {share(chance)}"
        if used + len(piece) > width:
            break
        row.append((piece, ""))
        used += len(piece)
    return row


def quoted(char: str) -> str:
    """A character as one can see it, in quotation marks."""
    return f"'{cell_text(visible(char))}'"


def share(probability: float) -> str:
    """A probability as `.41`."""
    return f"{probability:.2f}".removeprefix("0")
