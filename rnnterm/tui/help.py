"""The help screen: every key, from the action table."""

from string import digits
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.screen import ModalScreen
from textual.widgets import Static

from rnnterm.settings import Settings
from rnnterm.tui.actions import ACTIONS, SCOPES, actions_of


class HelpScreen(ModalScreen[None]):
    """All actions by scope, the one that has the focus first."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,f1,enter", "dismiss", "back")]

    def __init__(self, scopes: list[str], settings: Settings) -> None:
        """`scopes` come first; the settings may give actions other keys."""
        super().__init__()
        self._scopes = list(dict.fromkeys([*scopes, *SCOPES]))
        self._settings = settings

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll(classes="dialog help"):
            yield Static(self._page())

    def _page(self) -> Group:
        """A table under each heading; all with the same column of keys."""
        settings = self._settings
        keys = {
            action.name: spelled(
                settings.keys.get(action.name, action.keys), ascii_only=settings.ascii
            )
            for action in ACTIONS
        }
        width = max(map(cell_len, keys.values()))
        parts: list[Text | Table] = []
        for scope in self._scopes:
            table = Table.grid(padding=(0, 2))
            table.add_column(no_wrap=True, style="bold", width=width)
            table.add_column()
            for action in actions_of(scope):
                table.add_row(Text(keys[action.name]), Text(action.help))
            parts += [Text(SCOPES[scope], style="bold underline"), table, Text("")]
        return Group(*parts[:-1])


def key_of(name: str, settings: Settings) -> str:
    """The first key of an action as people write it, as the settings give it."""
    usual = next(action.keys for action in ACTIONS if action.name == name)
    return spelled(settings.keys.get(name, usual).split(",")[0], ascii_only=settings.ascii)


def spelled(keys: str, *, ascii_only: bool = False) -> str:
    """Keys as people write them: `+ / =`, and `1–9` for digits in a row."""
    names = [key.strip() for key in keys.split(",")]
    if len(names) > 2 and "".join(names) in digits:
        return f"{names[0]}–{names[-1]}"
    return " / ".join(_spelled(name, ascii_only=ascii_only) for name in names)


def _spelled(key: str, *, ascii_only: bool) -> str:
    """A key by its glyph, or by its name where that would be no ASCII."""
    glyph = format_key(key)
    return key if ascii_only and not glyph.isascii() else glyph
