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
    """A screen that does not let the answer to a key wait for a frame's turn."""

    _hurries = False

    def hurry(self) -> None:
        """Paint the next change at once."""
        self._hurries = True

    def paint(self, *, anew: bool = False) -> None:
        """Paint what has changed so far; `anew` says that something came or went."""
        self._hurries = False
        self._layout_required |= anew
        self._on_timer_update()

    def _on_timer_update(self) -> None:
        # A widget that is new on the screen may want to be painted before the message comes that
        # all is to be laid out. Textual would look up its place then, and forget that it is new:
        # the widget would never hear of its size, and stay empty.
        if not self._dirty_widgets <= self._compositor._full_map.keys():
            self._layout_required = True
        super()._on_timer_update()

    async def _on_idle(self, event: Idle) -> None:
        # Textual calls its own method of that name, too, which then finds nothing left to paint.
        if self._hurries and (self._dirty_widgets or self._layout_required):
            self.paint()
