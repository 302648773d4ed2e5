"""The panel Training by mouse: its row of buttons, and the wheel over its chart."""

import asyncio

from made_runs import made_run
from textual.events import MouseScrollDown, MouseScrollUp
from training_screen import TINY, opened
from waiting import turn_wheel, until

from rnnterm.text.corpus import open_corpus
from rnnterm.training.recipe import Recipe
from rnnterm.tui.dialogs import Choose


def test_a_training_is_started_and_steered_by_mouse(tmp_path):
    async def train():
        async with opened(tmp_path, size=(80, 24)) as screen:
            screen.panel.use_corpus(open_corpus("othello"))
            screen.panel.use_recipe(Recipe(steps=10**6, **TINY))
            assert screen.buttons == "[start]"
            await screen.click("start")
            await screen.see("● running", "chars/s")
            assert screen.buttons.startswith("[pause] [stop] [checkpoint] [checkpoints] [log]")
            await screen.click("pause")
            await screen.see("◍ paused", "lets it go on")
            await screen.click("checkpoint")
            await screen.see("checkpoint of step")
            await screen.click("continue")
            await screen.see("● running")
            await screen.click("stop")
            await screen.see("■ stopped")
            await screen.click("checkpoints")
            assert isinstance(screen.pilot.app.screen, Choose)
            await screen.press("escape")
            await screen.click("resume")
            await screen.see("● running")
            await screen.click("stop")
            await screen.see("■ stopped")

    asyncio.run(train())


def test_the_look_of_the_chart_is_changed_by_mouse(tmp_path):
    run = made_run(tmp_path, "old-run")

    async def look():
        async with opened(tmp_path, size=(80, 24)) as screen:
            await screen.attach(run)
            assert len(screen.buttons) <= 76
            for button, told in (("log", "log scale"), ("zoom in", "log scale · zoom 2x")):
                await screen.click(button)
                assert str(screen.panel.border_subtitle) == told
            await screen.click("zoom out")
            await screen.click("log")
            assert str(screen.panel.border_subtitle) == ""
            for kind, told in ((MouseScrollUp, "zoom 2x"), (MouseScrollDown, "")):
                await turn_wheel(screen.pilot, kind, "#training-chart", (9, 3))
                assert str(screen.panel.border_subtitle) == told
            await screen.pilot.resize_terminal(30, 24)
            await until(screen.pilot, lambda: screen.buttons == "[start] [resume]")

    asyncio.run(look())
