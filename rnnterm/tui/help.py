"""The help screen: every key, from the action table."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.screen import ModalScreen
from textual.widgets import Static

from rnnterm.tui.actions import SCOPES, actions_of


class HelpScreen(ModalScreen[None]):
    """All actions by scope, the one that has the focus first."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,f1,enter", "dismiss", "back")]

    def __init__(self, scopes: list[str], keys: dict[str, str]) -> None:
        """`scopes` come first; `keys` are those that the settings give to actions."""
        super().__init__()
        self._scopes = list(dict.fromkeys([*scopes, *SCOPES]))
        self._keys = keys

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll(classes="dialog help"):
            yield Static(self._page())

    def _page(self) -> Table:
        page = Table.grid(padding=(0, 2))
        page.add_column(no_wrap=True, style="bold")
        page.add_column()
        for scope in self._scopes:
            page.add_row(Text(""), Text(SCOPES[scope], style="bold underline"))
            for action in actions_of(scope):
                keys = self._keys.get(action.name, action.keys)
                page.add_row(Text(spelled(keys)), Text(action.help))
        return page


def spelled(keys: str) -> str:
    """Keys as people write them: `+ or =`."""
    return " or ".join(format_key(key.strip()) for key in keys.split(","))
