"""The tab Runs: what is trained and what was, side by side."""

from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.housekeeping import delete_run, rename_run
from rnnterm.runs.lock import check_free
from rnnterm.runs.names import check_name
from rnnterm.runs.overview import DAMAGED, RunSummary, list_summaries
from rnnterm.terminal import safe_line
from rnnterm.tui.dialogs import Ask, Confirm
from rnnterm.tui.help import key_of
from rnnterm.tui.marks import TRAIN, VAL, other_curve, other_digit
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.runs.table import RunsTable
from rnnterm.tui.tabs import TabContent
from rnnterm.tui.text.training_panel import TrainingPanel
from rnnterm.tui.widgets.chart import Look, LossChart
from rnnterm.tui.widgets.rows import Row, Rows
from rnnterm.tui.widgets.watched import Watched

_SECONDS_BETWEEN_LOOKS = 2.0
_LEGEND_WIDTH = 36


class RunsTab(TabContent):
    """The table of runs, and under it the curves of those that are marked, or of the current."""

    SCOPE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("runs")
    DEFAULT_CSS = f"""
    RunsTab {{ layout: vertical; height: 1fr; padding: 0 1; }}
    RunsTab #runs-table {{ height: 1fr; max-height: 50%; }}
    RunsTab #runs-curves {{ height: 1fr; margin-top: 1; }}
    RunsTab #runs-chart {{ width: 1fr; margin-right: 1; }}
    RunsTab #runs-legend {{ width: {_LEGEND_WIDTH}; }}
    RunsTab #runs-empty {{ height: 1fr; content-align: center middle; text-align: center; }}
    RunsTab #runs-line {{ height: auto; max-height: 3; }}
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._summaries: list[RunSummary] = []
        self._marked: list[str] = []
        self._watched: dict[str, Watched] = {}
        self._timer: Timer | None = None
        self._is_read = False
        self._error = ""

    def compose(self) -> ComposeResult:
        """Table, chart with its legend, and a line for what went wrong."""
        yield Static("", id="runs-empty", markup=False)
        yield RunsTable(id="runs-table")
        with Horizontal(id="runs-curves"):
            yield LossChart(ascii_only=self._is_ascii, id="runs-chart")
            yield Rows(id="runs-legend")
        yield Static("", id="runs-line", markup=False)

    @property
    def _root(self) -> Path:
        return self.app.runs  # type: ignore[attr-defined,no-any-return]

    @property
    def _is_ascii(self) -> bool:
        return self.app.settings.ascii  # type: ignore[attr-defined,no-any-return]

    def _key_of(self, name: str) -> str:
        return key_of(name, self.app.settings)  # type: ignore[attr-defined]

    def take_focus(self) -> None:
        """Let keys go to the table."""
        self.query_one(RunsTable).focus()

    def on_mount(self) -> None:
        """Nothing is read before the tab is shown."""
        self._draw()

    def on_show(self) -> None:
        """Look at the runs, and again while one lives."""
        self._refresh_list()
        if self._timer is None:
            self._timer = self.set_interval(_SECONDS_BETWEEN_LOOKS, self._look_again)

    def on_hide(self) -> None:
        """Nobody sees it: rest."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    # Reading

    def _look_again(self) -> None:
        if any(summary.is_live for summary in self._summaries):
            self._refresh_list()
        elif self._timer is not None:
            self.on_hide()

    @work(thread=True, exclusive=True, group="runs-list")
    def _refresh_list(self) -> None:
        worker = get_current_worker()
        try:
            summaries = list_summaries(self._root)
        except RnntermError as error:
            self.call_later(self._fail, str(error))
            return
        if not worker.is_cancelled:
            self.call_later(self._take, summaries)

    def _take(self, summaries: list[RunSummary]) -> None:
        self._summaries, self._is_read = summaries, True
        names = [summary.name for summary in summaries]
        self._marked = [name for name in self._marked if name in names]
        for watched in self._watched.values():
            if watched.is_live:
                watched.look()
        self._draw()
        self._read_curves()

    def _wanted(self) -> list[str]:
        """The runs whose curves are to be seen."""
        current = self.query_one(RunsTable).current
        return self._marked or ([current.name] if current and current.state != DAMAGED else [])

    def _read_curves(self) -> None:
        wanted = self._wanted()
        self._watched = {name: self._watched[name] for name in wanted if name in self._watched}
        missing = [name for name in wanted if name not in self._watched]
        if missing:
            self._open(missing)

    @work(thread=True, exclusive=True, group="runs-curves")
    def _open(self, names: list[str]) -> None:
        worker = get_current_worker()
        for name in names:
            watched = Watched(RunFolder(self._root / name)).open()
            if worker.is_cancelled:
                return
            self.call_later(self._opened, watched)

    def _opened(self, watched: Watched) -> None:
        if watched.run.name in self._wanted():
            self._watched[watched.run.name] = watched
            self._draw()

    # Showing

    def _draw(self) -> None:
        empty = self.query_one("#runs-empty", Static)
        nothing = self._is_read and not self._summaries
        empty.display = nothing
        if nothing:
            empty.update(
                safe_line(f"No runs in {self._root} yet.")
                + f"\n\nOn the tab Text (key {self._key_of('app.tab_text')}), the panel Training "
                f"(key {self._key_of('text.open_training')}) starts one with "
                f"{self._key_of('training.start')}."
            )
        table = self.query_one(RunsTable)
        table.display = self.query_one("#runs-curves").display = not nothing
        table.styles.height = len(self._summaries) + 1
        table.fill(self._summaries, self._marked)
        self._draw_curves()
        line = self.query_one("#runs-line", Static)
        text = self._error or self._problem()
        line.display = bool(text)
        line.set_class(bool(self._error), "dialog-error")
        if str(line.content) != text:
            line.update(text)

    def _problem(self) -> str:
        current = self.query_one(RunsTable).current
        if current is None:
            return ""
        parts = filter(None, (current.status.error, current.trouble))
        told = safe_line(" · ".join(parts))
        return f"! {told}" if told else ""

    def _draw_curves(self) -> None:
        chart, legend = self.query_one(LossChart), self.query_one("#runs-legend", Rows)
        wanted = [self._watched[name] for name in self._wanted() if name in self._watched]
        curves = [each.curves for each in wanted if each.curves is not None]
        if self._marked:
            chart.plot(None, curves, look=Look())
            legend.show(_legend(wanted, ascii_only=self._is_ascii))
        elif curves:
            chart.plot(curves[0])
            legend.show(_alone(wanted[0], ascii_only=self._is_ascii))
        else:
            chart.plot(None)
            legend.show([])

    def _fail(self, error: str) -> None:
        self._error = safe_line(error)
        self._draw()

    def _forget_error(self) -> None:
        self._error = ""

    def on_cursor_rows_moved(self) -> None:
        """Show the curves of the run at the cursor."""
        self._forget_error()
        self._draw()
        self._read_curves()

    def on_runs_table_clicked(self, message: RunsTable.Clicked) -> None:
        """Mark or open the run that was clicked."""
        if message.on_mark:
            self.action_compare()
        else:
            self.action_attach()

    # Actions

    def action_attach(self) -> None:
        """See the action table, as for all below."""
        current = self.query_one(RunsTable).current
        if current is None:
            return
        if current.state == DAMAGED:
            self._fail(f"{current.name} cannot be shown: {current.problem}")
        else:
            self._forget_error()
            self.app.attach(RunFolder(current.path))  # type: ignore[attr-defined]

    def action_compare(self) -> None:
        current = self.query_one(RunsTable).current
        if current is None:
            return
        self._forget_error()
        if current.name in self._marked:
            self._marked.remove(current.name)
        elif current.state == DAMAGED:
            self._fail(f"{current.name} has no curve to compare: {current.problem}")
            return
        else:
            self._marked.append(current.name)
        self._draw()
        self._read_curves()

    def action_rename(self) -> None:
        run = self._free_run("renamed")
        if run is None:
            return

        def answered(name: str | None) -> None:
            if name is not None and name != run.name:
                self._rename(run, name)

        question = f"What shall {run.name} be called?"
        check = lambda name: self._check_new_name(run, name)  # noqa: E731
        self.app.push_screen(Ask(question, run.name, check), answered)

    def action_delete(self) -> None:
        run = self._free_run("deleted")
        if run is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._delete(run)

        question = f"Delete {run.name} with its curves and all its checkpoints?"
        self.app.push_screen(Confirm(question, "Delete", "Keep"), answered)

    def _free_run(self, to_be: str) -> RunFolder | None:
        """The current run if nothing keeps it from being changed; says so otherwise."""
        current = self.query_one(RunsTable).current
        if current is None:
            return None
        self._forget_error()
        run = RunFolder(current.path)
        try:
            check_free(run.path)
            run.read_config()
        except RnntermError as error:
            self._fail(f"{run.name} cannot be {to_be} now: {error}")
            return None
        self._draw()
        return run

    def _check_new_name(self, run: RunFolder, name: str) -> None:
        check_name(name)
        if name != run.name and (self._root / name).exists():
            raise UsageError(f"there is a run {name} already: choose another name")

    @work(thread=True, group="runs-change")
    def _rename(self, run: RunFolder, name: str) -> None:
        try:
            renamed = rename_run(run, name)
        except RnntermError as error:
            self.call_later(self._fail, str(error))
        else:
            self.call_later(self._changed, run, renamed)

    @work(thread=True, group="runs-change")
    def _delete(self, run: RunFolder) -> None:
        try:
            delete_run(run)
        except RnntermError as error:
            self.call_later(self._fail, str(error))
        else:
            self.call_later(self._changed, run, None)

    def _changed(self, run: RunFolder, renamed: RunFolder | None) -> None:
        """A run has another name, or is gone."""
        self._watched.pop(run.name, None)
        if run.name in self._marked:
            place = self._marked.index(run.name)
            self._marked[place : place + 1] = [renamed.name] if renamed else []
        for panel in self.screen.query(TrainingPanel):
            panel.run_moved(run, renamed)
        self._refresh_list()


def _legend(runs: list[Watched], *, ascii_only: bool) -> list[Row]:
    """The legend of several runs."""
    rows: list[Row] = []
    for number, watched in enumerate(runs):
        curve = other_curve(number)
        marks = f"{other_digit(number)} {curve.legend(ascii_only=ascii_only)}"
        rows.append([(f"{marks} {safe_line(watched.run.name)}", curve.style)])
        rows += _losses(watched, indent="    ")
    if runs:
        rows.append([("lines: train loss · digits: val loss", "muted")])
    return rows


def _alone(watched: Watched, *, ascii_only: bool) -> list[Row]:
    """The legend of one run."""
    rows: list[Row] = [[(safe_line(watched.run.name), "bold")]]
    status = watched.view.status if watched.view else None
    if status is not None:
        rows.append([(safe_line(f"{status.network or '–'} · {status.device or '–'}"), "muted")])
        train, val = (f"{curve.legend(ascii_only=ascii_only)} " for curve in (TRAIN, VAL))
        rows.append([(train + "train", TRAIN.style), (f"   {val}val", VAL.style)])
    return [*rows, *_losses(watched, indent="")]


def _losses(watched: Watched, indent: str) -> list[Row]:
    status = watched.view.status if watched.view else None
    if status is None:
        return []
    known = [
        f"{label} {loss:.3f}"
        for label, loss in (
            ("train", status.train_loss),
            ("val", status.val_loss),
            ("best", status.best_val_loss),
        )
        if loss is not None and abs(loss) < 1e6
    ]
    rows = [indent + "  ".join(known)]
    if len(rows[0]) > _LEGEND_WIDTH:  # no figure is cut
        rows = [indent + each for each in known]
    return [[(row, "")] for row in rows]
