"""The panel Training: starts trainers, watches one run, and asks things of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from rnnterm.errors import RnntermError
from rnnterm.plotting.lines import Rule
from rnnterm.runs.control import send_request
from rnnterm.runs.folder import RunFolder, new_run
from rnnterm.runs.process import TrainerProcess, start_trainer
from rnnterm.runs.status import FINISHED, PAUSED, RUNNING
from rnnterm.terminal import safe_line
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.recipe import Recipe
from rnnterm.tui.dialogs import Ask, Choose
from rnnterm.tui.messages import CheckpointChosen
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.text.training_dialogs import Budget, checkpoint_choices
from rnnterm.tui.text.training_figures import WIDTH, Keys, figure_rows, key_figure
from rnnterm.tui.text.training_watching import WatchingPanel
from rnnterm.tui.widgets.buttons import ActionButtons
from rnnterm.tui.widgets.chart import MOST_ZOOM, LossChart
from rnnterm.tui.widgets.rows import Row, Rows
from rnnterm.tui.widgets.watched import Watched

_LOOKS = ("log_scale", "smooth", "overlay", "zoom_in", "zoom_out")
_ASKED = {"pause": "pausing", "continue": "going on", "stop": "stopping", "checkpoint": "saving"}


class TrainingPanel(WatchingPanel):
    """The curves and figures of one run, with the keys that start and steer it."""

    SCOPE = "training"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("training")
    DEFAULT_CSS = f"""
    #training-run {{ height: 1fr; }}
    #training-chart {{ width: 1fr; margin-right: 1; }}
    #training-figures {{ width: {WIDTH}; }}
    #training-empty {{ height: 1fr; content-align: center middle; text-align: center; }}
    #training-line {{ height: auto; max-height: 3; }}
    """

    def compose_body(self) -> ComposeResult:
        """Chart and figures, or what to do while there are none; a line below."""
        yield Static("", id="training-empty", markup=False)
        with Horizontal(id="training-run"):
            ascii_only = self.app.settings.ascii  # type: ignore[attr-defined]
            yield LossChart(ascii_only=ascii_only, id="training-chart")
            yield Rows(id="training-figures")
        yield Static("", id="training-line", markup=False)
        yield ActionButtons(self.SCOPE)

    def on_mount(self) -> None:
        """Begin without a run."""
        self._keys = Keys(self.key_of)
        self._show()

    def on_resize(self) -> None:
        """There is room for other figures."""
        self.call_after_refresh(self._show_figures)

    def on_key(self) -> None:
        """Whoever goes on has read what went wrong."""
        if self._error or self._remark:
            self._error = self._remark = ""
            self._show_figures()

    # Showing

    def _show(self) -> None:
        if not self.is_mounted:
            return
        has_run = self._run is not None
        self.query_one("#training-run").display = has_run
        empty = self.query_one("#training-empty", Static)
        empty.display = not has_run
        if not has_run:
            _tell(empty, self._welcome())
            self.key_figure = ""
        curves = self._watched.curves if self._watched else None
        chart = self.query_one(LossChart)
        chart.plot(curves, self._other_curves() if curves else (), self._rules(), self._look)
        self.border_subtitle = Content(self._look_told() if has_run else "")
        self._show_figures()

    def _show_figures(self) -> None:
        figures = self.query_one("#training-figures", Rows)
        if self._watched is None or self._watched.view is None:
            figures.show([])
        else:
            self.key_figure = key_figure(self._watched.view)
            if figures.size.height:  # else nobody sees them, and they stay as they were
                figures.show(self._figure_rows(self._watched, figures.size.height))
        self._show_buttons()
        line = self.query_one("#training-line", Static)
        text, is_error = self._line()
        line.set_class(is_error, "dialog-error")
        line.display = bool(text)
        _tell(line, text)

    def _figure_rows(self, watched: Watched, height: int) -> list[Row]:
        others, cursor = self._other_curves(), self._look.cursor
        ascii_only = self.app.settings.ascii  # type: ignore[attr-defined]
        return figure_rows(watched, others, self._baseline, cursor, height, ascii_only=ascii_only)

    def _show_buttons(self) -> None:
        """What can be done now."""
        buttons, watched = self.query_one(ActionButtons), self._watched
        if watched is None or watched.view is None:
            buttons.show(() if self._busy else ("start",))
        elif watched.is_live:
            label = "continue" if watched.view.state == PAUSED else "pause"
            verbs = ("pause", "stop", "checkpoint", "checkpoints", *_LOOKS)
            buttons.show(verbs, pause=label)
        else:
            begin = () if self._busy else ("start", "resume")
            buttons.show((*begin, "checkpoints", *_LOOKS))

    def _welcome(self) -> str:
        return (
            f"{self._keys.invitation(self._corpus, self._recipe)}\n\n"
            "The training is a process of its own: leave the app, and it goes on."
        )

    def _line(self) -> tuple[str, bool]:
        """What is going on beside the figures, and whether it is an error."""
        if self._error or self._remark:
            return self._error or self._remark, bool(self._error)
        if self._busy:
            return f"{self._busy} …", False
        silent = self._watched and self._watched.view and self._watched.view.silence
        if self._asked is not None and not silent:
            return f"{_ASKED[self._asked[0]]}, as soon as its step is done …", False
        return self._run_line()

    def _run_line(self) -> tuple[str, bool]:
        """The same, where nothing is going on but the run."""
        watched = self._watched
        if watched is None or watched.view is None:
            return "", False
        if watched.view.silence is not None:
            return f"! {watched.view.silence.describe()}", True
        if watched.view.state == PAUSED:
            return f"paused: {self.key_of('training.pause')} lets it go on", False
        slowdown = watched.view.status.slowdown if watched.view.state == RUNNING else None
        if slowdown:
            return slowdown, False
        notice = f"! {watched.notice}" if watched.notice else ""
        return self._keys.ending(watched) or notice, False

    def _look_told(self) -> str:
        parts = ["log scale"] if self._look.log else []
        parts += [f"zoom {self._look.zoom}x"] if self._look.zoom > 1 else []
        return " · ".join(parts)

    def _rules(self) -> list[Rule]:
        if self._baseline is None:
            return []
        label = f"{self._baseline.order}-gram {self._baseline.nats:.2f}"
        return [Rule(self._baseline.nats, label)]

    # Starting

    def action_start(self) -> None:
        """See the action table, as for all below."""
        if not self._may_begin():
            return
        if self._corpus is None or self._recipe is None:
            self._fail(self._keys.invitation(self._corpus, self._recipe))
            return
        corpus, recipe = self._corpus, self._recipe
        self._begin(
            f"starting to train {corpus.name}",
            lambda: TrainingPlan(new_run(self._root), corpus, recipe, resumed=False),
        )

    def action_resume(self) -> None:
        run = self._run
        if not self._may_begin():
            return
        if run is None or self._watched is None or self._watched.view is None:
            self._fail("there is no run to go on with: attach one on the tab Runs")
            return
        view = self._watched.view
        if view.state != FINISHED and view.status.progress < 1:
            self._resume(run, {})
            return
        try:
            budget = Budget(Recipe.from_dict(run.read_config().recipe))
        except RnntermError as error:
            self._fail(str(error))
            return

        def answered(text: str | None) -> None:
            if text is not None:
                self._resume(run, {budget.name: text.strip()})

        self.app.push_screen(Ask(budget.question, budget.suggestion, budget.check), answered)

    def _resume(self, run: RunFolder, settings: dict[str, Any]) -> None:
        self._begin(
            f"{run.name} is about to go on",
            lambda: TrainingPlan.resume(name=run.name, settings=settings, runs=self._root),
        )

    def _may_begin(self) -> bool:
        """Whether nothing that is watched trains already; says so otherwise."""
        if self._busy:
            return False
        self._error = ""
        self._look_again()  # it may go on elsewhere
        if self._watched is not None and self._watched.is_live:
            pause, stop = self.key_of("training.pause"), self.key_of("training.stop")
            self._fail(f"{self._watched.run.name} is at it: {pause} pauses, {stop} stops it")
            return False
        return True

    def _begin(self, busy: str, make_plan: Callable[[], TrainingPlan]) -> None:
        self._busy = busy
        self._show()
        self._start_trainer(make_plan)

    @work(thread=True, group="training-start")
    def _start_trainer(self, make_plan: Callable[[], TrainingPlan]) -> None:
        try:
            trainer = start_trainer(make_plan().to_request())
        except (RnntermError, OSError) as error:
            self.call_later(self._fail, str(error))
            return
        self.call_later(self._started, trainer)

    def _started(self, trainer: TrainerProcess) -> None:
        self._trainer = trainer
        self.attach(trainer.run)

    # Steering

    def action_pause(self) -> None:
        view = self._watched.view if self._watched else None
        self._ask("continue" if view is not None and view.state == PAUSED else "pause")

    def action_stop(self) -> None:
        self._ask("stop")

    def action_checkpoint(self) -> None:
        self._ask("checkpoint")

    def _ask(self, verb: str) -> None:
        self._error = ""
        if self._watched is None:
            self._fail(f"there is no training to {verb}")
            return
        try:
            self._asked = (verb, send_request(self._watched.run, verb))
        except RnntermError as error:
            self._fail(str(error))
            return
        self._start_timer()
        self._show()

    def action_checkpoints(self) -> None:
        run = self._run
        if run is None:
            self._fail("there is no run whose checkpoints could be listed")
            return
        try:
            choices = checkpoint_choices(run)
        except RnntermError as error:
            self._fail(str(error))
            return
        problems = {step: problem for step, _, problem in choices}
        if not choices:
            self._fail(f"{run.name} has no checkpoint yet")
            return

        def answered(step: str | None) -> None:
            if step is None:
                return
            if problems[step]:
                self._fail(problems[step])
            else:
                self._error = ""
                self.post_message(CheckpointChosen(run, int(step)))
                self._show()

        question = f"Checkpoints of {run.name}: which shall speak?"
        self.app.push_screen(Choose(question, [choice[:2] for choice in choices]), answered)

    # The look of the chart

    def action_log_scale(self) -> None:
        self._change_look(log=not self._look.log)

    def action_smooth(self) -> None:
        self._change_look(raw=not self._look.raw)

    def action_zoom_in(self) -> None:
        self._change_look(zoom=min(MOST_ZOOM, self._look.zoom * 2))

    def action_zoom_out(self) -> None:
        self._change_look(zoom=max(1, self._look.zoom // 2))

    def action_read_later(self) -> None:
        self._move_cursor(1)

    def action_read_earlier(self) -> None:
        self._move_cursor(-1)

    def _move_cursor(self, columns: int) -> None:
        curves = self._watched.curves if self._watched else None
        chart = self.query_one(LossChart)
        if curves is None or not chart.column_step:
            return
        cursor = self._look.cursor
        if cursor is None:  # come in from the side that is moved away from
            at = curves.last_step if columns < 0 else chart.shown[0]
        else:
            at = max(0.0, cursor + columns * chart.column_step)
        self._change_look(cursor=None if at > curves.last_step else at)

    def _change_look(self, **values: Any) -> None:
        self._look = replace(self._look, **values)
        self._show()

    def on_action_buttons_pressed(self, message: ActionButtons.Pressed) -> None:
        """Do what its key does."""
        message.stop()
        self.focus()
        getattr(self, f"action_{message.verb}")()

    def on_loss_chart_pointed(self, message: LossChart.Pointed) -> None:
        """Read off where the chart was clicked."""
        self._change_look(cursor=message.step)

    def on_loss_chart_scrolled(self, message: LossChart.Scrolled) -> None:
        """Zoom as the wheel was turned."""
        if message.by > 0:
            self.action_zoom_in()
        else:
            self.action_zoom_out()


def _tell(place: Static, text: str) -> None:
    """Show a text where it is another than before: equal text is not drawn again."""
    safe = safe_line(text) if "\n" not in text else "\n".join(map(safe_line, text.split("\n")))
    if str(place.content) != safe:
        place.update(safe)
