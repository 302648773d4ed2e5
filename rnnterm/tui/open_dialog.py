"""The dialog that opens something: a bundled one from a list, or a file by its path."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

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
from rnnterm.glyphs import fit
from rnnterm.terminal import safe_line
from rnnterm.tui.paths import PathInput

Opened = TypeVar("Opened")

_NAME_COLUMNS, _FIGURE_COLUMNS = 40, 15


class Offer(NamedTuple):
    """One line of the list: what is opened, a figure at its right, and a line about it."""

    name: str
    figure: str
    about: str


class OpenDialog(ModalScreen[Opened | None], Generic[Opened]):
    """Opens one of a list or a file, in a thread; what does not open is told in place.

    The dialog's answer is what `opener` returned for the chosen name or the typed path, or None
    after Escape.
    """

    DEFAULT_CSS = """
    OpenDialog OptionList { margin: 1 0 0 0; background: $surface; }
    OpenDialog .dialog-hint { color: $foreground-muted; height: auto; }
    OpenDialog Input { margin: 1 0 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "cancel", "cancel"),
        Binding("up", "app.focus_previous", "list", show=False),
    ]

    def __init__(
        self,
        question: str,
        offers: Sequence[Offer],
        opener: Callable[[str], Opened],
        *,
        chosen: str = "",
        suffix: str = "",
    ) -> None:
        """`chosen` is what is open now: one of the offers, or a path."""
        super().__init__()
        self._question, self._offers, self._opener = question, offers, opener
        self._chosen, self._suffix = chosen, suffix

    def compose(self) -> ComposeResult:
        """The question, the list, the field."""
        names = [offer.name for offer in self._offers]
        path = "" if self._chosen in names else self._chosen
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._question), markup=False)
            options = [*map(_option, self._offers), Option(Text("a file…", style="bold"))]
            yield OptionList(*options, markup=False)
            yield PathInput(path, placeholder="path of a file", suffix=self._suffix)
            yield Static("Tab completes a path", classes="dialog-hint", markup=False)
            yield Static("", classes="dialog-error", markup=False)

    def on_mount(self) -> None:
        """Begin at what is open now."""
        names = [offer.name for offer in self._offers]
        place = names.index(self._chosen) if self._chosen in names else len(names)
        self.query_one(OptionList).highlighted = place if self._chosen else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open one of the list, or ask for a path."""
        if event.option_index < len(self._offers):
            self._begin(self._offers[event.option_index].name)
        else:
            self.set_focus(self.query_one(PathInput))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the file."""
        if event.value.strip():
            self._begin(event.value.strip())
        else:
            self._tell("type the path of a file")

    def on_input_changed(self) -> None:
        """What was wrong with the last path says nothing about the next."""
        self._tell("")

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.workers.cancel_node(self)
        self.dismiss(None)

    def _begin(self, source: str) -> None:
        self._tell("")
        self.query_one(".dialog-hint", Static).update(safe_line(f"reading {source} …"))
        self._open(source)

    @work(thread=True, exclusive=True)
    def _open(self, source: str) -> None:
        worker = get_current_worker()
        try:
            opened = self._opener(source)
        except RnntermError as error:
            self.app.call_from_thread(self._refuse, worker, str(error))
        else:
            self.app.call_from_thread(self._answer, worker, opened)

    def _answer(self, worker: Worker[None], opened: Opened) -> None:
        if not worker.is_cancelled:
            self.dismiss(opened)

    def _refuse(self, worker: Worker[None], reason: str) -> None:
        if not worker.is_cancelled:
            self._tell(reason)

    def _tell(self, error: str) -> None:
        self.query_one(".dialog-hint", Static).update("Tab completes a path")
        self.query_one(".dialog-error", Static).update(safe_line(error))


def _option(offer: Offer) -> Option:
    line = Text(f"{fit(offer.name, _NAME_COLUMNS)} ", style="bold")
    line.append(f"{offer.figure:>{_FIGURE_COLUMNS}}\n", style="not bold")
    line.append(f"  {fit(offer.about, _NAME_COLUMNS + _FIGURE_COLUMNS - 1)}", style="not bold dim")
    return Option(line)
