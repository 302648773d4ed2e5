"""The tab Forecast: a series, a forecaster that learns it, and what any forecast must beat."""

from collections.abc import Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.forecast.picture import Part, Picture
from rnnterm.forecast.process import Request
from rnnterm.terminal import safe_line
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.forecast import figures
from rnnterm.tui.forecast.chart import ForecastChart
from rnnterm.tui.forecast.keeping import Again, Finished, KeepingTab
from rnnterm.tui.forecast.learning import Learner, Learning
from rnnterm.tui.forecast.opening import Opened, open_dialog, open_source, open_table
from rnnterm.tui.forecast.setup import COLUMN, DATES, MEANINGS, RECIPE, SERIES, Setup
from rnnterm.tui.forecast.view import ForecastView, Shown, Values
from rnnterm.tui.help import key_of
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.widgets.value_form import ValueForm

_PATIENCE = 0.3  # seconds after the last change until a training begins anew


class ForecastTab(KeepingTab):
    """Chart above; below it the values, and the loss or the figures."""

    SCOPE = "forecast"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("forecast")
    DEFAULT_CSS = "ForecastTab { height: 1fr; }"

    class News(Message):
        """The training has something new to show."""

        def can_replace(self, message: Message) -> bool:
            """What is shown is always the newest."""
            return isinstance(message, ForecastTab.News)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._setup = Setup()
        self._learner: Learner | None = None
        self._learnt: Setup | None = None  # what is being learnt, or was last
        self._picture = self._new_picture()
        self._drawn: Learning | None = None
        self._part: Part = "all"
        self._shows_loss = True
        self._read: int | None = None
        self._restart: Timer | None = None
        self._error = ""
        self._explains = False  # the value at the cursor, in the place of the outcome

    def compose(self) -> ComposeResult:
        """One view of it all."""
        yield ForecastView()

    @property
    def setup(self) -> Setup:
        """What is asked for now."""
        return self._setup

    @property
    def _values(self) -> Values:
        return self.query_one(Values)

    @property
    def _now(self) -> Learning | None:
        return self._learner.now if self._learner else None

    def on_mount(self) -> None:
        """Show the series that is there first."""
        self._draw()

    def on_unmount(self) -> None:
        """Quitting the app ends the training."""
        if self._learner:
            self._learner.end()

    def take_focus(self) -> None:
        """Let keys go to the values."""
        self._values.focus()

    # What has learnt

    @property
    def finished(self) -> Finished | None:
        """See `KeepingTab`, as for the next two."""
        if self._now is None or self._now.result is None or self._learnt is None:
            return None
        return Finished(self._now.result, self._learnt, self._read)

    def take_again(self, again: Again) -> None:
        self._stop()
        self._setup = self._learnt = again.setup
        self._learner = Learner(None, Learning(result=again.result))
        self._picture = Picture(again.setup.series, again.result.split, len(again.result.beyond))
        self._drawn, self._read, self._error, self._explains = None, None, "", False
        self.on_forecast_tab_news()

    def fail(self, error: str) -> None:
        self._error = safe_line(error)
        self._draw()

    # Learning

    def _start(self) -> None:
        self._stop()
        try:
            request = Request(self._setup.series.name, self._setup.series.values, self._setup.plan)
        except RnntermError as error:
            self.fail(str(error))
            return
        self._learner, self._learnt = Learner(request), self._setup
        self._picture, self._drawn = self._new_picture(), None
        self._shows_loss, self._error, self._explains = True, "", False
        self._learn(self._learner)
        self._draw()

    def _stop(self) -> None:
        self._forget_restart()
        if self._learner and not self._learner.now.is_over:
            self._learner.end()
            self._learner = None

    @work(thread=True, group="forecast")
    def _learn(self, learner: Learner) -> None:
        learner.run(self._tell_news)

    def _tell_news(self) -> None:
        self.post_message(self.News())

    def on_forecast_tab_news(self) -> None:
        """Show the newest moment of the training."""
        now, before = self._now, self._drawn
        if now is None or now is before:
            return
        self._drawn = now
        if now.result is not None:
            self._picture.finish(now.result)
            self._shows_loss = False
            if before is None or before.result is None:
                self._part = "end" if self._part == "all" and self._read is None else self._part
        elif now.preview is not None and (before is None or before.preview is not now.preview):
            self._picture.preview(now.preview)
        if now.error:
            self._error = safe_line(now.error)
        self._draw()

    # Showing

    def _new_picture(self) -> Picture:
        plan, series = self._setup.plan, self._setup.series
        return Picture(series, plan.train_length(len(series)), plan.horizon)

    def _draw(self) -> None:
        view = self.query_one(ForecastView)
        view.show_values(self._setup)
        shown = Shown(
            self._setup,
            self._learnt,
            self._now,
            self._picture,
            self._part,
            self._shows_loss,
            self._read,
            self._error or self._line(),
            bool(self._error),
        )
        view.show(shown)

    def _line(self) -> str:
        """What is read off, else what has changed, else the outcome, or what the value means."""
        now, learnt = self._now, self._learnt
        result = now.result if now else None
        if self._read is not None:
            return figures.read_off(self._picture, self._setup.series, result, self._read)
        if now is None:
            return f"{self._key_of('forecast.start')} learns it · {self._meaning}"
        if now.is_over and learnt is not self._setup:
            return f"values have changed: {self._key_of('forecast.start')} learns anew"
        if result is not None and learnt is not None and not self._explains:
            more = self._key_of("forecast.scroll_down")
            return figures.outcome_line(result, learnt.series, more)
        return self._meaning

    @property
    def _meaning(self) -> str:
        name = self._values.cursor.name
        return f"{name.replace('_', ' ')}: {MEANINGS[name]}"

    def _key_of(self, name: str) -> str:
        return key_of(name, self.app.settings)  # type: ignore[attr-defined]

    # Changing values

    def _change(self, name: str, text: str) -> None:
        self._try(lambda: self._setup.with_value(name, text))

    def _try(self, make: Callable[[], Setup]) -> None:
        """Take other values if they are good; else tell what is wrong with them."""
        try:
            setup = make()
        except RnntermError as error:
            self.fail(str(error))
        else:
            self._take(setup)

    def _take(self, setup: Setup) -> None:
        """Take other values; a training begins anew, with another series a result is void."""
        before, self._setup, self._error = self._setup, setup, ""
        running = self._restart is not None or (
            self._learner is not None and not self._learner.now.is_over
        )
        if not setup.has_series_of(before):
            self._stop()
            self._learner, self._learnt, self._read = None, None, None
        if self._learner is None or running:
            self._picture = self._new_picture()
        if running:
            self._stop()
            self._again()
        self._draw()

    def _again(self) -> None:
        """Learn anew, as soon as no more changes come."""
        self._restart = self.set_timer(_PATIENCE, self._start)

    def _forget_restart(self) -> None:
        if self._restart is not None:
            self._restart.stop()
            self._restart = None

    def on_value_form_row_clicked(self, message: ValueForm.RowClicked) -> None:
        """A click selects, a second one edits."""
        self.take_focus()
        self._forget_error()
        if message.again:
            self.action_edit()

    def on_forecast_chart_pointed(self, message: ForecastChart.Pointed) -> None:
        """Read off what was clicked."""
        self._read = None if message.x is None else self._picture.nearest(message.x)
        self._draw()

    def _forget_error(self) -> None:
        self._error, self._read, self._explains = "", None, True
        self._draw()

    # Other series

    def _take_opened(self, opened: Opened | None) -> None:
        if opened is not None:
            self._try(lambda: opened.into(self._setup))

    @work(thread=True, exclusive=True, group="forecast-table")
    def _reopen(self, source: str, column: str, dates: str) -> None:
        worker = get_current_worker()
        try:
            opened = open_table(source, column, dates)
        except RnntermError as error:
            self.app.call_from_thread(self.fail, str(error))
            return
        if not worker.is_cancelled:
            self.app.call_from_thread(self._take_opened, opened)

    # Actions

    def action_start(self) -> None:
        """See the action table, as for all below."""
        self._start()

    def action_stop(self) -> None:
        self._stop()
        self._picture = self._new_picture() if self._learner is None else self._picture
        self._draw()

    def action_edit(self) -> None:
        name = self._values.cursor.name
        if name == SERIES:
            self.action_open()
        elif self._setup.choices(name):
            self._step(1)
        else:
            question = f"{name.replace('_', ' ')}: {MEANINGS[name]}"
            check = lambda text: self._setup.with_value(name, text)  # noqa: E731
            ask = Ask(question, self._setup.value(name), check)

            def answered(text: str | None) -> None:
                if text is not None:
                    self._change(name, text)

            self.app.push_screen(ask, answered)

    def action_more(self) -> None:
        self._step(1)

    def action_less(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        name, setup = self._values.cursor.name, self._setup
        if name == SERIES:
            self._take_opened(open_source("sunspots" if setup.source == "sine" else "sine"))
            return
        text = setup.stepped(name, by)
        table = setup.table
        if table is not None and name in (COLUMN, DATES):
            column = text if name == COLUMN else table.column
            self._reopen(table.source, column, text if name == DATES else table.dates)
        elif text != setup.value(name):
            self._change(name, text)

    def action_next_value(self) -> None:
        self._move(1)

    def action_previous_value(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        self._values.move(by)
        self._forget_error()

    def action_reset(self) -> None:
        name = self._values.cursor.name
        if self._setup.is_changed(name):
            self._try(lambda: self._setup.without(name))

    def action_open(self) -> None:
        self.app.push_screen(open_dialog(self._setup), self._take_opened)

    def action_recipe(self) -> None:
        self._change(RECIPE, self._setup.stepped(RECIPE, 1))

    def action_look(self) -> None:
        self._part = "end" if self._part == "all" else "all"
        self._draw()

    def action_details(self) -> None:
        self._shows_loss = not self._shows_loss
        self._draw()

    def action_read_later(self) -> None:
        self._read_by(1)

    def action_read_earlier(self) -> None:
        self._read_by(-1)

    def _read_by(self, by: int) -> None:
        last = len(self._setup.series) - 1
        end = last + (self._picture.horizon if self._picture.is_finished else 0)
        at = last if self._read is None else self._read + by
        self._read = min(max(at, 0), end)
        self._draw()

    def action_scroll_down(self) -> None:
        self.query_one(ForecastView).scroll(1)

    def action_scroll_up(self) -> None:
        self.query_one(ForecastView).scroll(-1)
