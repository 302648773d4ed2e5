"""The tab Runs's part of the action table."""

from rnnterm.tui.action import Action

ACTIONS = (
    Action("runs.attach", "enter", "attach", "Show this run on the tab Text."),
    Action("runs.compare", "space", "compare", "Mark this run; marked runs' curves are compared."),
    Action("runs.rename", "n", "rename", "Give this run another name."),
    Action("runs.delete", "d,delete", "delete", "Delete this run; asks first."),
)
