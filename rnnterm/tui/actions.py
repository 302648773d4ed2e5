"""The action table: every action of the app, once.

Key bindings, the footer, the help screen, the command palette and the names that a settings file
may give other keys to all come from here. It imports nothing of Textual, so that
`rnnterm config check` can read it at no cost.
"""

from rnnterm.tui.action import Action
from rnnterm.tui.forecast import actions as forecast
from rnnterm.tui.hidden import actions as hidden
from rnnterm.tui.runs import actions as runs
from rnnterm.tui.text import actions as text

SCOPES = {
    "app": "Everywhere",
    "text": "On the tab Text",
    "corpus": "Corpus",
    "model": "Model",
    "training": "Training",
    "sample": "Live sample",
    "hidden": "On the tab Hidden state",
    "gradients": "Gradients",
    "tiny": "Tiny network",
    "forecast": "On the tab Forecast",
    "runs": "On the tab Runs",
}
"""Scopes with their headings, in the order of the help screen."""

TABS = {"text": "Text", "hidden": "Hidden state", "forecast": "Forecast", "runs": "Runs"}
"""Tabs with their titles; each is a scope, too."""

_PARTS = {"hidden": ("gradients", "tiny"), "text": ("corpus", "model", "training", "sample")}

_APP = (
    Action("app.quit", "q,ctrl+q", "quit", "Leave; a training goes on without the app."),
    Action("app.help", "question_mark,f1", "help", "Show every key."),
    Action("app.tab_text", "1", "text", "Go to the tab Text.", in_footer=False),
    Action("app.tab_hidden", "2", "hidden", "Go to the tab Hidden state.", in_footer=False),
    Action("app.tab_forecast", "3", "forecast", "Go to the tab Forecast.", in_footer=False),
    Action("app.tab_runs", "5", "runs", "Go to the tab Runs.", in_footer=False),
    Action("app.toggle_maximize", "z", "zoom", "Give the panel the whole screen, or back."),
    Action("app.next_theme", "ctrl+t", "theme", "Try the next colour theme.", in_footer=False),
    Action("app.leave_field", "escape", "back", "Leave the field or dialog.", in_footer=False),
)

ACTIONS = (*_APP, *text.ACTIONS, *hidden.ACTIONS, *forecast.ACTIONS, *runs.ACTIONS)
"""All actions, in the order in which help and footer show them."""


def tab_of(scope: str) -> str:
    """The tab that a scope lies in, or is."""
    return next((tab for tab, parts in _PARTS.items() if scope in parts), scope)


def actions_of(scope: str) -> tuple[Action, ...]:
    """The actions of one scope."""
    return tuple(action for action in ACTIONS if action.scope == scope)
