"""The tool that lays a second model over the same text: who expected it better, and where."""

import numpy as np
from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.comparison import Comparison, Stretch, compare_models
from rnnterm.explore.reading import Reading
from rnnterm.glyphs import visible
from rnnterm.nn.cells import Array
from rnnterm.plotting.cells import cell_text
from rnnterm.terminal import safe_line
from rnnterm.tui.hidden.lines import Lines, wrapped_rows
from rnnterm.tui.hidden.pick_list import PickList
from rnnterm.tui.hidden.tool import TextTool
from rnnterm.tui.text.sample_voice import Voice
from rnnterm.tui.widgets.rows import Row

_MOST = 30
_FULL_TINT = 4.0  # bits of difference


class CompareTool(TextTool):
    """Tints the text orange where the other model was more surprised, blue where it was less."""

    NAME = "compare"
    TITLE = "Compare"
    NEEDS = "it asks which characters two models expected"

    class Compared(Message):
        """A thread compared two models, or found out why it cannot."""

        def __init__(self, reading: Reading, comparison: Comparison | RnntermError) -> None:
            super().__init__()
            self.reading, self.comparison = reading, comparison

    class Wanted(Message):
        """The person wants to choose the second model."""

    def __init__(self) -> None:
        super().__init__()
        self._other: Voice | None = None
        self._first = ""
        self._done: object = None
        self._stretches: list[tuple[int, Stretch]] = []

    def compose(self) -> ComposeResult:
        """The figures over the places."""
        yield Lines(id="compare-head")
        yield PickList()

    def open(self) -> None:
        """Ask for the second model."""
        self.screen.set_focus(self.query_one(PickList))
        self.post_message(self.Wanted())

    def close(self) -> None:
        """The tint goes with it."""
        self._done = None
        self.workers.cancel_group(self, "compare")

    def take(self, other: Voice | None, name: str) -> None:
        """Compare with that model; `name` is the first one's."""
        if other is None:
            if self._other is None:
                self.post_message(self.Closed())
                return
            other = self._other
        self._other, self._first, self._done = other, name, None
        self.draw(is_other_scene=True)

    def draw(self, *, is_other_scene: bool) -> None:
        """Compare anew where the text is another."""
        reading = self.reading
        if reading is None or self._other is None:
            return
        wanted = (reading, self._other.model)
        if wanted != self._done:
            self._done = wanted
            self._tell([[("comparing …", "muted")]])
            self._compare(*wanted)

    @work(thread=True, exclusive=True, group="compare", description="")
    def _compare(self, reading: Reading, other: object) -> None:
        worker = get_current_worker()
        comparison: Comparison | RnntermError
        try:
            comparison = compare_models(reading.model, other, reading.text)  # type: ignore[arg-type]
        except RnntermError as error:
            comparison = error
        if not worker.is_cancelled:
            self.post_message(self.Compared(reading, comparison))

    def on_compare_tool_compared(self, message: Compared) -> None:
        """Show the figures, the places and the tint."""
        message.stop()
        if self._other is None or not self.is_open:
            return
        width, found = max(12, self.size.width), message.comparison
        if isinstance(found, RnntermError):
            self._tell(wrapped_rows(str(found), width, "warning"))
            self.query_one(PickList).fill([])
            return
        places = places_of(message.reading, found)
        shares = np.zeros(len(message.reading))
        shares[places] = np.clip(found.difference / _FULL_TINT, -1, 1)
        self._stretches = [(int(places[one.start]), one) for one in found.largest(_MOST)]
        one, other = found.first.bits_per_char, found.second.bits_per_char
        rows: list[Row] = [
            [(f"{one:.3f} bits per character  ", "bold"), (safe_line(self._first), "muted")],
            [
                (f"{other:.3f} bits per character  ", "bold"),
                (safe_line(self._other.title), "muted"),
            ],
        ]
        better = self._first if other > one else self._other.title
        told = f"{safe_line(better)} expected this text better by {abs(other - one):.3f} bits. "
        told += f"Orange: {safe_line(self._other.title)} was more surprised; blue: less."
        if found.left_out_count:
            told += f" {found.left_out_count} characters that one does not know are left out."
        rows += wrapped_rows(told, width, "muted")
        self._tell(rows)
        self.query_one(PickList).fill([_row(found, one, width) for _, one in self._stretches])
        self.post_message(self.Tinted("difference in bits", shares))

    def on_cursor_rows_moved(self, message: PickList.Moved) -> None:
        """Go there."""
        message.stop()
        self.post_message(self.Pointed(step=self._stretches[message.place][0]))

    def on_pick_list_picked(self, message: PickList.Picked) -> None:
        """Go there."""
        message.stop()
        self.post_message(self.Pointed(step=self._stretches[message.place][0]))

    def _tell(self, rows: list[Row]) -> None:
        self.query_one("#compare-head", Lines).show(rows)


def places_of(reading: Reading, comparison: Comparison) -> Array:
    """Where in the reading each compared character is, shape (T,)."""
    left_out = set(comparison.left_out)
    return np.array([n for n, char in enumerate(reading.text) if char not in left_out])


def _row(found: Comparison, one: Stretch, width: int) -> Row:
    bits = f"{one.bits:+.1f}".replace("-", "−")
    text = found.text[max(0, one.start - 8) : one.stop + 8]
    shown = "".join(" " if char == " " else cell_text(visible(char)) for char in text)
    return [(f"{bits:>6} bits  {shown}"[: width - 2], "")]
