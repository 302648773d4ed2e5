"""The help screen: every key, from the action table."""

import textwrap
from string import digits
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.keys import format_key
from textual.screen import ModalScreen

from rnnterm.settings import Settings
from rnnterm.tui.actions import ACTIONS, SCOPES, actions_of
from rnnterm.tui.widgets.rows import Row, Rows

_GAP = 2
_NARROWEST = 10  # columns for a sentence; less is cut off


class HelpScreen(ModalScreen[None]):
    """All actions by scope, the one that has the focus first; made once, and shown again."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,f1,enter", "dismiss", "back")]

    def __init__(self, settings: Settings) -> None:
        """The settings may give actions other keys."""
        super().__init__()
        self._page = HelpPage(settings)

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll(classes="dialog help"):
            yield self._page

    def put_first(self, scopes: list[str]) -> None:
        """Have the actions of these scopes stand before all others."""
        self._page.arrange_scopes(list(dict.fromkeys([*scopes, *SCOPES])))
        for box in self.query(VerticalScroll):
            box.scroll_home(animate=False)


class HelpPage(Rows):
    """A heading and a row for each action; only the rows that are to be seen are drawn."""

    DEFAULT_CSS = "HelpPage { height: auto; }"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._scopes = list(SCOPES)
        self._keys = {
            action.name: spelled(
                settings.keys.get(action.name, action.keys), ascii_only=settings.ascii
            )
            for action in ACTIONS
        }

    def arrange_scopes(self, scopes: list[str]) -> None:
        """Show the scopes in another order."""
        self._scopes = scopes
        self.show(self._page(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are at this width."""
        rows = self._page(width)
        self.show(rows)
        return len(rows)

    def _page(self, width: int) -> list[Row]:
        """The actions under their scopes' headings, all with the same column of keys."""
        key_width = max(map(cell_len, self._keys.values())) + _GAP
        rows: list[Row] = []
        for scope in self._scopes:
            rows += [[], [(SCOPES[scope], "heading")]]
            for action in actions_of(scope):
                key = self._keys[action.name]
                for line in textwrap.wrap(action.help, max(width - key_width, _NARROWEST)):
                    rows.append([(set_cell_size(key, key_width), "bold"), (line, "")])
                    key = ""
        return rows[1:]


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
