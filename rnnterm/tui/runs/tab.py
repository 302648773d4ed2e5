"""The tab Runs."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Container

from rnnterm.tui.panel import bindings_for


class RunsTab(Container):
    """To be filled."""

    SCOPE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("runs")

    def take_focus(self) -> None: ...
