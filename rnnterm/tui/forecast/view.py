"""What the tab Forecast shows: the chart, and below it the loss or the figures."""

from contextlib import suppress
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, VerticalScroll
from textual.css.query import NoMatches
from textual.widgets import Static

from rnnterm.forecast.picture import Part, Picture
from rnnterm.terminal import safe_line
from rnnterm.tui.forecast import figures
from rnnterm.tui.forecast.chart import ForecastChart, loss_rows
from rnnterm.tui.forecast.learning import Learning
from rnnterm.tui.forecast.setup import Setup
from rnnterm.tui.widgets.rows import Rows
from rnnterm.tui.widgets.value_form import Row, ValueForm

_NAME_COLUMNS = 12
_BOTH = 120  # columns from which loss and figures stand side by side


class Values(ValueForm, can_focus=True, inherit_bindings=False):
    """The list of values, to which the tab's keys go; those that scroll are among them."""


@dataclass(frozen=True, eq=False)
class Shown:
    """All that the view depends on.

    Attributes:
        setup: the values as they are now.
        learnt: those that `now` is of; None where nothing was learnt yet.
        now: the newest moment of the training.
        part: of the series, that the chart shows.
        shows_loss: rather than the figures, where there is room for one of them.
        read: the step that is read off.
        line: a remark below all; `is_error` where it tells what is wrong.
    """

    setup: Setup
    learnt: Setup | None
    now: Learning | None
    picture: Picture
    part: Part
    shows_loss: bool
    read: int | None
    line: str
    is_error: bool


class ForecastView(Container):
    """Draws what it is shown."""

    DEFAULT_CSS = """
    ForecastView { layout: vertical; height: 1fr; padding: 0 1; }
    ForecastView #forecast-head { height: 1; }
    ForecastView #forecast-chart { height: 1fr; min-height: 4; }
    ForecastView #forecast-legend { height: 1; }
    ForecastView #forecast-below { height: 9; }
    ForecastView #forecast-values { width: 26; height: 1fr; margin-right: 1; }
    ForecastView #forecast-loss { width: 1fr; height: 1fr; margin-right: 1; }
    ForecastView #forecast-told { width: 1fr; height: 1fr; scrollbar-size-vertical: 1; }
    ForecastView #forecast-text { height: auto; }
    ForecastView #forecast-line { height: 1; color: $foreground-muted; }
    ForecastView #forecast-line.-error { color: $text-error; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self._listed: Setup | None = None

    def compose(self) -> ComposeResult:
        """Headline, chart, legend, values beside what there is to say, and a line below."""
        yield Static("", id="forecast-head", markup=False)
        yield ForecastChart(ascii_only=self._ascii, id="forecast-chart")
        yield Rows(id="forecast-legend")
        with Horizontal(id="forecast-below"):
            yield Values(_NAME_COLUMNS, id="forecast-values")
            yield Rows(id="forecast-loss")
            with VerticalScroll(id="forecast-told", can_focus=False):
                yield Rows(id="forecast-text")
        yield Static("", id="forecast-line", markup=False)

    @property
    def values(self) -> Values:
        """The list of values."""
        return self.query_one(Values)

    @property
    def _ascii(self) -> bool:
        return bool(self.app.settings.ascii)  # type: ignore[attr-defined]

    def show_values(self, setup: Setup) -> None:
        """Show what can be set, and to what it is; the cursor stays where it can."""
        if setup is not self._listed:
            self._listed = setup
            self.values.show(_rows(setup))

    def show(self, shown: Shown) -> None:
        """Draw another moment."""
        self._shown = shown
        self._draw_chart(shown)
        self._draw_below(shown)
        self._draw_head(shown)
        line = self.query_one("#forecast-line", Static)
        line.set_class(shown.is_error, "-error")
        line.update(safe_line(shown.line))

    def scroll(self, pages: int) -> None:
        """Scroll the figures, where they do not fit."""
        told = self.query_one("#forecast-told")
        told.scroll_relative(y=pages * max(1, told.size.height - 1), animate=False)

    def on_resize(self) -> None:
        """Share the room anew."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        with suppress(NoMatches):  # the app may have been left since
            if self._shown is not None:
                self._draw_head(self._shown)
                self._draw_below(self._shown)

    def _draw_head(self, shown: Shown) -> None:
        head = self.query_one("#forecast-head", Static)
        setup = shown.setup
        head.update(
            safe_line(figures.headline(setup.series, setup.plan, shown.now, head.size.width))
        )

    def _draw_chart(self, shown: Shown) -> None:
        picture = shown.picture
        cursor = None if shown.read is None else picture.place(shown.read)
        self.query_one(ForecastChart).plot(picture, shown.part, cursor)
        row = figures.legend(picture, shown.setup.plan, ascii_only=self._ascii)
        self.query_one("#forecast-legend", Rows).show([row])

    def _draw_below(self, shown: Shown) -> None:
        loss, told = self.query_one("#forecast-loss", Rows), self.query_one("#forecast-told")
        now, learnt = shown.now, shown.learnt
        both = self.size.width >= _BOTH
        is_told = now is None or not now.epoch or now.result is not None
        has_curve = now is not None and now.epoch > 0
        loss.display = has_curve and (both or shown.shows_loss or not is_told)
        told.display = is_told and (both or not loss.display)
        room = self.size.width - self.values.outer_size.width - 4
        width = room // 2 - 1 if loss.display and told.display else room
        if now is not None and loss.display:
            height = self.query_one("#forecast-below").size.height - 1
            curve = loss_rows(now, width, height, ascii_only=self._ascii)
            loss.show([*curve, figures.loss_row(now)])
        if told.display:
            text = self.query_one("#forecast-text", Rows)
            rows = figures.introduction(shown.setup, width)
            if now is not None and now.result is not None and learnt is not None:
                rows = figures.result_rows(now, learnt.series, width)
            text.styles.height = len(rows)
            text.show(rows)


def _rows(setup: Setup) -> list[Row]:
    """The list of values."""
    return [
        Row(name, name.replace("_", " "), setup.value(name), setup.is_changed(name))
        for name in setup.names
    ]
