"""The app with the panel Training open, for the tests of what it does."""

from contextlib import asynccontextmanager

from textual.widgets import Static
from waiting import until

from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.text.training_panel import TrainingPanel
from rnnterm.tui.widgets.buttons import ActionButtons
from rnnterm.tui.widgets.chart import LossChart
from rnnterm.tui.widgets.rows import Rows

TINY = {"hidden_size": 8, "batch_size": 2, "bptt": 8, "log_every": 2, "threads": 1}


class Screen:
    """The app with the panel Training open."""

    def __init__(self, pilot, messages):
        self.pilot, self.messages = pilot, messages
        self.panel = pilot.app.query_one(TrainingPanel)

    @property
    def figures(self):
        return self.panel.query_one("#training-figures", Rows).text

    @property
    def chart(self):
        return self.panel.query_one(LossChart).text

    @property
    def line(self):
        return str(self.panel.query_one("#training-line", Static).content)

    @property
    def buttons(self):
        return str(self.panel.query_one(ActionButtons).content)

    async def click(self, button):
        """Click on one of the buttons."""
        place = self.buttons.index(f"[{button}]") + 1
        await self.pilot.click(ActionButtons, offset=(place, 0))
        await self.pilot.pause()

    async def see(self, *parts):
        await until(self.pilot, lambda: all(part in self.figures + self.line for part in parts))

    async def attach(self, run):
        self.pilot.app.attach(run)
        await self.see("chars/s")
        self.panel.focus()

    async def press(self, *keys):
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()


@asynccontextmanager
async def opened(root, size=(120, 36)):
    app, messages = RnntermApp(Settings(writing_speed=1, corpus="othello"), root), []
    async with app.run_test(size=size, message_hook=messages.append) as pilot:
        screen = Screen(pilot, messages)
        screen.panel.focus()
        await pilot.pause()
        yield screen
