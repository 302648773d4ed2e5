"""The app over many damaged runs: it opens, shows every run, and names what is wrong."""

import asyncio
import json
import shutil
from contextlib import ExitStack, asynccontextmanager

import pytest
from hostile_runs import HEALTHY, HURT, NEWEST, damages, not_hanging, tree
from textual.widgets import Static
from waiting import until

from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.overview import DAMAGED
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.runs.tab import RunsTab
from rnnterm.tui.runs.table import RunsTable
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.text.training_panel import TrainingPanel

HURTS = (
    ("config.json", "corpus is a list"),
    ("config.json", "nested"),
    ("config.json", "fifo"),
    ("status.json", "step is many digits"),
    ("status.json", "socket"),
    ("metrics.jsonl", "time is many digits"),
    ("metrics.jsonl", "fifo"),
    ("metrics.jsonl", "huge"),
    (".lock", "fifo"),
    ("train.log", "device"),
    ("control", "link"),
    ("checkpoints", "link"),
    ("checkpoints/best.json", "Infinity"),
    ("checkpoints/best.json", "brackets"),
    ("checkpoints/best.json", "fifo"),
    (f"{NEWEST}/manifest.json", "nested"),
    (f"{NEWEST}/manifest.json", "facts is nested"),
    (f"{NEWEST}/model.safetensors", "fifo"),
    (f"{NEWEST}/model.safetensors", "flipped at 4/8"),
)


@pytest.fixture
def many(hostile_root):
    """Runs of which each is damaged in another way; yields what each must be told to have."""
    with ExitStack() as stack:
        told = {}
        for number, (entry, kind) in enumerate(HURTS):
            run = hostile_root / f"hurt-{number:02}"
            shutil.copytree(hostile_root / HURT, run)
            damage = damages(hostile_root / HURT, entry)[kind]
            damage(run / entry, hostile_root.parent / "outside", stack)
            told[run.name] = entry
        shutil.rmtree(hostile_root / HURT)
        yield told


@asynccontextmanager
async def opened(root, size=(120, 45)):
    app = RnntermApp(Settings(writing_speed=1, corpus="othello"), root)
    async with app.run_test(size=size) as pilot:
        yield app, pilot


@pytest.mark.slow
def test_the_app_shows_every_run_and_names_the_damage(hostile_root, many):
    outside = tree(hostile_root.parent / "outside")

    async def use():
        async with opened(hostile_root) as (app, pilot):
            await pilot.press("5")
            tab = app.query_one(RunsTab)
            table = tab.query_one(RunsTable)
            await until(pilot, lambda: table.count == len(many) + 1)
            names = {table._summaries[place].name for place in range(table.count)}
            assert names == {HEALTHY, *many}
            line = tab.query_one("#runs-line", Static)
            panel = app.query_one(TrainingPanel)
            # Not by the pilot: it waits for an idle process, and this app writes all the while.
            app.simulate_key("home")
            await until(pilot, lambda: table.cursor == 0)
            for place in range(table.count):
                await until(pilot, lambda place=place: table.cursor == place)
                run = table.current
                part = many.get(run.name, "").rsplit("/", maxsplit=1)[-1]
                if part not in ("model.safetensors", "metrics.jsonl"):
                    await until(pilot, lambda part=part: part in str(line.content))
                is_damaged = run.state == DAMAGED
                app.simulate_key("enter")
                if is_damaged:
                    await until(pilot, lambda: "cannot be shown" in str(line.content))
                else:
                    await until(pilot, lambda run=run: run.name in panel.key_figure)
                    await until(pilot, lambda: not tab.region)
                app.simulate_key("5")
                await until(pilot, lambda: tab.region and table.has_focus)
                app.simulate_key("space")
                if is_damaged:
                    await until(pilot, lambda: "no curve to compare" in str(line.content))
                else:
                    await until(pilot, lambda run=run: tab._marked == [run.name])
                    app.simulate_key("space")
                    await until(pilot, lambda: tab._marked == [])
                    assert (str(line.content) == "") or run.name != HEALTHY
                app.simulate_key("down")
            assert app.is_running

    with not_hanging():
        asyncio.run(use())
    assert tree(hostile_root.parent / "outside") == outside


@pytest.mark.slow
def test_a_run_with_absurd_figures_is_attached_while_it_trains(hostile_root):
    run = hostile_root / HURT
    absurd = {
        "state": "running", "step": 10**18, "progress": 1e308, "train_loss": 1e308,
        "val_loss": -1e308, "best_val_loss": -1e308, "chars_per_second": 1e308,
        "eta_seconds": 1e308, "seconds": 1e308, "time": 1e308, "checkpoint_time": -1e308,
        "checkpoint_step": 10**18, "network": "x" * 10_000, "error": "y" * 10_000,
    }  # fmt: skip

    async def use():
        async with opened(hostile_root) as (app, pilot):
            panel = app.query_one(TrainingPanel)
            for values in (absurd, {"time": None, "progress": None, "checkpoint_time": 1e15}):
                status = json.loads((hostile_root / HEALTHY / "status.json").read_text())
                (run / "status.json").write_text(json.dumps(status | values))
                await pilot.press("5")
                tab = app.query_one(RunsTab)
                await until(pilot, lambda tab=tab: tab.query_one(RunsTable).count == 2)
                await pilot.press("1")
                panel.attach(RunFolder(run))
                await until(pilot, lambda: panel.key_figure.startswith(f"● {HURT} running"))
            assert app.is_running

    with hold_lock(run), not_hanging():
        asyncio.run(use())


def test_a_checkpoint_that_is_a_pipe_does_not_speak_and_is_told(hostile_root):
    with ExitStack() as stack:
        entry = f"{NEWEST}/model.safetensors"
        damages(hostile_root / HURT, entry)["fifo"](hostile_root / HURT / entry, None, stack)

        async def use():
            async with opened(hostile_root) as (app, pilot):
                panel, told = app.query_one(SamplePanel), []
                panel.tell = told.append
                panel.speak_from(RunFolder(hostile_root / HURT), 1000)
                await until(pilot, lambda: any("it is a pipe" in line for line in told))
                panel.speak_from(RunFolder(hostile_root / HURT), 500)
                await until(pilot, lambda: panel.voice and panel.voice.step == 500)

        with not_hanging():
            asyncio.run(use())
