"""A panel of a tab: a box with a title, or one line with its key figure where room is short."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click
from textual.reactive import reactive
from textual.widgets import Static

from rnnterm.tui.actions import actions_of
from rnnterm.tui.help import key_of


def bindings_for(scope: str) -> list[BindingType]:
    """The key bindings of a scope's actions; their ids let a settings file give them other keys."""
    return [
        Binding(
            action.keys,
            action.verb,
            action.label,
            id=action.name,
            tooltip=action.help,
            show=action.in_footer,
        )
        for action in actions_of(scope)
    ]


class Panel(Vertical, can_focus=True):
    """One panel; on a narrow screen all but the open one fold into their title lines.

    Subclasses set `TITLE` and `SCOPE`, give `BINDINGS`, and compose their content in
    `compose_body`. The class `-open` is given by the tab.

    Attributes:
        key_figure: what the folded panel tells, such as `val 1.47`; plain text.
    """

    TITLE: ClassVar[str] = ""
    SCOPE: ClassVar[str] = ""

    key_figure: reactive[str] = reactive("")

    def compose(self) -> ComposeResult:
        """The title line of the folded panel, and its body."""
        yield Static("", classes="panel-line", markup=False)
        with Vertical(classes="panel-body"):
            yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """The content of the open panel."""
        yield from ()

    def on_mount(self) -> None:
        """Show the title in the border."""
        self.border_title = self.TITLE
        self.watch_key_figure()

    def watch_key_figure(self) -> None:
        """Show a new key figure in the folded line."""
        for line in self.query(".panel-line").results(Static):
            line.update(f"▸ {self.TITLE:<12} {self.key_figure}".rstrip(), layout=False)

    def key_of(self, name: str) -> str:
        """The key of an action, for a text that tells what to press."""
        return key_of(name, self.app.settings)  # type: ignore[attr-defined]

    def on_click(self, event: Click) -> None:
        """A click opens a folded panel."""
        if not self.has_focus_within:
            self.focus()
