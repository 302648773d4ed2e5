"""The panel Model: every value of the recipe, checked as it is typed."""

import asyncio
import os
import re
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static
from waiting import until

from rnnterm.settings import Settings
from rnnterm.training.recipe import Recipe, knobs
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.messages import RecipeChanged
from rnnterm.tui.open_dialog import OpenDialog
from rnnterm.tui.text.model_panel import ModelPanel
from rnnterm.tui.text.model_rows import GROUPS, RECIPE, form_rows, reset_values, spelled
from rnnterm.tui.text.tab import TextTab
from rnnterm.tui.widgets.value_form import ValueForm

FORM = "ModelPanel ValueForm"


def drive(steps, size=(120, 36)):
    """Run the app, open the panel Model, wait for its figures, and take the steps."""

    async def main():
        app = RnntermApp(Settings(corpus="othello"), Path(os.environ["RNNTERM_RUNS"]))
        async with app.run_test(size=size) as pilot:
            await pilot.press("space", "m")  # a sample that streams would only take time
            await until(pilot, lambda: "a step" in said(pilot, "figures"))
            await steps(pilot, app.query_one(ModelPanel))

    asyncio.run(main())


def said(pilot: Pilot, what: str) -> str:
    return str(pilot.app.query_one(f".model-{what}", Static).content)


def rows(pilot: Pilot) -> list[str]:
    form = pilot.app.query_one(FORM, ValueForm)
    return [form.render_line(y).text.rstrip() for y in range(form.size.height)]


def row(pilot: Pilot, name: str) -> str:
    return next(line for line in rows(pilot) if line[2:].startswith(name))


async def go_to(pilot: Pilot, name: str) -> None:
    form = pilot.app.query_one(FORM, ValueForm)
    names = [each.name for each in form._rows if each.name]
    steps = names.index(name) - names.index(form.cursor.name)
    await pilot.press(*["down" if steps > 0 else "up"] * abs(steps))
    assert form.cursor.name == name


async def type_value(pilot: Pilot, text: str) -> None:
    await pilot.press("enter")
    pilot.app.query_one(ModelPanel).query_one(Input).value = text
    await pilot.pause()


def test_values_are_checked_as_they_are_typed():
    async def steps(pilot, panel):
        await go_to(pilot, "hidden_size")
        fitted = panel.recipe.hidden_size
        assert "units in each layer" in said(pilot, "meaning")
        assert "chosen for this budget and text" in said(pilot, "meaning")
        await pilot.press("enter", *["backspace"] * len(str(fitted)), "x")
        assert "expected a whole number from" in said(pilot, "meaning")
        await pilot.press("enter")
        assert panel.recipe.hidden_size == fitted
        assert panel.query_one(Input).has_focus
        await pilot.press("backspace", *"32", "enter")
        assert panel.recipe.hidden_size == 32
        assert row(pilot, "hidden_size").startswith("▸*hidden_size")
        assert "fast: by budget and text" in said(pilot, "meaning")
        assert "18,170 parameters · 73 kB" in said(pilot, "figures")
        assert row(pilot, "recipe").endswith("fast +1")

        await pilot.press("enter", "9", "escape")
        assert panel.recipe.hidden_size == 32
        assert pilot.app.focused is panel
        await pilot.press("backspace")
        assert panel.recipe.hidden_size == fitted
        assert row(pilot, "recipe").endswith("fast")

        await type_value(pilot, "7")
        await pilot.press("down")
        assert panel.recipe.hidden_size == 7
        assert pilot.app.query_one(FORM, ValueForm).cursor.name == "input"

    drive(steps)


def test_choices_budgets_and_every_value_by_key():
    async def steps(pilot, panel):
        await go_to(pilot, "cell")
        assert "[lstm] gru rnn" in said(pilot, "meaning")
        await pilot.press("right")
        assert panel.recipe.cell == "gru"
        await pilot.press("left", "left")
        assert panel.recipe.cell == "rnn"
        await pilot.press("enter")
        assert panel.recipe.cell == "lstm"
        await go_to(pilot, "input")
        await pilot.press("left")
        assert panel.recipe.input == "onehot"
        assert not any("embedding_size" in line for line in rows(pilot))

        await go_to(pilot, "time_budget")
        await type_value(pilot, "as long as it takes, and then some")
        form = pilot.app.query_one(FORM, ValueForm)
        await until(pilot, lambda: form.cursor_line < form.size.height)
        field = panel.query_one(Input)
        await until(pilot, lambda: field.region.y == form.region.y + form.cursor_line)
        await pilot.press("escape")
        assert panel.recipe.time_budget == 120

        await go_to(pilot, "steps")
        await type_value(pilot, "12")
        await pilot.press("enter")
        assert (panel.recipe.steps, panel.recipe.time_budget) == (12, 0)
        assert "12 steps, 1.5 epochs ≈" in said(pilot, "figures")
        await type_value(pilot, "0")
        assert "needs one of" in said(pilot, "meaning")
        await pilot.press("escape", "backspace")
        assert (panel.recipe.steps, panel.recipe.time_budget) == (0, 120)

        await pilot.press("a")
        assert pilot.app.query_one(FORM, ValueForm).cursor.name == "steps"
        await go_to(pilot, "batch_size")
        await type_value(pilot, "500")
        await pilot.press("enter")
        assert "too few for 500 streams" in said(pilot, "figures")
        await pilot.press("a", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, OpenDialog))
        await pilot.press("down", "enter")
        await until(pilot, lambda: panel.recipe.name == "tutorial")
        assert any("window" in line for line in rows(pilot))

    drive(steps)


def test_the_mouse_selects_and_edits():
    async def steps(pilot, panel):
        await pilot.press("s")
        await pilot.click(FORM, offset=(5, 3))
        form = pilot.app.query_one(FORM, ValueForm)
        assert form.cursor.name == "hidden_size"
        assert not panel.query_one(Input).has_focus
        await pilot.click(FORM, offset=(5, 3))
        assert panel.query_one(Input).has_focus
        panel.query_one(Input).value = "48"
        await pilot.pause()
        await pilot.click(FORM, offset=(5, 1))  # whoever goes elsewhere means it
        await until(pilot, lambda: panel.recipe.hidden_size == 48)
        assert form.cursor.name == "cell"
        await pilot.click(FORM, offset=(5, 1))
        assert panel.recipe.cell == "gru"
        await pilot.click(FORM, offset=(5, 0))
        await pilot.click(FORM, offset=(5, 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, OpenDialog))

    drive(steps)


def test_recipes_come_from_files_and_bad_ones_are_refused_in_place(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'name = "[/red]\\u001b[31m"\nsteps = 5\nhidden_size = 16\nbatch_size = 4\n'
    )
    (tmp_path / "bad.toml").write_text("hiden_size = 3")
    os.mkfifo(tmp_path / "pipe")

    async def steps(pilot, panel):
        await pilot.press("r", "end", "enter")
        field = pilot.app.screen.query_one(Input)
        for name, reason in [
            ("none.toml", "there is no recipe"),
            ("bad.toml", "did you mean hidden_size?"),
            ("pipe", "not a regular file"),
        ]:
            field.value = str(tmp_path / name)
            await pilot.press("enter")
            error = pilot.app.screen.query_one(".dialog-error", Static)
            await until(pilot, lambda reason=reason, error=error: reason in str(error.content))
        field.value = str(tmp_path / "mine.toml")
        await pilot.press("enter")
        await until(pilot, lambda: panel.recipe.hidden_size == 16)
        assert "[/red]␛[31m" in row(pilot, "recipe")
        assert "5 steps" in said(pilot, "figures")

    drive(steps, (80, 24))


def test_it_tells_the_recipe_at_start_and_fits_every_screen(monkeypatch):
    told: list[Recipe] = []
    heard = TextTab.on_recipe_changed

    def hear(tab: TextTab, message: RecipeChanged) -> None:
        told.append(message.recipe)
        heard(tab, message)

    monkeypatch.setattr(TextTab, "on_recipe_changed", hear)

    async def steps(pilot, panel):
        assert {recipe.name for recipe in told} == {"fast"}  # at start, and for the text
        await go_to(pilot, "cell")
        await pilot.press("right")
        assert told[-1].cell == "gru"
        await pilot.press("a", "enter")
        for size in ((1, 1), (20, 6), (80, 24), (200, 50)):
            await pilot.resize_terminal(*size)
            await pilot.press("down")
        assert all(
            len(line) <= pilot.app.query_one(FORM, ValueForm).size.width for line in rows(pilot)
        )

    drive(steps)


def test_every_value_is_in_the_form_and_written_as_it_is_read():
    recipe = Recipe.from_dict({"epochs": 2.5, "validate_every": "90s"})
    every = form_rows(recipe, recipe, every=True)
    assert [each.name for each in every if each.name] == [
        RECIPE, *(name for name in knobs() if name not in ("name", "fitted")),
    ]  # fmt: skip
    for name in knobs():
        written = spelled(recipe, name)
        if written and name != "fitted":
            assert getattr(recipe.with_values({name: written}), name) == getattr(recipe, name)
    for seconds in (1, 59.5, 75, 120, 3600, 5400, 90061):
        timed = recipe.with_values({"time_budget": str(seconds)})
        assert timed.with_values({"time_budget": spelled(timed, "time_budget")}) == timed
    assert recipe.with_values(reset_values(recipe, recipe, "steps")) == recipe
    wide = recipe.with_values({"hidden_size": 9})
    assert wide.with_values(reset_values(wide, recipe, "hidden_size")).fitted == recipe.fitted


def test_the_headings_are_those_of_the_recipe_s_source():
    source = (Path(__file__).parents[2] / "rnnterm/training/recipe.py").read_text()
    headings = re.findall(r"\n    # (.+)\n    (\w+):", source)
    assert {name: heading for heading, name in headings} == GROUPS
