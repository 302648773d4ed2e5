"""Small questions over the screen: yes or no, a line of text, one of a list."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from rnnterm.errors import RnntermError
from rnnterm.terminal import safe_line


class Confirm(ModalScreen[bool]):
    """Asks a question that is answered by yes or no; Escape is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "answer(True)", "yes"),
        ("n,escape", "answer(False)", "no"),
    ]

    def __init__(self, question: str, yes: str = "Yes", no: str = "No") -> None:
        super().__init__()
        self._question, self._yes, self._no = question, yes, no

    def compose(self) -> ComposeResult:
        """The question over its buttons."""
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._question), markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(Text(self._yes), id="yes", variant="primary")
                yield Button(Text(self._no), id="no")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by the button."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by a key."""
        self.dismiss(answer)


class Ask(ModalScreen[str | None]):
    """Asks for a line of text; `check` may refuse it with an error that is shown in place."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "cancel")]

    def __init__(
        self,
        question: str,
        text: str = "",
        check: Callable[[str], object] = lambda text: None,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__()
        self._question, self._text, self._check = question, text, check
        self._suggester = suggester

    def compose(self) -> ComposeResult:
        """The question over its field."""
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._question), markup=False)
            field = Input(self._text, suggester=self._suggester)
            field.cursor_blink = False  # idle means idle
            yield field
            yield Static("", classes="dialog-error", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the text if it is good."""
        try:
            self._check(event.value)
        except RnntermError as error:
            self.query_one(".dialog-error", Static).update(safe_line(str(error)))
            return
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


class Choose(ModalScreen[str | None]):
    """Asks for one of a list of (id, label); Escape chooses none."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "cancel")]

    def __init__(self, question: str, choices: Sequence[tuple[str, str]], chosen: str = "") -> None:
        super().__init__()
        self._question, self._choices, self._chosen = question, choices, chosen

    def compose(self) -> ComposeResult:
        """The question over its list."""
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._question), markup=False)
            options = [Option(Text(safe_line(label))) for _, label in self._choices]
            yield OptionList(*options, markup=False)

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        ids = [name for name, _ in self._choices]
        if self._chosen in ids:
            self.query_one(OptionList).highlighted = ids.index(self._chosen)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by the list."""
        self.dismiss(self._choices[event.option_index][0])

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)
