"""The dialog that asks for a text: one of those there are, or one to type or paste."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Paste
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from rnnterm.explore.unrolled import LONGEST
from rnnterm.glyphs import fit, visible
from rnnterm.terminal import pipe_text, safe_line
from rnnterm.tui.hidden.subject import Source

_PREVIEW = 56


class PasteArea(TextArea):
    """A field of several lines that takes no more of a paste than is read."""

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=True, tab_behavior="focus")
        self.cursor_blink = False  # a screen at rest sends nothing
        self.left_out = 0

    async def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        self.take(event.text)

    def take(self, text: str) -> None:
        """Put in as much of a paste as is read."""
        self.focus()
        room = max(0, LONGEST - len(self.text) + len(self.selected_text))
        self.left_out = max(0, len(text) - room)
        self.replace(pipe_text(text[:room]), *self.selection)
        self.move_cursor(self.selection.end)


class TextDialog(ModalScreen[Source | None]):
    """Enter in the list takes a text at once; one that is typed is taken by its button or key."""

    DEFAULT_CSS = """
    TextDialog OptionList { margin: 1 0 0 0; background: $surface; }
    TextDialog TextArea, TextDialog TextArea:focus {
        height: 6; border: none; margin: 1 0 0 0; padding: 0 1; background: $panel;
    }
    TextDialog .dialog-hint { color: $foreground-muted; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "cancel", "cancel"),
        Binding("ctrl+r", "take", "read it", priority=True),
    ]

    def __init__(self, sources: Sequence[Source], typed: str = "") -> None:
        """`typed` is what the field begins with."""
        super().__init__()
        self._sources, self._typed = sources, typed

    def compose(self) -> ComposeResult:
        """The list over the field."""
        with Vertical(classes="dialog"):
            yield Static("Which text shall the network read?", markup=False)
            yield OptionList(*map(_option, self._sources), markup=False)
            yield PasteArea(self._typed)
            yield Static(
                f"Type or paste up to {LONGEST:,} characters; ctrl+r reads them.",
                classes="dialog-hint", markup=False,
            )  # fmt: skip
            yield Static("", classes="dialog-error", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button(Text("Read"), id="read", variant="primary")

    def on_mount(self) -> None:
        """Let the person type, unless there is something to choose."""
        if self._sources:
            self.query_one(OptionList).highlighted = 0
        else:
            self.query_one(OptionList).display = False
            self.query_one(PasteArea).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take one of those there are."""
        self.dismiss(self._sources[event.option_index])

    def on_text_area_changed(self) -> None:
        """Say what of a paste was left out; what was wrong before says nothing now."""
        area = self.query_one(PasteArea)
        told = ""
        if area.left_out:
            told = f"{area.left_out:,} characters of the paste were too many: the first are here"
            area.left_out = 0
        self._tell(told)

    def on_paste(self, event: Paste) -> None:
        """A paste is meant for the field, wherever the keys go."""
        event.stop()
        self.query_one(PasteArea).take(event.text)

    def on_button_pressed(self) -> None:
        """Take what is in the field."""
        self.action_take()

    def action_take(self) -> None:
        """See the bindings."""
        text = self.query_one(PasteArea).text
        if text:
            self.dismiss(Source("typed", text))
        else:
            self._tell("the field is empty: type or paste a text, or choose one of the list")

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)

    def _tell(self, error: str) -> None:
        self.query_one(".dialog-error", Static).update(safe_line(error))


def _option(source: Source) -> Option:
    line = Text(f"{source.label}\n", style="bold")
    line.append(f"  {fit(visible(source.text[:_PREVIEW]), _PREVIEW)}", style="not bold dim")
    return Option(line)
