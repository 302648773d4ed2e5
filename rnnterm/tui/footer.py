"""The last line of the screen: the keys that work now, from the action table.

It is one line of text. Textual's own footer is a widget for each key, made and styled anew whenever
the focus moves: of an answer to a key, that was the longest part.
"""

from dataclasses import dataclass

from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Click, MouseMove
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget

_SIXTEEN_COLORS = "standard"  # as Rich names it
_PLACE = "place"
"""The key of the meta data that tells a mouse event which entry lies under it."""


@dataclass(frozen=True)
class FooterKey:
    """A key of the footer: how it is written, what it does in a word, and in a sentence."""

    key: str
    display: str
    label: str
    help: str


class Footer(Widget):
    """As many keys with their labels as fit; the palette's on the right. A click presses one.

    Attributes:
        keys: what works now; the palette's key is the last.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"footer--key"}  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    Footer {
        dock: bottom; height: 1; text-wrap: nowrap; text-overflow: clip;
        color: $footer-foreground; background: $footer-background;
    }
    Footer > .footer--key { color: $footer-key-foreground; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[FooterKey] = []

    def on_mount(self) -> None:
        """Hear of it when other keys work."""
        self.screen.bindings_updated_signal.subscribe(self, self._find_keys)

    def on_unmount(self) -> None:
        """Hear no more."""
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _find_keys(self, screen: Screen[object]) -> None:
        """Show the keys of the focused widget, of what it lies in, and of the app."""
        if screen is not self.screen or not self.app.app_focus:
            return
        active = screen.active_bindings
        shown: dict[str, ActiveBinding] = {}
        for each in active.values():
            if each.binding.show:
                shown.setdefault(each.binding.action, each)
        palette = active.get(self.app.COMMAND_PALETTE_BINDING)
        keys = [
            FooterKey(
                each.binding.key,
                self.app.get_key_display(each.binding),
                each.binding.description,
                each.tooltip or each.binding.description,
            )
            for each in (*shown.values(), *((palette,) if palette is not None else ()))
        ]
        if keys != self.keys:
            self.keys = keys
            self.refresh()

    def render(self) -> Content:
        """The keys and their labels; the palette's stand alone at the right end."""
        key_style = self.get_visual_style("footer--key")
        if self.app.console.color_system == _SIXTEEN_COLORS:  # the accent is bright red on grey
            key_style = Style(bold=True, underline=True)
        entries = [
            Content.assemble((each.display, key_style), f" {each.label}").stylize(
                Style.from_meta({_PLACE: place})
            )
            for place, each in enumerate(self.keys)
        ]
        if not entries:
            return Content("")
        *usual, palette = entries
        palette = Content("▏") + palette + Content(" ")
        left, room = Content(""), self.size.width - palette.cell_length
        for entry in usual:
            if left.cell_length + entry.cell_length > room:
                break
            left += entry + Content(" ")
        return left.truncate(room, pad=True) + palette

    def on_mouse_move(self, event: MouseMove) -> None:
        """The sentence about the key under the mouse is its tooltip."""
        key = self._key_at(event)
        if self.tooltip != (told := key.help if key is not None else None):
            self.tooltip = told

    def on_click(self, event: Click) -> None:
        """Do as if the key was pressed."""
        key = self._key_at(event)
        if key is not None:
            event.stop()
            self.app.simulate_key(key.key)

    def _key_at(self, event: Click | MouseMove) -> FooterKey | None:
        place = event.style.meta.get(_PLACE)
        return self.keys[place] if place is not None and place < len(self.keys) else None
