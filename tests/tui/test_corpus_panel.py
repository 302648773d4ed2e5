"""The panel Corpus: opening texts, and walking through their windows."""

import asyncio
import os
from pathlib import Path

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Input, Static
from waiting import until

from rnnterm.errors import UsageError
from rnnterm.settings import Settings
from rnnterm.training.recipe import load_recipe
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.open_dialog import OpenDialog
from rnnterm.tui.paths import complete_path
from rnnterm.tui.text.corpus_panel import CorpusPanel, read_place
from rnnterm.tui.text.corpus_view import CorpusView, one_hot_sides
from rnnterm.tui.text.model_panel import ModelPanel

POISON = '[/red][link="x ]\x1b[31m\x07\U0001f600\u4e2d\u6587\u0301\u0301\u0301\u0301\u0301\u202e\n'


def drive(steps, size=(120, 36), **settings):
    """Run the app, open the panel Corpus, wait for its text, and take the steps."""

    async def main():
        app = RnntermApp(Settings(corpus="othello"), Path(os.environ["RNNTERM_RUNS"]), **settings)
        async with app.run_test(size=size) as pilot:
            await pilot.press("space", "c")  # a sample that streams would only take time
            await until(pilot, lambda: "-gram" in shown(pilot))
            await steps(pilot)

    asyncio.run(main())


def shown(pilot: Pilot) -> str:
    drawn = pilot.app.screen_stack[0].query_one(CorpusView).render()
    assert isinstance(drawn, Content)
    return drawn.plain


def opened(pilot: Pilot) -> str:
    return pilot.app.screen_stack[0].query_one(CorpusPanel).key_figure


async def open_file(pilot: Pilot, path: Path) -> None:
    await pilot.press("o", "end", "enter")
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")


def dialog_error(pilot: Pilot) -> str:
    return str(pilot.app.screen.query_one(".dialog-error", Static).content)


def test_it_shows_the_text_as_people_and_as_networks_see_it():
    async def steps(pilot):
        for size in ((80, 24), (200, 50), (120, 36)):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: "window 1 of 9,751" in shown(pilot))
            screen = shown(pilot)
            assert screen.startswith("othello  Othello's speeches")
            for part in ("9,851 chars · 58 symbols", "5-gram 2.365", "h→40"):
                assert part in screen
            lines = screen.splitlines()
            assert lines[-4].split()[-1] == "→h"
            assert lines[-3].split()[-1] == "→40"
            assert lines[-2].startswith("scalar")
            assert lines[-1].count("1") == 1
            view = pilot.app.query_one(CorpusView)
            assert len(lines) <= view.size.height
            assert all(len(line) <= view.size.width for line in lines[1:])
        for size in ((1, 1), (20, 6), (40, 10), (120, 36)):
            await pilot.resize_terminal(*size)
            await pilot.press("right")
        assert "window 5 of 9,751" in shown(pilot)

    drive(steps)


def test_keys_walk_the_windows_and_stay_inside_the_text():
    async def steps(pilot):
        for keys, place in [
            (["right", "right"], 3),
            (["left"], 2),
            (["pagedown"], 102),
            (["pageup", "pageup"], 1),
            (["left"], 1),
            (["end", "right"], 9_751),
            (["home"], 1),
        ]:
            await pilot.press(*keys)
            assert f"window {place:,} of 9,751" in shown(pilot)
        await pilot.press("g", *"9752", "enter")
        assert "from 1 to 9,751" in dialog_error(pilot)
        pilot.app.screen.query_one(Input).value = "9,751"
        await pilot.press("enter")
        assert "window 9,751 of" in shown(pilot)
        await pilot.press("g", "5", "escape")
        assert "window 9,751 of" in shown(pilot)

    drive(steps)


def test_the_mouse_walks_goes_and_chooses():
    async def steps(pilot):
        row = next(y for y, line in enumerate(shown(pilot).splitlines()) if "window" in line)
        await pilot.click(CorpusView, offset=(2, row))
        assert "window 2 of" in shown(pilot)
        await pilot.click(CorpusView, offset=(0, row))
        assert "window 1 of" in shown(pilot)
        first = shown(pilot).splitlines()[3]
        pilot.app.query_one(CorpusView).on_mouse_scroll_up(None)
        assert shown(pilot).splitlines()[3] != first
        await pilot.click(CorpusView, offset=(6, row))
        await until(pilot, lambda: pilot.app.screen.query(Input))
        await pilot.press("escape")
        await pilot.click(CorpusView, offset=(1, 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, OpenDialog))

    drive(steps)


def test_texts_are_chosen_from_the_list_or_by_path_and_refused_in_place(tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n" * 30)
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(b"a\0b")
    (tmp_path / "latin").write_bytes(b"caf\xe9 bar")

    async def steps(pilot):
        await pilot.press("pagedown", "enter", "down", "down", "down", "enter")
        await until(pilot, lambda: opened(pilot).startswith("python-docs"))
        assert "window 1 of" in shown(pilot)
        await until(pilot, lambda: "5-gram 1." in shown(pilot))

        await pilot.press("o", "end", "enter")
        field = pilot.app.screen.query_one(Input)
        for name, reason in [
            ("missing", "there is no corpus"),
            ("-", "name a file"),
            ("empty", "nothing to learn"),
            ("binary", "binary"),
            ("latin", "byte 3"),
        ]:
            field.value = name if name == "-" else str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, lambda reason=reason: reason in dialog_error(pilot))
        field.value = str(tmp_path / "no")
        await until(pilot, lambda: field._suggestion)
        assert not dialog_error(pilot)
        await pilot.press("tab")
        assert field.value == str(tmp_path / "notes.txt")
        assert opened(pilot).startswith("python-docs")
        await pilot.press("enter")
        await until(pilot, lambda: opened(pilot).startswith("notes"))
        assert "byte-order mark" in shown(pilot)
        assert "CRLF line ends" in shown(pilot)

    drive(steps)


def test_poisoned_and_short_texts_are_shown_as_text(tmp_path):
    (tmp_path / "[red]x.txt").write_text(POISON * 40, encoding="utf-8")
    (tmp_path / "short.txt").write_text("hello")

    async def steps(pilot):
        await open_file(pilot, tmp_path / "[red]x.txt")
        await until(pilot, lambda: opened(pilot).startswith("[red]x"))
        panel = pilot.app.query_one(CorpusPanel)
        for _ in range(len(POISON)):
            panel.action_next_window()
            screen = shown(pilot)
            assert "\x1b" not in screen
            assert "\x07" not in screen
        assert '[/red][link="x ]␛[31m␇' in screen.replace("\n", "")
        await pilot.pause()

        await open_file(pilot, tmp_path / "short.txt")
        await until(pilot, lambda: "shorter than 100" in shown(pilot))
        await pilot.press("right", "end", "g")
        assert "shorter than 100" in shown(pilot)
        assert "h→1" in shown(pilot)

    drive(steps, (80, 24))


def test_the_recipe_gives_the_windows_and_the_case():
    async def steps(pilot):
        tutorial = load_recipe("tutorial").with_values({"window": 20, "stride": 10})
        pilot.app.query_one(ModelPanel)._take_recipe(tutorial)
        await until(pilot, lambda: "lower case" in shown(pilot))
        await until(pilot, lambda: "window 1 of 984" in shown(pilot))
        await until(pilot, lambda: "no validation part" in shown(pilot))
        pilot.app.query_one(ModelPanel)._take_recipe(load_recipe("fast"))
        await until(pilot, lambda: "58 symbols" in shown(pilot))

    drive(steps)


@pytest.mark.parametrize(
    ("text", "count", "place"),
    [("1", 5, 0), (" 1,234 ", 2000, 1233), ("0%", 9, 0), ("100%", 9, 8), ("50%", 9, 4)],
)
def test_places_are_read_as_people_write_them(text, count, place):
    assert read_place(text, count) == place


@pytest.mark.parametrize("text", ["", "0", "6", "-1", "1.5", "x", "101%", "١", "9" * 5000])
def test_places_that_are_not_there_are_refused(text):
    with pytest.raises(UsageError, match="from 1 to 5"):
        read_place(text, 5)


def test_the_one_of_a_one_hot_row_stands_as_far_along_as_in_the_full_row():
    for size in (1, 2, 5, 13, 14, 58, 4000):
        places = []
        for index in range(size):
            before, after = one_hot_sides(index, size, 12)
            assert len(before) + 1 + len(after) <= max(12, min(size, 12))
            assert ("…" in before) == (len(before) < index)
            assert ("…" in after) == (len(after) < size - 1 - index)
            places.append(len(before))
        assert places == sorted(places)


def test_paths_are_completed(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    for name in (".hidden", "a.toml", "a.txt", "b\x1b.txt"):
        (tmp_path / name).touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert complete_path("a.t") == "a.toml"
    assert complete_path("a.tx") == "a.txt"
    assert complete_path("fo") == "folder/"
    assert complete_path("~/a.tx") == "~/a.txt"
    assert complete_path("~") == "~/"
    assert complete_path("a.", suffix=".toml") == "a.toml"
    assert complete_path("a.tx", suffix=".toml") is None
    assert complete_path(".h") == ".hidden"
    for nothing in ("", "zzz", "b", "a.txt", "~nobody-here/x", "missing/x", "x\0y"):
        assert complete_path(nothing) is None
