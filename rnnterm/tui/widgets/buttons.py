"""Actions of the table as one row of words in brackets, for the mouse."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from rnnterm.tui.actions import actions_of

_VERB = "verb"


class ActionButtons(Static):
    """`[pause] [stop] …`: as many of a scope's actions as fit into one line; keys have them too."""

    DEFAULT_CSS = "ActionButtons { height: 1; text-wrap: nowrap; text-overflow: clip; }"

    @dataclass
    class Pressed(Message):
        """A button was clicked; `verb` as the action table names it."""

        verb: str

    def __init__(self, scope: str) -> None:
        super().__init__("", markup=False)
        self._labels = {action.verb: action.label for action in actions_of(scope)}
        self._shown: list[tuple[str, str]] = []

    def show(self, verbs: Sequence[str], **labels: str) -> None:
        """Show the buttons of these actions; `labels` are other words for some of them."""
        shown = [(verb, labels.get(verb, self._labels[verb])) for verb in verbs]
        if shown != self._shown:
            self._shown = shown
            self._draw()

    def on_resize(self) -> None:
        """More or fewer of them fit."""
        self._draw()

    def on_click(self, event: Click) -> None:
        """Tell which one was meant."""
        verb = event.style.meta.get(_VERB)
        if verb:
            event.stop()
            self.post_message(self.Pressed(verb))

    def _draw(self) -> None:
        row, room = Content(""), self.size.width
        for verb, label in self._shown:
            button = Content.styled(f"[{label}]", Style.from_meta({_VERB: verb}))
            if row.cell_length + button.cell_length > room:
                break
            row += button + Content(" ")
        self.update(row.rstrip(), layout=False)
