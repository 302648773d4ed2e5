"""The tab Text: four panels, and what they tell each other."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.dom import DOMNode
from textual.events import DescendantFocus
from textual.widget import Widget

from rnnterm.errors import RnntermError
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.overview import DAMAGED, RunSummary, list_summaries
from rnnterm.tui.messages import CheckpointChosen, CorpusOpened, RecipeChanged, RunSeen
from rnnterm.tui.panel import Panel, bindings_for
from rnnterm.tui.tabs import TabContent
from rnnterm.tui.text.corpus_panel import CorpusPanel
from rnnterm.tui.text.model_panel import ModelPanel
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.text.training_panel import TrainingPanel


class TextTab(TabContent):
    """Corpus and model on the left, training and live sample on the right.

    Where the screen is narrow, one panel is open and the others are lines.
    """

    SCOPE = "text"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("text")

    def compose(self) -> ComposeResult:
        """The four panels, in the order of the pipeline."""
        with Container(id="bench"):
            yield CorpusPanel()
            yield ModelPanel()
        with Container(id="stage"):
            yield TrainingPanel()
            yield SamplePanel()

    def on_mount(self) -> None:
        """Begin with the panel that has something to say, and look for the last run."""
        self.query_one(SamplePanel).focus()
        self._find_run()

    @work(thread=True)
    def _find_run(self) -> None:
        try:
            summaries = list_summaries(self.app.runs)  # type: ignore[attr-defined]
        except RnntermError:  # the tab Runs says so
            return
        known = [summary for summary in summaries if summary.state != DAMAGED]
        live = [summary for summary in known if summary.is_live]
        if known:
            self.app.call_later(self._take_up, (live or known)[0])

    def _take_up(self, summary: RunSummary) -> None:
        """Watch the run of the last time, unless the person was faster."""
        training = self.query_one(TrainingPanel)
        if training.is_in_use:
            return
        run = RunFolder(summary.path)
        if not summary.is_live:  # its curves are of interest, but the first model goes on speaking
            self.query_one(SamplePanel).overlook(run, summary.status.checkpoint_step)
        training.attach(run)

    def attach(self, run: RunFolder) -> None:
        """Watch a run."""
        self.query_one(SamplePanel).forget_run()
        self.query_one(TrainingPanel).attach(run)

    def take_focus(self) -> None:
        """Let keys go to the open panel, unless something in this tab has them already."""
        if not self.has_focus_within:
            panels = self.query(".-open").results(Panel)
            next(panels, self.query_one(SamplePanel)).focus()

    def go_to(self, scope: str) -> DOMNode:
        """A panel gets the focus."""
        for panel in self.query(Panel):
            if scope == panel.SCOPE:
                panel.focus()
                return panel
        return self

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The panel that has the focus is the open one."""
        for panel in self.query(Panel):
            panel.set_class(panel in event.widget.ancestors_with_self, "-open")

    # What panels tell each other

    def on_corpus_opened(self, message: CorpusOpened) -> None:
        """The model's size and the training's baseline follow from the text."""
        self.query_one(ModelPanel).use_corpus(message.corpus)
        self.query_one(TrainingPanel).use_corpus(message.corpus)

    def on_recipe_changed(self, message: RecipeChanged) -> None:
        """The next training uses it."""
        self.query_one(CorpusPanel).use_recipe(message.recipe)
        self.query_one(TrainingPanel).use_recipe(message.recipe)

    def on_run_seen(self, message: RunSeen) -> None:
        """The newest weights of a run in training speak."""
        self.query_one(SamplePanel).see_run(message.view)

    def on_checkpoint_chosen(self, message: CheckpointChosen) -> None:
        """A checkpoint that was chosen speaks."""
        self.query_one(SamplePanel).speak_from(message.run, message.step)

    def _open(self, kind: type[Widget]) -> None:
        # At once: a key that follows in the same burst is meant for the panel.
        self.screen.set_focus(self.query_one(kind))

    def action_open_corpus(self) -> None:
        """See the action table, as for all below."""
        self._open(CorpusPanel)

    def action_open_model(self) -> None:
        self._open(ModelPanel)

    def action_open_training(self) -> None:
        self._open(TrainingPanel)

    def action_open_sample(self) -> None:
        self._open(SamplePanel)
