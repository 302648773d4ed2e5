"""With `ascii = true` nothing but ASCII is sent, whatever is on the screen."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import add_checkpoint, made_run
from rich.segment import Segment
from test_snapshots import screen_of
from textual.color import Color
from waiting import until

from rnnterm.glyphs import columns, in_ascii
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.ascii_only import AsciiOnly


@pytest.fixture(scope="module")
def screens(tmp_path_factory):
    """The rows of every tab, panel and kind of dialog at 80x24, by the keys that lead there."""
    root = tmp_path_factory.mktemp("ascii")
    (root / "plain.txt").write_text("plain text, and no more than that. " * 40)
    made_run(root / "runs", "other", points=200, end="crashed")
    run = made_run(root / "runs", "mine")
    add_checkpoint(run, 500, best=True)
    settings = Settings(corpus=str(root / "plain.txt"), ascii=True, writing_speed=1)
    seen = {}

    async def walk() -> None:
        app = RnntermApp(settings, root / "runs")
        async with app.run_test(size=(80, 24)) as pilot:

            async def look(name, *keys, until_it_says=""):
                for key in keys:
                    await pilot.press(key)
                await pilot.pause()
                await until(pilot, lambda: until_it_says in screen_of(app))
                seen[name] = screen_of(app)

            await until(pilot, lambda: "LSTM 1x512" in screen_of(app))
            await look("sample", "space", until_it_says="%")
            await look("seed", "enter", until_it_says="go on from")
            await look("corpus", "escape", "c", until_it_says="one-hot")
            await look("choose", "enter", until_it_says="Which text")
            await look("model", "escape", "m", until_it_says="hidden_size")
            await look("value", "down", "down", "enter")
            await look("training", "escape", "t", until_it_says="* train")
            await look("read off", "left", until_it_says="at step")
            await look("overlay", "o", until_it_says="Space marks")
            await look("overlaid", "space", "escape", until_it_says="1 val")
            await look("checkpoints", "b", until_it_says="* best")
            await look("help", "escape", "question_mark", until_it_says="Train this corpus")
            await look("palette", "escape", "ctrl+p", until_it_says="app: quit")
            await look("runs", "escape", "5", until_it_says="mine")
            await look("compared", "space", until_it_says="digits")

    with pytest.MonkeyPatch.context() as patch:  # the fixture that does so serves one test
        patch.setenv("RNNTERM_CACHE", str(root / "cache"))
        asyncio.run(walk())
    return seen


def test_every_screen_is_ascii(screens):
    for name, rows in screens.items():
        assert rows.isascii(), (name, {char for char in rows if not char.isascii()})
    for name in ("sample", "seed", "corpus", "model", "training", "overlaid", "runs", "compared"):
        # No glyph of ours is one that the table does not know.
        assert "?" not in screens[name].replace("? help", ""), screens[name]


def test_the_legend_has_the_marks_of_the_chart(screens):
    rows = screens["training"].splitlines()
    assert any("* train 1.515  # val 1.700" in row for row in rows)
    chart = "".join(row[6:38] for row in rows[6:18])
    assert set("*#") <= set(chart)
    assert "=" * 20 in screens["training"]  # the progress
    assert screens["overlaid"].count("o") > screens["training"].count("o") + 5


def test_keys_are_told_by_their_names(screens):
    assert "enter start" in screens["training"]
    assert "enter trains anew" in " ".join(screens["training"].split())


@given(st.text())
def test_any_text_keeps_its_columns(text):
    told = in_ascii(text)
    assert told.isascii()
    assert columns(told) == columns(text) or not text.isprintable()
    (segment,) = AsciiOnly().apply([Segment(text)], Color(0, 0, 0))
    assert segment.text == told
