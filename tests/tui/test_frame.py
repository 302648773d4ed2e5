"""The app's frame: zoom, footer, help, palette, and every action by its key."""

import asyncio
from pathlib import Path

import pytest
from made_runs import made_run
from rich.console import Console
from textual.command import CommandPalette
from textual.widgets import OptionList, Static, Tab
from waiting import until

from rnnterm.settings import Settings
from rnnterm.tui.actions import ACTIONS
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.dialogs import Confirm
from rnnterm.tui.footer import Footer
from rnnterm.tui.forecast.tab import ForecastTab
from rnnterm.tui.help import HelpPage, HelpScreen, spelled
from rnnterm.tui.hidden.tab import HiddenTab
from rnnterm.tui.hidden.tool import Tool
from rnnterm.tui.open_dialog import OpenDialog
from rnnterm.tui.panel import Panel
from rnnterm.tui.runs.tab import RunsTab
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.text.tab import TextTab

NARROW, USUAL, BROAD = (80, 24), (120, 36), (200, 50)


def in_app(runs, act, size=USUAL, **settings):
    """Do something in an app with a short text."""

    async def run():
        app = RnntermApp(Settings(corpus="othello", **settings), Path(runs))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(run())


def scope_of_focus(app: RnntermApp) -> str:
    """The scope whose keys work."""
    nodes = app.focused.ancestors_with_self if app.focused else []
    return next((scope for node in nodes if (scope := getattr(node, "SCOPE", ""))), "app")


@pytest.mark.parametrize("size", [NARROW, USUAL, BROAD])
def test_what_fills_the_screen_is_what_the_keys_go_to(tmp_path, size):
    async def act(app, pilot):
        await pilot.press("c", "z")
        for key, scope in (("s", "sample"), ("t", "training"), ("m", "model")):
            await pilot.press(key)
            await until(pilot, lambda scope=scope: scope == app.screen.maximized.SCOPE)
            shown = app.screen.maximized
            assert scope_of_focus(app) == scope
            assert shown.size.height > size[1] // 2
            assert shown.query_one(".panel-body").display
        await pilot.press("5")
        await until(pilot, lambda: app.screen.maximized is None)
        await until(pilot, lambda: app.query_one(RunsTab).has_focus_within)
        await pilot.press("1", "z", "z")
        assert app.screen.maximized is None

    made_run(tmp_path, "bold-otter")
    in_app(tmp_path, act, size)


def test_the_palette_minimizes_what_is_not_meant(tmp_path):
    async def act(app, pilot):
        await pilot.press("c", "z")
        app.perform("runs.compare")
        await until(pilot, lambda: app.screen.maximized is None)
        await until(pilot, lambda: app.query("RunsTab LossChart"))  # the tab is whole

    in_app(tmp_path, act)


def test_runs_does_not_offer_a_zoom(tmp_path):
    async def act(app, pilot):
        keys = lambda: {each.label for each in app.query_one(Footer).keys}  # noqa: E731
        await until(pilot, lambda: "zoom" in keys())
        await pilot.press("5")
        await until(pilot, lambda: "rename" in keys() and "zoom" not in keys())
        await pilot.press("z")
        assert app.screen.maximized is None

    made_run(tmp_path, "bold-otter")
    in_app(tmp_path, act)


@pytest.mark.parametrize("key", ["c", "m", "t", "s", "2", "3", "5"])
def test_the_footer_fits_80_columns(tmp_path, key):
    async def act(app, pilot):
        await pilot.press(key)
        scope = scope_of_focus(app)
        first = next(one for one in ACTIONS if one.scope == scope and one.in_footer).label
        footer = app.query_one(Footer)
        await until(pilot, lambda: first in [each.label for each in footer.keys])
        *usual, palette = footer.keys
        assert {"quit", "help"} <= {each.label for each in usual}
        assert palette.label == "palette"
        shown = footer.render_line(0).text
        for each in footer.keys:  # none was left out for want of room
            assert f"{each.display} {each.label}" in shown

    made_run(tmp_path, "bold-otter")
    in_app(tmp_path, act, NARROW)


def test_help_shows_each_action_in_one_row_at_80_columns(tmp_path):
    async def act(app, pilot):
        await pilot.press("m", "f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        page = app.screen.query_one(HelpPage)
        await until(pilot, lambda: page.size.height)
        rows = [
            "".join(segment.text for segment in page.render_line(row))
            for row in range(page.size.height)
        ]
        assert rows[0].startswith("Model")
        for action in ACTIONS:
            assert any(
                row.startswith(spelled(action.keys)) and row.rstrip().endswith(action.help)
                for row in rows
            ), action.name

    in_app(tmp_path, act, NARROW)


def test_keys_are_spelled_as_people_write_them():
    assert spelled("1,2,3,4,5,6,7,8,9") == "1–9"
    assert spelled("plus,equals_sign") == "+ / ="
    assert spelled("1,2") == "1 / 2"


def test_texts_tell_the_keys_that_the_settings_give(tmp_path):
    keys = {
        "app.tab_text": "f2", "app.tab_runs": "f5", "text.open_training": "f6",
        "training.start": "f7", "model.reset": "f8",
    }  # fmt: skip

    async def act(app, pilot):
        tabs = [str(tab.label) for tab in app.query(Tab)]
        assert tabs == ["f2 Text", "2 Hidden state", "3 Forecast", "f5 Runs"]
        await pilot.press("m", "down", "down", "down", "enter")
        await pilot.press(*["backspace"] * 3, *"32", "enter")
        meaning = app.query_one(".model-meaning", Static)
        await until(pilot, lambda: "(f8)" in str(meaning.content))
        await pilot.press("f5")
        empty = app.query_one("#runs-empty", Static)
        await until(pilot, lambda: "key f6" in str(empty.content))
        assert "key f2" in str(empty.content)
        assert str(empty.content).endswith("f7.")

    in_app(tmp_path, act, keys=keys)


def test_the_palette_leaves_open_dialogs(tmp_path):
    answers = []

    async def act(app, pilot):
        app.push_screen(Confirm("Sure?"), answers.append)
        await pilot.press("f1")
        app.perform("text.open_model")
        await until(pilot, lambda: scope_of_focus(app) == "model")
        assert len(app.screen_stack) == 1

    in_app(tmp_path, act)
    assert answers == [None]


def test_the_palette_finds_an_action_and_does_it(tmp_path):
    async def act(app, pilot):
        before = app.theme
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"app: theme")
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 1)
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await until(pilot, lambda: app.theme != before)

    in_app(tmp_path, act)


def owner_of(scope: str) -> type:
    """The class that has a scope's methods."""
    kinds = [
        RnntermApp, TextTab, HiddenTab, ForecastTab, RunsTab,
        *Panel.__subclasses__(), *Tool.__subclasses__(),
    ]  # fmt: skip
    for kind in kinds:
        kinds += [each for each in kind.__subclasses__() if each not in kinds]
    return next(
        kind
        for kind in kinds
        if getattr(kind, "SCOPE", "app" if kind is RnntermApp else "") == scope
    )


GO_TO = {
    "corpus": "c", "model": "m", "training": "t", "sample": "s", "runs": "5",
    "hidden": "2", "forecast": "3", "gradients": "2g", "tiny": "2w",
}  # fmt: skip
SCOPE_OF = {key: scope for scope, key in GO_TO.items()}


def test_nothing_is_painted_while_nothing_changes(tmp_path, monkeypatch):
    painted: list[object] = []
    display = RnntermApp._display

    def displayed(self, screen, renderable):
        painted.append(renderable)
        display(self, screen, renderable)

    monkeypatch.setattr(RnntermApp, "_display", displayed)

    async def act(app, pilot):
        await pilot.press("s", "space")  # the sample pauses
        for _ in range(50):  # what is still to be painted has its chance, scroll bars too
            painted.clear()
            await pilot.pause(0.2)
            if not painted:
                return
        raise AssertionError("it paints for ever")

    made_run(tmp_path, "bold-otter")
    in_app(tmp_path, act)


def test_keys_go_back_to_the_panel_that_had_them(tmp_path):
    async def act(app, pilot):
        for panel in "msct":
            await pilot.press(panel)
            had = app.focused
            await pilot.press("5")
            await until(pilot, lambda: app.query_one(RunsTab).has_focus_within)
            await pilot.press("1")
            await until(pilot, lambda: app.focused is had)  # noqa: B023
            assert [each for each in app.query(Panel) if each.has_class("-open")] == [had]

    made_run(tmp_path, "bold-otter")
    in_app(tmp_path, act)


@pytest.mark.parametrize("way", ["key", "palette"])
def test_every_action_is_reached(tmp_path, monkeypatch, way):
    """By its key where its scope has the focus, and by its name from anywhere."""
    made_run(tmp_path, "bold-otter")
    done: list[str] = []
    kept = {  # what the test walks with
        "app.tab_text", "app.tab_hidden", "app.tab_forecast", "app.tab_runs", "hidden.gradients",
        "hidden.tiny", "hidden.close", "text.open_sample", "app.leave_field",
    }  # fmt: skip
    for action in ACTIONS:
        owner = owner_of(action.scope)
        original = getattr(owner, f"action_{action.verb}")

        def reached(self, name=action.name, original=original):
            done.append(name)
            return original(self) if name in kept or name.startswith("text.") else None

        monkeypatch.setattr(owner, f"action_{action.verb}", reached)

    async def act(app, pilot):
        app.query_one(SamplePanel)._is_paused = True  # so that numbers choose
        for action in ACTIONS:
            if way == "palette":
                app.perform(action.name)
            else:
                here = GO_TO.get(action.scope, "m")
                if scope_of_focus(app) != SCOPE_OF[here]:
                    await pilot.press("escape", *"1m", *here)  # out of a tool, too
                    await until(pilot, lambda: scope_of_focus(app) == SCOPE_OF[here])  # noqa: B023
                key = action.keys.split(",")[0]
                if action.scope == "app":  # where the keys go to may be another place then
                    await pilot.press(key)
                else:  # no waiting for an idle processor
                    app.simulate_key(key)
            await until(pilot, lambda: action.name in done, 5)  # noqa: B023

    in_app(tmp_path, act)


@pytest.mark.parametrize("key", ["s", "2", "5"])
def test_nothing_is_written_in_its_background_colour_in_a_light_theme(tmp_path, key):
    async def act(app, pilot):
        await pilot.press(key)
        await until(pilot, lambda: app.screen_stack and scope_of_focus(app) == SCOPE_OF[key])
        await until(pilot, lambda: app.query_one(SamplePanel).voice)
        await pilot.pause(0.1)
        update = app.screen._compositor.render_update(full=True)
        console = Console(width=120, height=36, force_terminal=True, color_system="truecolor")
        seen = 0
        for text, style, _ in console.render(update):
            if text.strip(" ▀") and style is not None and style.color and style.bgcolor:
                seen += 1
                assert style.color != style.bgcolor, text
        assert seen > 20

    made_run(tmp_path, "bold-otter")
    in_app(tmp_path, act, theme="textual-light")


def test_without_colours_the_chosen_line_of_a_dialog_has_a_shape(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def act(app, pilot):
        await pilot.press("c", "enter")
        await until(pilot, lambda: isinstance(app.screen, OpenDialog))
        options = app.screen.query_one(OptionList)
        chosen = 2 * options.highlighted
        lines = [options.render_line(row) for row in (chosen, chosen + 2)]
        marks = [any(part.style and part.style.underline for part in line) for line in lines]
        assert marks == [True, False]

    in_app(tmp_path, act)
