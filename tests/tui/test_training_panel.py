"""The panel Training: a training from its start to its end by key, and what its chart does."""

import asyncio
import shutil

from made_runs import add_checkpoint, log_a_million_steps, made_run
from textual.widgets import Input, OptionList, SelectionList, Static
from training_screen import TINY, opened
from waiting import until

from rnnterm.runs.events import Failed, RolledBack, Troubled
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import hold_lock
from rnnterm.text.corpus import open_corpus
from rnnterm.training.recipe import Recipe
from rnnterm.tui.messages import CheckpointChosen, RunSeen
from rnnterm.tui.text.tab import TextTab
from rnnterm.tui.text.training_dialogs import ChooseSome
from rnnterm.tui.text.training_panel import TrainingPanel
from rnnterm.tui.widgets.chart import LossChart

POISON = '[/red][link="x\x1b]0;gone\x07🙂漢字\u202e'


def test_a_training_is_started_and_steered_by_keys(tmp_path):
    async def train():
        async with opened(tmp_path) as screen:
            panel = screen.panel
            await until(screen.pilot, lambda: "Enter" in welcome(panel) or "⏎" in welcome(panel))
            panel.use_corpus(open_corpus("othello"))
            panel.use_recipe(Recipe(steps=10**6, **TINY))
            assert "trains othello with LSTM 1x8 for 1,000,000 steps" in welcome(panel)
            await screen.press("g")
            assert "starting to train othello" in screen.line
            await screen.see("● running", "chars/s")
            await until(screen.pilot, lambda: screen.chart)
            await screen.press("g")
            assert "is at it" in screen.line
            await screen.press("p")
            await screen.see("◍ paused", "lets it go on")
            await screen.press("k")
            await screen.see("checkpoint of step")
            await screen.press("p")
            await screen.see("● running")
            await screen.press("x")
            await screen.see("■ stopped", "goes on from there")
            assert panel._interval > 1
            first = panel._run.name
            await screen.press("u")
            await screen.see("● running")
            assert panel._run.name == first
            await screen.press("x")
            await screen.see("■ stopped")

    asyncio.run(train())


def welcome(panel):
    return str(panel.query_one("#training-empty", Static).content)


def test_what_cannot_begin_says_so_in_the_panel(tmp_path):
    async def fail():
        async with opened(tmp_path / "runs") as screen:
            await screen.pilot.app.workers.wait_for_complete()
            (tmp_path / "runs").write_text("a file")
            screen.panel.use_corpus(open_corpus("othello"))
            screen.panel.use_recipe(Recipe(steps=10, **TINY))
            for key, said in (
                ("enter", "cannot"), ("p", "no training to pause"), ("x", "no training to stop"),
                ("k", "no training to checkpoint"), ("u", "no run to go on with"),
                ("b", "no run whose checkpoints"),
            ):  # fmt: skip
                await screen.press(key)
                await until(screen.pilot, lambda said=said: said in screen.line)
            await screen.press("l", "r", "plus", "minus", "left", "right")
            assert screen.chart == ""

    asyncio.run(fail())


def test_the_chart_zooms_reads_off_and_changes_its_scale(tmp_path):
    run = made_run(tmp_path, "old-run")

    async def look():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            await screen.see("✓ finished", "train 1.515", "val 1.700 ★ best", "step 1,000", "100%")
            (tmp_path / "other.txt").write_text("another text on the bench " * 50)
            screen.panel.use_corpus(open_corpus(str(tmp_path / "other.txt")))
            await until(
                screen.pilot, lambda: "5-gram 2.36" in screen.chart
            )  # of the run's own text
            assert "finished after 1,000 steps" in screen.line
            assert screen.panel.key_figure == "✓ old-run finished · val 1.700"
            whole = screen.chart
            await screen.press("l")
            assert screen.chart != whole
            await screen.press("l")
            assert screen.chart == whole
            await screen.press("r", "plus", "plus")
            assert "zoom 4x" in str(screen.panel.border_subtitle)
            assert screen.chart != whole
            await screen.press("minus", "minus", "r")
            assert screen.chart == whole
            await screen.press("left")
            await screen.see("at step 1,000")
            await screen.press("left", "left")
            await screen.see("at step 9", "val 1.")
            await screen.press("right", "right", "right")
            assert "at step" not in screen.figures
            await screen.press("right")
            await screen.see("at step 0")
            await screen.pilot.click("#training-chart", offset=(15, 4))
            await until(screen.pilot, lambda: "at step 0" not in screen.figures)
            assert "at step" in screen.figures

    asyncio.run(look())


def test_one_spike_among_a_million_steps_is_seen(tmp_path):
    run = made_run(tmp_path, "long")
    log_a_million_steps(run, spike_at=650_000)

    async def look():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            await until(screen.pilot, lambda: screen.chart)
            rows, chart = screen.chart.splitlines(), screen.panel.query_one(LossChart)
            assert rows[1].index(rows[1].split()[-1]) == rows[3].index(rows[3].split()[-1])
            spike = len(rows[3]) - 1
            assert abs(chart._chart.x_at(spike) - 650_000) <= chart.column_step
            await screen.press("r")  # the smoothed curve alone
            assert len(screen.chart.splitlines()[3]) < spike

    asyncio.run(look())


def test_other_runs_are_laid_over(tmp_path):
    run = made_run(tmp_path, "mine")
    made_run(tmp_path, "longer", points=200)

    async def compare():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            alone = screen.chart
            await screen.press("o")
            await until(screen.pilot, lambda: isinstance(screen.pilot.app.screen, ChooseSome))
            choices = screen.pilot.app.screen.query_one(SelectionList)
            assert choices.option_count == 1
            assert choices.render_line(0).text.startswith("[ ] longer")
            await screen.press("space")
            assert choices.render_line(0).text.startswith("[x] longer")
            await screen.press("escape")
            await screen.see("━ longer 1.500  1 val 1.700")
            assert "1" not in "".join(row[6:] for row in alone.splitlines()[:-1])
            spots = [row[6:].count("1") for row in screen.chart.splitlines()[:-1]]
            assert sum(spots) >= 9  # its validations, told from its curve without colours
            await screen.press("o")
            await until(screen.pilot, lambda: isinstance(screen.pilot.app.screen, ChooseSome))
            await screen.pilot.click("ChooseSome SelectionList", offset=(6, 0))
            await screen.pilot.click("#done")
            await until(screen.pilot, lambda: "longer" not in screen.figures)

    asyncio.run(compare())


def test_a_checkpoint_that_is_chosen_speaks(tmp_path):
    run = made_run(tmp_path, "mine")
    add_checkpoint(run, 500, best=True)
    add_checkpoint(run, 900, damaged=True)

    async def choose():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            await screen.press("b")
            options = screen.pilot.app.screen.query_one(OptionList)
            labels = [str(option.prompt) for option in options.options]
            assert "damaged" in labels[0]
            assert "train 1.5000  val 1.7500  ★ best" in labels[1]
            await screen.press("enter")
            assert "manifest.json is damaged" in screen.line
            await screen.press("b", "down", "enter")
            chosen = [m for m in screen.messages if isinstance(m, CheckpointChosen)]
            assert {(m.run, m.step) for m in chosen} == {(run, 500)}

    asyncio.run(choose())


def test_a_run_that_is_resumed_elsewhere_or_deleted_is_noticed(tmp_path):
    run = made_run(tmp_path, "mine", end="")

    async def watch():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            await screen.see("✗ crashed", "goes on from the last checkpoint")
            await screen.press("o")
            await screen.see("no other runs")
            assert not screen.panel.query_one("#training-line").has_class("dialog-error")
            screen.panel._fail("something old")
            with hold_lock(run.path):
                screen.panel._look_again()
                await screen.see("● running")
                assert screen.panel._interval < 3
                assert "something old" not in screen.line
            await screen.see("✗ crashed")
            screen.panel._fail("something old")
            await screen.press("l")
            assert "something old" not in screen.line
            shutil.rmtree(run.path)
            screen.panel._look_again()
            await screen.see("was deleted or moved away")
            assert "goes on" not in screen.line

    asyncio.run(watch())


def test_a_spent_budget_must_grow_before_a_run_goes_on(tmp_path):
    run = made_run(tmp_path, "mine", recipe=Recipe(time_budget=75.0))

    async def ask():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            await screen.press("u")
            field = screen.pilot.app.screen.query_one(Input)
            assert field.value == "150s"
            for wrong, said in (("75", "give it more"), ("soon", "not a duration")):
                field.value = wrong
                await screen.press("enter")
                error = screen.pilot.app.screen.query_one(".dialog-error", Static)
                assert said in str(error.content)
            field.value = "2m"
            await screen.press("enter")
            await screen.see("no usable checkpoint")  # nothing to go on from, says the trainer

    asyncio.run(ask())


def test_an_ended_run_says_how_it_ended(tmp_path):
    runs = [
        (made_run(tmp_path, "one", end="stopped"), "goes on from there"),
        (made_run(tmp_path, "two", end=""), "by something else"),
        (made_run(tmp_path, "three", end="", events=[Failed("diverged", 9, "NaN!")]), "NaN!"),
    ]

    async def read():
        async with opened(tmp_path, size=(80, 24)) as screen:
            for run, said in runs:
                await screen.attach(run)
                await screen.see(said)

    asyncio.run(read())


def test_what_a_run_says_cannot_harm_the_screen(tmp_path):
    events = [Troubled(7, POISON), RolledBack(900, 800, 0.5), Troubled(800, POISON)]
    run = made_run(tmp_path, "mine", network=POISON, notes=[POISON], events=events, end="")
    (tmp_path / POISON.replace("/", "")).mkdir()

    async def read():
        async with opened(tmp_path, size=(1, 1)) as screen:
            screen.pilot.app.attach(run)
            await until(screen.pilot, lambda: screen.panel._watched is not None)
            screen.panel.focus()
            for size in ((1, 1), (20, 6), (80, 24), (200, 50), (100, 30)):
                await screen.pilot.resize_terminal(*size)
                await screen.press("l", "left", "plus", "o", "escape", "b", "escape")
            await screen.see("\u241b]0;gone", "chars/s")
            assert "\x1b" not in screen.figures + screen.line

    asyncio.run(read())


def test_a_run_that_is_deleted_or_renamed_is_followed(tmp_path):
    run = made_run(tmp_path, "mine")

    async def follow():
        async with opened(tmp_path) as screen:
            await screen.attach(run)
            other = RunFolder(run.path.rename(tmp_path / "yours"))
            screen.panel.run_moved(run, other)
            await until(screen.pilot, lambda: screen.panel.key_figure.startswith("✓ yours"))
            screen.panel.run_moved(other, None)
            await screen.pilot.pause()
            assert screen.panel.key_figure == ""
            assert "Training" in str(screen.panel.border_title)
            assert any(isinstance(message, RunSeen) for message in screen.messages)
            assert screen.pilot.app.query_one(TextTab).query_one(TrainingPanel)._run is None

    asyncio.run(follow())
