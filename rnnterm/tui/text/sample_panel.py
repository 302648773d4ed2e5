"""The panel Live sample."""

from typing import ClassVar

from textual.binding import BindingType

from rnnterm.tui.panel import Panel, bindings_for


class SamplePanel(Panel):
    """To be filled."""

    TITLE = "Live sample"
    SCOPE = "sample"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("sample")

    def use_corpus(self, corpus: object) -> None: ...
    def use_recipe(self, recipe: object) -> None: ...
    def see_run(self, view: object) -> None: ...
    def attach(self, run: object) -> None: ...
    def speak_from(self, run: object, step: int) -> None: ...
