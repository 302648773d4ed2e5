"""A step of a text in rows: the character, how it surprised, and which may come next."""

import math
from dataclasses import dataclass

from rnnterm.explore.equations import Equation, equations
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


@dataclass(frozen=True)
class TextRows:
    """See `step_rows.ReadingRows`, as for all below."""

    reading: Reading

    def came(self, step: int) -> str:
        return f"after {quoted(self.reading.text[step])}"

    def remarks(self, step: int, width: int) -> list[str]:
        bits = float(self.reading.surprisal[step])
        surprise = "first: not foreseen" if math.isnan(bits) else f"surprisal {bits:.2f} bits"
        entropy = f"entropy {float(self.reading.entropy[step]):.2f} bits"
        line = f"{surprise} · {entropy}"
        return [line] if len(line) <= width else [surprise, entropy]

    def equations(self, eye: Eye) -> list[Equation]:
        return equations(self.reading, eye.layer, eye.unit, eye.step)

    def next_rows(self, eye: Eye, room: int, width: int, *, ascii_only: bool) -> list[Row]:
        step = eye.step
        has_next = step + 1 < len(self.reading)
        count = max(_FEWEST_EXPECTED, min(_MOST_EXPECTED, room - 1))
        heading: Row = [("next", "bold"), ("  ◂ what came" * has_next, "muted")]
        return [heading, *self._expected(step, count, width, ascii_only)]

    def _expected(self, step: int, count: int, width: int, ascii_only: bool) -> list[Row]:
        """The likeliest next characters with bars; the one that came is marked."""
        text = self.reading.text
        came = text[step + 1] if step + 1 < len(text) else None
        bars = [
            Bar(f"{quoted(char)}{'◂' if char == came else ' '}", chance, share(chance))
            for place, (char, chance) in enumerate(self.reading.expected(step, count))
            if chance >= _LEAST_SHOWN or place < _FEWEST_EXPECTED
        ]
        chart = bar_chart(bars, min(width, _WIDEST_BARS), ascii_only=ascii_only)
        return [[(line.rstrip(), "")] for line in chart.lines()]

    def in_a_line(self, eye: Eye, width: int) -> Row:
        reading, step = self.reading, eye.step
        row: Row = [(self.came(step), "bold")]
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
