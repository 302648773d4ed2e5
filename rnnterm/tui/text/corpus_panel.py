"""The panel Corpus: the text on the bench, as people and as networks see it."""

import re
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Click
from textual.worker import Worker, get_current_worker

from rnnterm.errors import RnntermError, UsageError
from rnnterm.terminal import safe_line
from rnnterm.text.catalog import CatalogEntry, bundled_texts
from rnnterm.text.corpus import STDIN, Corpus, open_corpus
from rnnterm.text.view import Baseline, measure_baseline, view_window
from rnnterm.training.recipe import Recipe
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.messages import CorpusOpened
from rnnterm.tui.open_dialog import Offer, OpenDialog
from rnnterm.tui.panel import Panel, bindings_for
from rnnterm.tui.text.corpus_view import CorpusView, Shown, told_baseline, told_symbols

_FAR = 100
_WINDOW = 100  # characters, where the recipe does not train on windows


class CorpusPanel(Panel):
    """Opens texts in a thread, measures their n-gram, and walks their windows."""

    TITLE = "Corpus"
    SCOPE = "corpus"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("corpus")

    def __init__(self) -> None:
        super().__init__()
        self._corpus: Corpus | None = None
        self._recipe: Recipe | None = None
        self._place = 0
        self._baseline = self._error = ""

    def compose_body(self) -> ComposeResult:
        """One view of everything."""
        yield CorpusView()

    def on_mount(self) -> None:
        """Begin with the text of the model that speaks."""
        self._open(None, lowercase=False)

    def use_recipe(self, recipe: Recipe) -> None:
        """Show the windows that a recipe trains on; read the text in lower case if it says so."""
        before, self._recipe = self._recipe, recipe
        if self._corpus is None:
            return
        if recipe.lowercase != self._corpus.vocab.lowercase:
            self._open(self._corpus.source, lowercase=recipe.lowercase)
        elif before is None or _parts(before) != _parts(recipe):
            self._measure(self._corpus, *_parts(recipe))
        self._show()

    def excerpt(self, length: int) -> tuple[str, str] | None:
        """The text from the window that is shown on: where it is from, and its characters."""
        if self._corpus is None:
            return None
        label = f"{self._corpus.name} from {self._place + 1:,}"
        return label, self._corpus.excerpt(self._place, self._place + length)

    # Opening a text

    @work(thread=True, exclusive=True, group="open")
    def _open(self, source: str | None, *, lowercase: bool) -> None:
        worker = get_current_worker()
        try:
            if source is None:
                source = self.app.settings.corpus  # type: ignore[attr-defined]
            corpus = open_corpus(source, lowercase=lowercase)
        except RnntermError as error:
            self.app.call_from_thread(self._refuse, worker, str(error))
        else:
            self.app.call_from_thread(self._take_opened, worker, corpus)

    def _take_opened(self, worker: Worker[None], corpus: Corpus) -> None:
        if not worker.is_cancelled:
            self._take(corpus)

    def _refuse(self, worker: Worker[None], error: str) -> None:
        if worker.is_cancelled:
            return
        self._error = error
        self.query_one(CorpusView).tell(error)
        self._show()

    def _take(self, corpus: Corpus | None) -> None:
        """Put another text on the bench; None leaves the one that is there."""
        if corpus is None:
            return
        self.workers.cancel_group(self, "open")
        if self._recipe is not None and self._recipe.lowercase != corpus.vocab.lowercase:
            self._open(corpus.source, lowercase=self._recipe.lowercase)
            return
        if self._corpus is None or self._corpus.source != corpus.source:
            self._place = 0
        self._corpus, self._error = corpus, ""
        self.key_figure = safe_line(
            f"{corpus.name} · {len(corpus):,} characters · {told_symbols(corpus)}"
        )
        self.post_message(CorpusOpened(corpus))
        self._measure(corpus, *(_parts(self._recipe) if self._recipe else (0.1, 0.0)))
        self._show()

    def _measure(self, corpus: Corpus, val_fraction: float, test_fraction: float) -> None:
        self._baseline = "measuring the n-gram …"
        self._measure_in_thread(corpus, val_fraction, test_fraction)

    @work(thread=True, exclusive=True, group="measure")
    def _measure_in_thread(self, corpus: Corpus, val_fraction: float, test_fraction: float) -> None:
        worker = get_current_worker()
        baseline = measure_baseline(corpus, val_fraction, test_fraction)
        self.app.call_from_thread(self._tell_baseline, worker, baseline)

    def _tell_baseline(self, worker: Worker[None], baseline: Baseline | None) -> None:
        if not worker.is_cancelled:
            self._baseline = told_baseline(baseline)
            self._show()

    # Showing it

    def _show(self) -> None:
        if self._corpus is None:
            return
        length, stride = self._window_form()
        window = view_window(self._corpus, 0, length, stride)
        if window is not None:
            self._place = max(0, min(self._place, window.count - 1))
            window = view_window(self._corpus, self._place, length, stride)
        shown = Shown(self._corpus, length, window, self._baseline, self._error)
        self.query_one(CorpusView).show(shown)

    def _window_form(self) -> tuple[int, int]:
        """Length and stride."""
        if self._recipe is not None and self._recipe.batching == "windows":
            return self._recipe.window, self._recipe.stride
        return _WINDOW, 1

    def _walk(self, place: int) -> None:
        self._place = place
        self._show()

    def on_click(self, event: Click) -> None:
        """A click on the name, the arrows or the number does what their keys do."""
        verb = event.style.meta.get("do")
        if verb:
            getattr(self, f"action_{verb}")()

    # Actions

    def action_choose(self) -> None:
        lowercase = self._recipe is not None and self._recipe.lowercase
        self.app.push_screen(
            OpenDialog(
                "Which text?",
                [_offer(entry) for entry in bundled_texts().values()],
                lambda source: open_text(source, lowercase=lowercase),
                chosen=self._corpus.source if self._corpus else "",
            ),
            self._take,
        )

    def action_next_window(self) -> None:
        self._walk(self._place + 1)

    def action_previous_window(self) -> None:
        self._walk(self._place - 1)

    def action_later_window(self) -> None:
        self._walk(self._place + _FAR)

    def action_earlier_window(self) -> None:
        self._walk(self._place - _FAR)

    def action_first_window(self) -> None:
        self._walk(0)

    def action_last_window(self) -> None:
        self._walk(len(self._corpus) if self._corpus else 0)

    def action_go_to(self) -> None:
        window = self._corpus and view_window(self._corpus, 0, *self._window_form())
        if not window:
            return
        count = window.count

        def go(answer: str | None) -> None:
            if answer is not None:
                self._walk(read_place(answer, count))

        question = f"Which window, from 1 to {count:,}? Or a share, such as 50%"
        self.app.push_screen(Ask(question, check=lambda text: read_place(text, count)), go)


def open_text(source: str, *, lowercase: bool) -> Corpus:
    """See `open_corpus`; standard input is refused, for the app reads its keys there."""
    if source == STDIN:
        raise UsageError("standard input is the keyboard here: name a file")
    return open_corpus(source, lowercase=lowercase)


def read_place(text: str, count: int) -> int:
    """The window, from 0, that a person means by a number from 1 or a share of the text.

    Raises UsageError for anything else.
    """
    spelled = re.sub(r"[\s,_]", "", text)
    if re.fullmatch(r"\d{1,3}(\.\d*)?%", spelled, re.ASCII) and float(spelled[:-1]) <= 100:
        return round((count - 1) * float(spelled[:-1]) / 100)
    if not re.fullmatch(r"\d{1,18}", spelled, re.ASCII) or not 1 <= int(spelled) <= count:
        raise UsageError(f"expected a whole number from 1 to {count:,}, not {text!r}")
    return int(spelled) - 1


def _offer(entry: CatalogEntry) -> Offer:
    size = f"{entry.file.stat().st_size / 1000:,.0f} kB" if entry.file else "made here"
    return Offer(entry.name, size, f"{entry.title}, {entry.author}, {entry.year}")


def _parts(recipe: Recipe) -> tuple[float, float]:
    return recipe.val_fraction, recipe.test_fraction
