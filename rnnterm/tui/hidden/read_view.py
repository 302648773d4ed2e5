"""What was read, step by step: a text as characters, a series as bars."""

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from rnnterm.explore.reading import Reading
from rnnterm.explore.series import SeriesReading
from rnnterm.explore.unrolled import Unrolled
from rnnterm.nn.cells import Array
from rnnterm.tui.hidden.scene import Eye
from rnnterm.tui.hidden.series_view import SeriesView
from rnnterm.tui.hidden.text_view import TintedText


class ReadView(Vertical):
    """Shows the one or the other, with the cursor in it."""

    DEFAULT_CSS = "ReadView { height: auto; } ReadView SeriesView { display: none; }"

    @dataclass
    class Pointed(Message):
        """A character or value was clicked, or the wheel turned; see `TintedText.Pointed`."""

        step: int
        selecting: bool = False

    def compose(self) -> ComposeResult:
        """One of the two can be seen."""
        yield TintedText(id="hidden-text")
        yield SeriesView(id="hidden-series")

    @property
    def _is_series(self) -> bool:
        return bool(self.query_one(SeriesView).display)

    def show(self, reading: Unrolled, shares: Array, eye: Eye) -> None:
        """Show what was read; `shares` is a value for each step, -1 to 1, that tints it."""
        text, series = self.query_one(TintedText), self.query_one(SeriesView)
        series.display = isinstance(reading, SeriesReading)
        text.display = not series.display
        if isinstance(reading, SeriesReading):
            series.show(reading, shares, eye.step)
        elif isinstance(reading, Reading):
            text.show(reading.text, shares, eye.step, eye.span)

    def point(self, eye: Eye) -> None:
        """Move the cursor."""
        if self._is_series:
            self.query_one(SeriesView).point(eye.step)
        else:
            self.query_one(TintedText).point(eye.step, eye.span)

    @property
    def line_length(self) -> int:
        """How many steps a line shows."""
        if self._is_series:
            return self.query_one(SeriesView).values_in_sight
        return max(1, self.query_one(TintedText).size.width)

    def on_tinted_text_pointed(self, message: TintedText.Pointed) -> None:
        """Tell it as one's own."""
        message.stop()
        self.post_message(self.Pointed(message.step, message.selecting))

    def on_series_view_pointed(self, message: SeriesView.Pointed) -> None:
        """Tell it as one's own."""
        message.stop()
        self.post_message(self.Pointed(message.step))
