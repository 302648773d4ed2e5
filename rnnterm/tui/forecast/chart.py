"""The tab's charts: the forecast, which tells where it was clicked, and the falling loss."""

from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from rnnterm.forecast.picture import Part, Picture
from rnnterm.plotting.lines import Line, LineChart, line_chart
from rnnterm.plotting.series import Series
from rnnterm.tui.forecast.learning import Learning
from rnnterm.tui.widgets.chart import rows_of
from rnnterm.tui.widgets.rows import Row, Rows

TRAIN, VAL = 2, 1
_VAL_DASH = (2, 1)


class ForecastChart(Rows):
    """Draws a picture into its own size."""

    @dataclass
    class Pointed(Message):
        """The chart was clicked at a place on its axis, or beside its data."""

        x: float | None

    def __init__(self, *, ascii_only: bool, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._ascii = ascii_only
        self._picture: Picture | None = None
        self._part: Part = "all"
        self._cursor: float | None = None
        self._chart: LineChart | None = None

    def plot(self, picture: Picture, part: Part, cursor: float | None) -> None:
        """Draw what there is by now."""
        self._picture, self._part, self._cursor = picture, part, cursor
        self._draw()

    def on_resize(self) -> None:
        """Draw into the new size."""
        super().on_resize()
        self._draw()

    def on_click(self, event: Click) -> None:
        """Tell which place was meant."""
        at = event.get_content_offset(self)
        if at is not None and self._chart is not None:
            self.post_message(self.Pointed(self._chart.x_at(at.x)))

    def _draw(self) -> None:
        width, height = self.size
        if self._picture is None or not width or not height:
            self._chart = None
            self.show([])
            return
        self._chart = self._picture.draw(
            width, height, self._part, cursor=self._cursor, ascii_only=self._ascii
        )
        self.show(rows_of(self._chart.grid))


def loss_rows(learning: Learning, width: int, height: int, *, ascii_only: bool) -> list[Row]:
    """The loss by epoch, the mean of all networks, on a log scale; nothing of fewer than two."""
    train, val = learning.curves()
    if len(train) < 2 or learning.begun is None:
        return []
    epochs = range(1, len(train) + 1)
    lines = [
        Line(Series(epochs, val), VAL, _VAL_DASH, "#"),
        Line(Series(epochs, train), TRAIN),
    ]
    chart = line_chart(
        lines,
        width,
        height,
        x_range=(1, max(2, learning.begun.epochs)),
        log=True,
        ascii_only=ascii_only,
    )
    return rows_of(chart.grid)
