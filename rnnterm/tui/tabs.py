"""What tabs show; each is made when it is first gone to, and costs the start nothing."""

from importlib import import_module

from textual.containers import Container
from textual.dom import DOMNode
from textual.widget import Widget

_WHERE = {
    "text": "rnnterm.tui.text.tab:TextTab",
    "hidden": "rnnterm.tui.hidden.tab:HiddenTab",
    "forecast": "rnnterm.tui.forecast.tab:ForecastTab",
    "runs": "rnnterm.tui.runs.tab:RunsTab",
}


class TabContent(Container):
    """What a tab shows; a tab is a scope of the action table, and its parts may be others."""

    SCOPE: str

    _kept: Widget | None = None  # the part that had the keys when another tab was gone to

    def take_focus(self) -> None:
        """Let the keys go to its usual part."""
        self.focus()

    def keep_focus(self) -> None:
        """Remember which part has the keys, for when the tab is gone to again."""
        focused = self.screen.focused
        self._kept = focused if focused is not None and self in focused.ancestors else None

    def take_focus_again(self) -> None:
        """Let the keys go where they went before, or to the usual part."""
        kept = self._kept
        if kept is not None and kept.is_attached and kept.focusable:
            self.screen.set_focus(kept)
        else:
            self.take_focus()

    def go_to(self, scope: str) -> DOMNode:
        """The part that has this scope's actions, ready for them."""
        del scope
        return self

    def hear_speaker(self) -> None:
        """Another model speaks in the panel Live sample."""


def make_tab(name: str) -> TabContent:
    """The content of a tab."""
    module, _, kind = _WHERE[name].partition(":")
    made = getattr(import_module(module), kind)(id=f"{name}-tab")
    assert isinstance(made, TabContent)
    return made
