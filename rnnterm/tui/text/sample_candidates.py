"""The likeliest next characters, with their numbers and probabilities."""

import unicodedata
from collections.abc import Sequence

from rich.text import Text
from textual.events import Click, Resize
from textual.message import Message
from textual.widgets import Static

from rnnterm.glyphs import visible
from rnnterm.sampling.steering import Candidate

MOST_CANDIDATES = 9
_NARROWEST = 20
_MOST_ROWS = 3
_BESIDE_BAR = 12  # number, glyph, probability and the blanks between
_EIGHTHS = " ▏▎▍▌▋▊▉"


class Candidates(Static):
    """Up to nine candidates in rows; a click chooses one."""

    DEFAULT_CSS = """
    Candidates { height: auto; max-height: 3; display: none; }
    """

    class Chosen(Message):
        """A candidate was clicked; `place` counts from 0."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, is_ascii: bool) -> None:
        super().__init__("", markup=False)
        self._is_ascii = is_ascii
        self._candidates: Sequence[Candidate] = ()

    def show(self, candidates: Sequence[Candidate]) -> None:
        """Show these; none hides the widget."""
        self._candidates = candidates
        self.display = bool(candidates)
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Fill the new width."""
        self._draw()

    def on_click(self, event: Click) -> None:
        """Choose what lies under the mouse."""
        place = event.y * self._columns + event.x // self._cell
        if event.x < self._columns * self._cell and place < len(self._candidates):
            event.stop()
            self.post_message(self.Chosen(place))

    @property
    def _columns(self) -> int:
        """Candidates side by side: as many as it takes for few rows."""
        fitting = max(1, self.size.width // _NARROWEST)
        rows = min(_MOST_ROWS, max(1, -(-len(self._candidates) // fitting)))
        return min(fitting, max(1, -(-len(self._candidates) // rows)))

    @property
    def _cell(self) -> int:
        return max(1, self.size.width // self._columns)

    def _draw(self) -> None:
        text = Text(no_wrap=True, overflow="crop")
        for place, candidate in enumerate(self._candidates[: self._columns * _MOST_ROWS]):
            if place and place % self._columns == 0:
                text.append("\n")
            text.append_text(self._drawn(place, candidate))
        self.update(text)

    def _drawn(self, place: int, candidate: Candidate) -> Text:
        """`1 ⏎  ▇▇▇▇▇▌    41%`, as wide as a cell."""
        glyph = _glyph(candidate.char)
        text = Text(f"{place + 1} ", style="dim")
        text.append(glyph, style="not dim bold")
        text.pad_right(4 - text.cell_len)
        text.append(f"{candidate.probability:5.1%} ".rjust(7), style="not dim")
        room = self._cell - _BESIDE_BAR
        text.append(self._bar(candidate.probability, room), style="not dim")
        text.truncate(self._cell, pad=True)
        return text

    def _bar(self, share: float, room: int) -> str:
        if room <= 0:
            return ""
        if self._is_ascii:
            return "#" * round(share * room)
        eighths = round(share * room * 8)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _glyph(char: str) -> str:
    """A character as one can see it: blanks by pictures, a mark over a circle."""
    if unicodedata.category(char).startswith("M"):
        return "◌" + visible(char)
    return visible(char)
