"""The field in which a value of the recipe is typed, over its row of the form."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class ValueInput(Input):
    """The field over a value; Escape leaves it as it was, Up and Down go on to the next value."""

    DEFAULT_CSS = """
    ValueInput {
        layer: field; display: none; position: absolute;
        background: $panel; color: $foreground;
    }
    ValueInput.-wrong { color: $text-error; text-style: underline; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(0, False)", "leave it"),
        Binding("up", "leave(-1, True)", "previous value", show=False),
        Binding("down,tab", "leave(1, True)", "next value", show=False),
    ]

    class Left(Message):
        """The field is left by a key, `step` values on; `take` tells whether it counts."""

        def __init__(self, step: int, take: bool) -> None:
            super().__init__()
            self.step, self.take = step, take

    def on_mount(self) -> None:
        """A screen at rest sends nothing."""
        self.cursor_blink = False

    def action_leave(self, step: int, take: bool) -> None:
        """Tell the panel."""
        self.post_message(self.Left(step, take))
