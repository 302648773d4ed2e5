"""The field for the text that a sample goes on from."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from rnnterm.tui.panel import Panel


class SeedField(Input):
    """The field itself; Enter and Escape leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,enter", "leave", "done")]

    class Left(Message):
        """The person is done with it."""

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def on_blur(self) -> None:
        """A click elsewhere leaves it, too."""
        self.post_message(self.Left())


class SeedRow(Horizontal):
    """One line: `seed` and its field; on the screen only while it is edited."""

    DEFAULT_CSS = """
    SeedRow { height: 1; display: none; }
    SeedRow Static { width: auto; color: $text-muted; padding-right: 1; }
    SeedRow Input { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    SeedRow Input:focus { border: none; }
    """

    class Typed(Message):
        """The seed is another."""

        def __init__(self, seed: str) -> None:
            super().__init__()
            self.seed = seed

    class Left(Message):
        """Editing is over."""

    def compose(self) -> ComposeResult:
        """A word before the field."""
        yield Static("go on from", markup=False)
        yield SeedField(select_on_focus=False)

    def edit(self) -> None:
        """Have the person type, at once: keys may come in a burst."""
        self.display = True
        self.screen.set_focus(self.query_one(SeedField))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell each change."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_seed_field_left(self, message: SeedField.Left) -> None:
        """Vanish, and give the keys back to the panel."""
        message.stop()
        if self.display:
            # First: of a field that is hidden Textual takes the focus later, whoever has it then.
            if self.has_focus_within:
                self.screen.set_focus(self.query_ancestor(Panel))
            self.display = False
            self.post_message(self.Left())
