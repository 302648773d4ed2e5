"""The app: tabs under one top line, with keys, palette and help from the action table."""

import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual._compositor import ChopsUpdate
from textual.app import App, ComposeResult, ScreenError, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import DescendantFocus, Event, Key, MouseDown, Paste
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.widgets import ContentSwitcher, Input, Tab, Tabs

from rnnterm.runs.folder import RunFolder
from rnnterm.settings import Settings
from rnnterm.terminal import safe_line
from rnnterm.tui.actions import ACTIONS, TABS, tab_of
from rnnterm.tui.ascii_only import AsciiOnly
from rnnterm.tui.clipboard import send_to_clipboard
from rnnterm.tui.driver import PromptDriver
from rnnterm.tui.ending import INTERRUPTED, end_on_signals
from rnnterm.tui.flood import KeyFlood
from rnnterm.tui.footer import Footer
from rnnterm.tui.help import HelpScreen, key_of
from rnnterm.tui.messages import ModelSpeaks, RunAttached, RunSeen
from rnnterm.tui.painting import NarrowUpdate, PromptScreen
from rnnterm.tui.panel import Panel, bindings_for
from rnnterm.tui.report import write_report
from rnnterm.tui.tabs import TabContent, make_tab
from rnnterm.tui.text.tab import TextTab
from rnnterm.tui.top_line import TopLine

if TYPE_CHECKING:
    from rnnterm.tui.hidden.subject import SeriesSubject


_LONGEST_LINE = 20_000  # characters of a paste: a field draws all of its text for each key


class RnntermApp(App[None]):
    """The full-screen app.

    Attributes:
        settings: what the person's settings file says.
        runs: the folder of runs.
        first_model: the model that speaks when the app starts.
    """

    CSS_PATH = "styles.tcss"
    TITLE = "rnnterm"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (100, "-wide"),
        (160, "-broad"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("app")

    def __init__(self, settings: Settings, runs: Path, first_model: str = "shakespeare") -> None:
        super().__init__()
        self.settings, self.runs, self.first_model = settings, runs, first_model
        self._ascii_only = AsciiOnly(enabled=settings.ascii)
        self.set_keymap(settings.keys)

    def get_driver_class(self) -> type[Driver]:
        """How keys are read; a terminal that is none, as in tests, has its own way."""
        usual = super().get_driver_class()
        return PromptDriver if usual is LinuxDriver else usual

    def get_default_screen(self) -> Screen[None]:
        """The screen under all others."""
        return PromptScreen(id="_default")

    async def on_event(self, event: Event) -> None:
        """Have a key answered at once, and a paste of several lines into a field of one told."""
        if isinstance(event, Key | MouseDown):
            self.hurry()
        if isinstance(event, Paste) and not event.is_forwarded and isinstance(self.focused, Input):
            event.text = self._first_line(event.text)
        await super().on_event(event)

    def _first_line(self, text: str) -> str:
        """What a field of one line takes of a paste; says what it does not."""
        first, *rest = text.strip("\r\n").splitlines() or [""]
        if rest:
            lines = "line" if len(rest) == 1 else "lines"
            self.say(f"this field takes one line: {len(rest):,} {lines} of the paste left out")
        if len(first) > _LONGEST_LINE:
            left = f"{len(first) - _LONGEST_LINE:,} characters of the paste left out"
            self.say(f"this field takes {_LONGEST_LINE:,} characters: {left}")
        return first[:_LONGEST_LINE]

    async def on_key_flood(self, flood: KeyFlood) -> None:
        """Take a text that came as keys for a paste, where there is something that takes one."""
        nodes = self._focused_nodes() or [self.screen]
        takes_pastes = any(
            hasattr(node, "_on_paste") or hasattr(node, "on_paste") for node in nodes
        )
        if flood.is_text and takes_pastes:
            await self.on_event(Paste(flood.text))
        elif flood.is_text:
            self.say(f"a paste of {flood.keys:,} characters was ignored: open a field first")
        else:
            self.say(f"{flood.keys:,} keys came at once and were ignored: they are no text")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What is done to each line before it is sent."""
        filters = super().get_line_filters()
        return [*filters, self._ascii_only] if self._ascii_only.enabled else filters

    def get_key_display(self, binding: Binding) -> str:
        """A key in the footer."""
        glyph = super().get_key_display(binding)
        return binding.key if self.settings.ascii and not glyph.isascii() else glyph

    def compose(self) -> ComposeResult:
        """Top line, tabs, the tab's content, footer."""
        yield TopLine()
        keys = {name: key_of(f"app.tab_{name}", self.settings) for name in TABS}
        yield Tabs(*(Tab(Content(f"{keys[name]} {TABS[name]}"), id=name) for name in TABS))
        with ContentSwitcher(initial="text-tab"):
            yield make_tab("text")
        yield Footer()

    def on_mount(self) -> None:
        """Take the theme, and have signals end the app in order."""
        if self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        else:
            self.notify(safe_line(f"there is no theme {self.settings.theme}"), severity="warning")
        self.call_after_refresh(gc.freeze)  # else to look for garbage takes a key's time, and more
        end_on_signals(partial(self.exit, return_code=INTERRUPTED), self._give_terminal_back)

    def _give_terminal_back(self) -> None:
        """At the last: a terminal that is gone, or a long calculation, keeps the app busy."""
        if isinstance(self._driver, PromptDriver):
            self._driver.give_terminal_back()

    def has_keys_waiting(self) -> bool:
        """See `KeyTaker`."""
        with suppress(ScreenError):  # there is no screen, so it waits for nothing
            takers = (self, self.focused or self.screen)
            return any(taker.message_queue_size for taker in takers)
        return False

    def _handle_exception(self, error: Exception) -> None:
        """A failure that nobody expected: into the log, and one line for the person."""
        if self._exit and isinstance(error, NoMatches):
            return  # whoever draws while the widgets are taken down finds some gone
        if self.is_headless:  # a test wants the failure itself
            super()._handle_exception(error)
            return
        self._return_code = 1
        self.panic(Text(safe_line(write_report(error))))

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send what changed, and no more."""
        if isinstance(renderable, ChopsUpdate):
            renderable = NarrowUpdate.of(renderable)
        super()._display(screen, renderable)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """What fills the screen is where the keys go: another panel takes over, a tab ends it."""
        if not event.widget.is_attached:  # the app ends
            return
        screen, nodes = event.widget.screen, event.widget.ancestors_with_self
        if screen.maximized is not None and screen.maximized not in nodes:
            screen.maximized = next((node for node in nodes if isinstance(node, Panel)), None)

    # What tabs and panels tell; a message may arrive when the widgets are gone already

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        """Show the tab that was clicked or chosen."""
        shown = self.query(ContentSwitcher)  # none where the app has ended meanwhile
        if event.tabs.is_attached and shown and shown.first().current != f"{event.tab.id}-tab":
            self.show_tab(str(event.tab.id))

    def on_model_speaks(self, message: ModelSpeaks) -> None:
        """Tell in the top line who speaks, and to who looks into the model."""
        for line in self.query(TopLine):
            line.show_speaker(message.name, message.label)
        for tab in self.query(TabContent):
            tab.hear_speaker()

    def on_run_seen(self, message: RunSeen) -> None:
        """Tell in the top line how the run is doing."""
        for line in self.query(TopLine):
            line.show_run(message.view)

    def on_run_attached(self, message: RunAttached) -> None:
        """Clear the top line where no run is watched any more."""
        for line in self.query(TopLine) if message.run is None else ():
            line.show_run(None)

    def attach(self, run: RunFolder) -> None:
        """Watch a run on the tab Text."""
        self.query_one(TextTab).attach(run)
        self.show_tab("text")

    def explore_forecaster(self, subject: "SeriesSubject") -> None:
        """Look into the cells of a forecaster on the tab Hidden state."""
        from rnnterm.tui.hidden.tab import HiddenTab

        def look(tab: TabContent) -> None:
            assert isinstance(tab, HiddenTab)
            tab.open_forecaster(subject)

        self.show_tab("hidden", then=look)

    def hurry(self) -> None:
        """Paint the next change at once, and not when a frame is due."""
        if isinstance(self.screen, PromptScreen):
            self.screen.hurry()

    def say(self, line: str) -> None:
        """A short notice."""
        self.notify(safe_line(line), markup=False)

    def copy(self, text: str) -> None:
        """Send a text to the terminal's clipboard, and say what can be said about it."""
        self.say(send_to_clipboard(self, text))

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the tab Text has panels that the screen could be given to."""
        return action != "toggle_maximize" or self._focused_panel() is not None

    def show_tab(
        self,
        name: str,
        scope: str = "",
        verb: str = "",
        then: Callable[[TabContent], None] = lambda tab: None,
    ) -> None:
        """Go to a tab, and `then` do something; or the action `verb` of a scope that is named."""
        switcher = self.query_one(ContentSwitcher)
        found = switcher.query(f"#{name}-tab")
        tab = found.first(TabContent) if found else make_tab(name)
        if not found:
            switcher.mount(tab)
        if switcher.current != f"{name}-tab":
            self._leave_tab()
            switcher.current = f"{name}-tab"
            self.query_one(Tabs).active = name

        def arrive() -> None:
            if not tab.is_attached:  # the app has ended meanwhile
                return
            tab.take_focus_again()
            then(tab)
            if not found:
                gc.freeze()
            if verb:
                self.call_later(getattr(tab.go_to(scope), f"action_{verb}"))

        if tab.is_mounted:
            # To move the focus takes longer than to show the tab, and is not what one waits for.
            if isinstance(self.screen, PromptScreen):
                self.screen.paint(anew=True)
            arrive()
        else:  # once it has its parts
            self.screen.set_focus(None)
            tab.call_after_refresh(arrive)

    def _leave_tab(self) -> None:
        """What fills the screen does so no more; the tab will know where the keys went."""
        self.screen.minimize()
        for tab in self.query(TabContent):
            if tab.display:
                tab.keep_focus()

    def action_tab_text(self) -> None:
        """See the action table, as for all below."""
        self.show_tab("text")

    def action_tab_hidden(self) -> None:
        self.show_tab("hidden")

    def action_tab_forecast(self) -> None:
        self.show_tab("forecast")

    def action_tab_runs(self) -> None:
        self.show_tab("runs")

    def action_help(self) -> None:
        scopes = [getattr(node, "SCOPE", "") for node in self._focused_nodes()]
        self._help.put_first([scope for scope in scopes if scope])
        self.push_screen(self._help)

    def action_toggle_maximize(self) -> None:
        if self.screen.maximized:
            self.screen.minimize()
            return
        panel = self._focused_panel()
        if panel is None:
            self.say("there is no panel here to give the screen to")
        else:
            self.screen.maximize(panel, container=False)

    def action_next_theme(self) -> None:
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.say(f'theme {self.theme}; keep it with: theme = "{self.theme}" in the settings')

    def action_leave_field(self) -> None:
        if self.screen.maximized:
            self.screen.minimize()
            return
        if (panel := self._focused_panel()) is not None:
            panel.focus()
            return
        closing = [node for node in self._focused_nodes() if hasattr(node, "action_close")]
        for node in closing[:1]:
            node.action_close()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: the action table, and Textual's own themes and screenshot."""
        for action in ACTIONS:
            yield SystemCommand(
                f"{action.scope}: {action.label}",
                action.help,
                lambda name=action.name: self.perform(name),
            )
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Screenshot"):
                yield command

    def perform(self, name: str) -> None:
        """Do an action of the table by its name, wherever the focus is; open dialogs are left."""
        while isinstance(self.screen, ModalScreen):
            self.screen.dismiss(None)
        scope, _, verb = name.partition(".")
        if scope == "app":
            self.call_later(getattr(self, f"action_{verb}"))
        else:
            self.show_tab(tab_of(scope), scope, verb)

    @cached_property
    def _help(self) -> HelpScreen:
        """The help screen, made when it is first wanted and then kept."""
        screen = HelpScreen(self.settings)
        self.install_screen(screen, "help")
        return screen

    def _focused_panel(self) -> Panel | None:
        """The panel that the keys go to."""
        return next((node for node in self._focused_nodes() if isinstance(node, Panel)), None)

    def _focused_nodes(self) -> list[DOMNode]:
        """The widget that has the focus, and what it lies in, inside out."""
        return list(self.focused.ancestors_with_self) if self.focused else []
