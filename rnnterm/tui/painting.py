"""What of a changed screen is sent, and when.

Textual sends a changed stretch of a row from the left edge of its widget on. A cursor that stands
far right in a coloured text or map would cost the whole row, and one in all rows the whole map.

And it sends changes in frames, which keeps a flood of them cheap; but the answer to a key should
not wait for its turn.
"""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate
from textual.events import Idle
from textual.screen import Screen


class NarrowUpdate(ChopsUpdate):
    """Sends the stretches that changed, and no more."""

    @classmethod
    def of(cls, update: ChopsUpdate) -> "NarrowUpdate":
        """The same changes."""
        return cls(update.chops, update.spans, update.chop_ends)

    def render_segments(self, console: Console) -> str:
        """What to send to the terminal."""
        pieces: list[str] = []
        for y, start, stop in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                first, last = max(x, start), min(end, stop)
                if strip is not None and first < last:
                    pieces.append(str(Control.move_to(first, y)))
                    pieces.append(strip.crop(first - x, last - x).render(console))
        return "".join(pieces)


class PromptScreen(Screen[None]):
    """A screen that paints the first change after a key at once."""

    _owes_answer = False

    def owe_answer(self) -> None:
        """A key was pressed: what it changes is painted out of turn."""
        self._owes_answer = True

    def paint(self) -> None:
        """Paint what has changed so far."""
        self._owes_answer = False
        self._on_timer_update()

    async def _on_idle(self, event: Idle) -> None:
        # Textual calls its own method of that name, too, which then finds nothing left to paint.
        if self._owes_answer and (self._dirty_widgets or self._layout_required):
            self.paint()
