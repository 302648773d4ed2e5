"""The dialog that asks what units are to be found for: a feature, or a regular expression."""

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker, get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.features import FEATURES, Feature, Measured, measure_feature
from rnnterm.glyphs import fit
from rnnterm.terminal import safe_line

_NAME, _ABOUT = 15, 39


class FindDialog(ModalScreen[Measured | None]):
    """Measures the chosen feature over a text in a thread; what cannot be measured is told here."""

    DEFAULT_CSS = """
    FindDialog OptionList { margin: 1 0 0 0; background: $surface; max-height: 11; }
    FindDialog .dialog-hint { color: $foreground-muted; height: auto; }
    FindDialog Input { margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "cancel", "cancel"),
        Binding("up", "app.focus_previous", "list", show=False),
        Binding("down", "app.focus_next", "field", show=False),
    ]

    def __init__(self, text: str, pattern: str = "") -> None:
        """`text` is what the features are measured on; `pattern` the field's beginning."""
        super().__init__()
        self._text, self._pattern = text, pattern

    def compose(self) -> ComposeResult:
        """The question, the list, the field."""
        with Vertical(classes="dialog"):
            yield Static("Find units that follow what?", markup=False)
            yield OptionList(*map(_option, FEATURES.values()), markup=False)
            field = Input(self._pattern, placeholder="or a regular expression, such as [.?!]")
            field.cursor_blink = False
            yield field
            yield Static("", classes="dialog-error", markup=False)

    def on_mount(self) -> None:
        """Begin with the list."""
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Measure one of the list."""
        self._measure(list(FEATURES)[event.option_index])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Measure the expression."""
        self._measure(f"/{event.value}/")

    def on_input_changed(self) -> None:
        """What was wrong with the last one says nothing about the next."""
        self._tell("")

    @work(thread=True, exclusive=True, description="")
    def _measure(self, asked: str) -> None:
        worker = get_current_worker()
        try:
            measured = measure_feature(asked, self._text)
        except RnntermError as error:
            self.app.call_from_thread(self._refuse, worker, str(error))
        else:
            self.app.call_from_thread(self._answer, worker, measured)

    def _answer(self, worker: Worker[None], measured: Measured) -> None:
        if not worker.is_cancelled:
            self.dismiss(measured)

    def _refuse(self, worker: Worker[None], error: str) -> None:
        if not worker.is_cancelled:
            self._tell(error)

    def _tell(self, error: str) -> None:
        self.query_one(".dialog-error", Static).update(safe_line(error))

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.workers.cancel_node(self)
        self.dismiss(None)


def _option(feature: Feature) -> Option:
    line = Text(fit(feature.name, _NAME), style="bold")
    line.append(fit(feature.explanation, _ABOUT).rstrip(), style="not bold dim")
    return Option(line)
