"""What of a changed screen is sent.

Textual sends a changed stretch of a row from the left edge of its widget on. A cursor that stands
far right in a coloured text or map would cost the whole row, and one in all rows the whole map.
"""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate


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
