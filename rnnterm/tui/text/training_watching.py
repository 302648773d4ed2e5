"""Watching runs for the panel Training: one with its figures, others for their curves."""

from dataclasses import replace
from pathlib import Path

from textual import work
from textual.content import Content
from textual.timer import Timer
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.runs.curves import LossCurves
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.overview import list_summaries
from rnnterm.runs.process import TrainerProcess
from rnnterm.terminal import safe_line
from rnnterm.text.corpus import Corpus, reopen_corpus
from rnnterm.text.view import Baseline, measure_baseline
from rnnterm.training.recipe import Recipe
from rnnterm.tui.messages import RunAttached, RunSeen
from rnnterm.tui.panel import Panel
from rnnterm.tui.text.training_dialogs import ChooseSome
from rnnterm.tui.widgets.chart import Look
from rnnterm.tui.widgets.watched import Watched

_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_UNTIL_ANSWERED = 0.25  # between looks while something is asked of the run
_SECONDS_BETWEEN_GLANCES = 3.0  # at what has ended: someone may resume it elsewhere


class WatchingPanel(Panel):
    """A panel that polls a run while it lives; subclasses show it."""

    TITLE = "Training"

    def __init__(self) -> None:
        super().__init__()
        self._corpus: Corpus | None = None
        self._recipe: Recipe | None = None
        self._run: RunFolder | None = None
        self._watched: Watched | None = None
        self._others: dict[str, Watched] = {}
        self._baseline: Baseline | None = None
        self._trainer: TrainerProcess | None = None
        self._look = Look()
        self._timer: Timer | None = None
        self._interval = 0.0  # of the timer, in seconds
        self._busy = self._error = self._remark = ""
        self._asked: tuple[str, str] | None = None  # a verb, and the id of the request

    @property
    def _root(self) -> Path:
        return self.app.runs  # type: ignore[attr-defined,no-any-return]

    @property
    def is_in_use(self) -> bool:
        """Whether a run is watched, or about to be."""
        return self._run is not None or bool(self._busy)

    def _show(self) -> None:
        """Draw all that may have changed."""

    def _show_figures(self) -> None:
        """Draw what changes with time alone."""

    def _fail(self, error: str) -> None:
        """Say what went wrong."""
        self._busy, self._error, self._remark = "", safe_line(error), ""
        self._show()

    def use_corpus(self, corpus: Corpus) -> None:
        """The next training learns this text."""
        self._corpus = corpus
        self._find_baseline()
        self._show()

    def use_recipe(self, recipe: Recipe) -> None:
        """The next training uses this recipe."""
        self._recipe = recipe
        self._show()

    def attach(self, run: RunFolder) -> None:
        """Watch a run."""
        self._leave()
        self._run, self._busy = run, f"opening {run.name}"
        self.border_title = Content(f"{self.TITLE} · {safe_line(run.name)}")
        self.post_message(RunAttached(run))
        self._show()
        self._open(run)

    def run_moved(self, run: RunFolder, renamed: RunFolder | None) -> None:
        """A run has another name now, or (None) is gone; if it is this one, follow."""
        self._others.pop(run.name, None)
        if self._run is None or self._run.path != run.path:
            self._show()
        elif renamed is not None:
            self.attach(renamed)
        else:
            self._leave()
            self.border_title = self.TITLE
            self.post_message(RunAttached(None))
            self._show()

    def _leave(self) -> None:
        self.workers.cancel_group(self, "training-open")
        self._stop_timer()
        self._run = self._watched = self._asked = self._baseline = None
        self._busy = self._error = self._remark = ""
        self._look = replace(self._look, zoom=1, cursor=None)

    # Looking

    @work(thread=True, exclusive=True, group="training-open")
    def _open(self, run: RunFolder) -> None:
        worker = get_current_worker()
        try:
            watched = Watched(run).open()
        except RnntermError as error:
            self.call_later(self._fail, str(error))
            return
        if not worker.is_cancelled:
            self.call_later(self._opened, watched)

    def _opened(self, watched: Watched) -> None:
        if self._run is None or watched.run != self._run or watched.view is None:
            return  # another run was attached meanwhile
        self._watched, self._busy = watched, ""
        self._others.pop(watched.run.name, None)
        self.post_message(RunSeen(watched.view))
        self._find_baseline()
        self._show()
        self._start_timer()

    def _start_timer(self) -> None:
        """Look often at what lives, and seldom at what does not."""
        if self._asked is not None:
            seconds = _SECONDS_UNTIL_ANSWERED
        elif any(watched.is_live for watched in self._all_watched()):
            seconds = _SECONDS_BETWEEN_LOOKS
        else:
            seconds = _SECONDS_BETWEEN_GLANCES
        if self._timer is None or seconds != self._interval:
            self._stop_timer()
            self._interval = seconds
            self._timer = self.set_interval(seconds, self._look_again)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _look_again(self) -> None:
        changed = False
        for watched in self._all_watched():
            before = watched.view
            if watched.look():
                changed = True
                if watched is self._watched and watched.view is not None:
                    self.post_message(RunSeen(watched.view))
                    if before is not None and before.state != watched.view.state:
                        self._error = self._remark = ""
        self._settle_request()
        if self._all_watched():
            self._start_timer()
        if self._trainer is not None:
            self._trainer.process.poll()
        if changed:
            self._show()
        elif self._watched is not None and self._watched.is_live:
            self._show_figures()

    def _all_watched(self) -> list[Watched]:
        return [*([self._watched] if self._watched else []), *self._others.values()]

    def _settle_request(self) -> None:
        """A request is done once the run says so, or is over."""
        if self._asked is None or self._watched is None:
            return
        if self._asked[1] in self._watched.answers or not self._watched.is_live:
            self._asked = None

    # Other runs

    def _other_curves(self) -> list[LossCurves]:
        return [other.curves for other in self._others.values() if other.curves is not None]

    @work(thread=True, exclusive=True, group="training-overlay")
    def action_overlay(self) -> None:
        try:
            summaries = list_summaries(self._root)
        except RnntermError as error:
            self.call_later(self._fail, str(error))
            return
        own = self._run.name if self._run else ""
        choices = [
            (each.name, f"{each.name}  {each.state}  {each.status.network or ''}")
            for each in summaries
            if each.name != own and each.status.step
        ]
        self.call_later(self._choose_others, choices)

    def _choose_others(self, choices: list[tuple[str, str]]) -> None:
        if self._run is None or not choices:
            self._remark = "there are no other runs to draw beside this one"
            self._show()
            return
        question = "Which runs shall be drawn beside this one? Space marks, Escape is done."
        screen = ChooseSome(question, choices, list(self._others))
        self.app.push_screen(screen, self._take_others)

    def _take_others(self, names: list[str] | None) -> None:
        chosen = names or []
        self._error = ""
        self._others = {name: self._others[name] for name in chosen if name in self._others}
        self._show()
        self._open_others([name for name in chosen if name not in self._others])

    @work(thread=True, exclusive=True, group="training-others")
    def _open_others(self, names: list[str]) -> None:
        worker = get_current_worker()
        for name in names:
            try:
                watched = Watched(RunFolder(self._root / name)).open()
            except RnntermError as error:
                self.call_later(self._fail, str(error))
                continue
            if worker.is_cancelled:
                return
            self.call_later(self._add_other, watched)

    def _add_other(self, watched: Watched) -> None:
        self._others[watched.run.name] = watched
        self._show()
        self._start_timer()

    # The baseline

    def _find_baseline(self) -> None:
        self._baseline = None
        if self._run is not None and self._watched is not None:
            self._measure(self._corpus, self._run)

    @work(thread=True, exclusive=True, group="training-baseline")
    def _measure(self, bench: Corpus | None, run: RunFolder) -> None:
        """The baseline of the run's own text, which mostly lies on the bench."""
        try:
            config = run.read_config()
            recipe = Recipe.from_dict(config.recipe)
            name, source, sha256 = (str(config.corpus[key]) for key in ("name", "source", "sha256"))
            own = (sha256, recipe.lowercase)
            if bench is not None and (bench.sha256, bench.vocab.lowercase) == own:
                corpus = bench
            else:
                corpus = reopen_corpus(name, source, sha256, lowercase=recipe.lowercase)
            baseline = measure_baseline(corpus, recipe.val_fraction, recipe.test_fraction)
        except RnntermError:  # a damaged configuration, or a text that is gone: no line
            return
        self.call_later(self._take_baseline, run, baseline)

    def _take_baseline(self, run: RunFolder, baseline: Baseline | None) -> None:
        if run == self._run:
            self._baseline = baseline
            self._show()
