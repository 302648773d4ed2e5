"""The tab Runs: the table, curves over each other, and the housekeeping, by key and by mouse."""

import asyncio
from contextlib import asynccontextmanager

from made_runs import made_run
from textual.widgets import Input, Static
from waiting import until

from rnnterm.runs.lock import hold_lock
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.dialogs import Ask, Confirm
from rnnterm.tui.runs.tab import RunsTab
from rnnterm.tui.runs.table import RunsTable, cells_of, column_widths
from rnnterm.tui.text.training_panel import TrainingPanel
from rnnterm.tui.widgets.chart import LossChart
from rnnterm.tui.widgets.rows import Rows

POISON = "[link=x🙂漢字\x1b]0;x"


class Screen:
    """The app on the tab Runs."""

    def __init__(self, pilot):
        self.pilot, self.app = pilot, pilot.app

    @property
    def tab(self):
        return self.app.query_one(RunsTab)

    @property
    def table(self):
        return self.tab.query_one(RunsTable).text

    @property
    def legend(self):
        return self.tab.query_one("#runs-legend", Rows).text

    @property
    def line(self):
        return str(self.tab.query_one("#runs-line", Static).content)

    @property
    def chart(self):
        return self.tab.query_one(LossChart).text

    async def press(self, *keys):
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def see(self, *parts):
        shown = lambda: self.table + self.legend + self.line  # noqa: E731
        await until(self.pilot, lambda: all(part in shown() for part in parts))


@asynccontextmanager
async def opened(root, size=(120, 36)):
    app = RnntermApp(Settings(writing_speed=1, corpus="othello"), root)
    async with app.run_test(size=size) as pilot:
        await pilot.press("5")
        yield Screen(pilot)


def test_runs_are_listed_compared_and_attached(tmp_path):
    made_run(tmp_path, "longer", points=200)
    made_run(tmp_path, "brief")
    (tmp_path / POISON).mkdir()

    async def use():
        async with opened(tmp_path) as screen:
            await screen.see("brief", "longer", "finished", "2k", "1.700", "damaged", "no readable")
            assert "\x1b" not in screen.table
            screen.tab.query_one(RunsTable).action_move(-10)
            await screen.press("home")
            await screen.see("▸ brief", "LSTM 1x8", "train 1.515")
            await until(screen.pilot, lambda: screen.chart)
            alone = screen.chart
            await screen.press("space", "down", "space")
            await screen.see("● longer", "1 ━ brief", "2 ━ longer", "val 1.700", "best 1.700")
            assert max(map(len, screen.legend.splitlines())) <= 36
            assert screen.chart != alone
            await screen.press("space", "up", "space")
            await until(screen.pilot, lambda: screen.chart == alone)
            await screen.press("end", "enter")
            assert "cannot be shown" in screen.line
            await screen.press("space", "n", "d")
            assert "cannot be deleted" in screen.line
            # By mouse: the mark, then the run.
            await screen.pilot.click(RunsTable, offset=(0, 2))
            await screen.see("1 ━ longer")
            await screen.pilot.click(RunsTable, offset=(8, 2), times=2)
            training = screen.app.query_one(TrainingPanel)
            await until(screen.pilot, lambda: training.key_figure.startswith("✓ longer"))

    asyncio.run(use())


def test_runs_are_renamed_and_deleted(tmp_path):
    made_run(tmp_path, "mine")
    made_run(tmp_path, "other")

    async def use():
        async with opened(tmp_path, size=(80, 24)) as screen:
            await screen.see("mine", "other")
            await screen.press("home")
            current = screen.tab.query_one(RunsTable).current.name
            with hold_lock(tmp_path / current):
                for key, said in (("d", "cannot be deleted"), ("n", "cannot be renamed")):
                    await screen.press(key)
                    assert said in screen.line
            await screen.press("space", "n")
            await until(screen.pilot, lambda: isinstance(screen.app.screen, Ask))
            for wrong, said in (("a/b", "cannot name"), ({"mine", "other"} - {current}, "already")):
                name = wrong if isinstance(wrong, str) else wrong.pop()
                screen.app.screen.query_one(Input).value = name
                await screen.press("enter")
                error = screen.app.screen.query_one(".dialog-error", Static)
                assert said in str(error.content)
            screen.app.screen.query_one(Input).value = "newer"
            await screen.press("enter")
            await screen.see("● newer", "1 ━ newer")
            assert (tmp_path / "newer").is_dir()
            for answer, is_there in (("n", True), ("y", False)):
                await screen.press("d")
                await until(screen.pilot, lambda: isinstance(screen.app.screen, Confirm))
                await screen.press(answer)
                await until(
                    screen.pilot,
                    lambda is_there=is_there: (tmp_path / "newer").exists() == is_there,
                )
            await until(screen.pilot, lambda: "newer" not in screen.table)

    asyncio.run(use())


def test_without_runs_it_says_what_to_do(tmp_path):
    async def use():
        async with opened(tmp_path) as screen:
            empty = screen.tab.query_one("#runs-empty", Static)
            await until(screen.pilot, lambda: "No runs in" in str(empty.content))
            await screen.press("enter", "space", "n", "d", "up", "down", "end")
            assert screen.line == ""
            await screen.press("1")
            assert screen.tab._timer is None

    asyncio.run(use())


def test_the_table_rests_while_nothing_lives(tmp_path):
    run = made_run(tmp_path, "mine", end="")

    async def use():
        async with opened(tmp_path) as screen:
            await screen.see("crashed")
            with hold_lock(run.path):
                await screen.press("1", "5")
                await screen.see("running")
                assert screen.tab._timer is not None
            await screen.see("crashed")  # it looks again by itself while a run lives
            await until(screen.pilot, lambda: screen.tab._timer is None)
            for size in ((1, 1), (30, 8), (200, 50)):
                await screen.pilot.resize_terminal(*size)
                await screen.pilot.pause()
            await screen.see("network", "corpus")

    asyncio.run(use())


def test_columns_give_way_where_room_is_short(tmp_path):
    from rnnterm.runs.overview import summarize_run

    told = cells_of(summarize_run(made_run(tmp_path, "mine")))
    for width in (10, 60, 78, 118):
        widths = column_widths([told], width)
        assert {"name", "state", "val"} <= set(widths)
        assert width < 30 or sum(widths.values()) + 2 * (len(widths) - 1) <= width
