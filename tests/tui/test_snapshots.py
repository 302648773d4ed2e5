"""What the screen shows, kept as text: at three sizes, without colours, and in a light theme.

With RNNTERM_UPDATE_SNAPSHOTS=1 in the environment they are written anew; look at what changed.
"""

import asyncio
import io
import os
import re
from functools import partial
from pathlib import Path

import pytest
from made_runs import made_run
from rich.console import Console
from waiting import until

from rnnterm.settings import Settings
from rnnterm.training import processors
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.text import sample_panel

SNAPSHOTS = Path(__file__).parent / "snapshots"
# What no two machines or moments share.
PASSING = (
    (re.compile(r"[▁▂▃▄▅▆▇](?= +│)"), " "),  # the end of a scroll bar
    (re.compile(r"about .* a step"), "about SO LONG a step"),
    (re.compile(r"≈ .* epochs?"), "≈ SO MANY epochs"),
    (re.compile(r"\b\d+[smhd](?= *$)", re.MULTILINE), "AGE"),
    (re.compile(r"\b\d{5,}d\b"), "AGE"),  # of a run that ended when the clock was at 0
    (re.compile(r"checkpoint .* ago"), "checkpoint AGE ago"),
)


@pytest.fixture(autouse=True)
def same_every_time(monkeypatch):
    monkeypatch.setattr(sample_panel, "randbits", lambda bits: 7)
    monkeypatch.setattr(processors, "_has_bf16_products", lambda: True)
    monkeypatch.setattr(processors, "_NVIDIA_DRIVER", Path("/missing"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)


def _as_wide(stand_in: str, found: re.Match[str]) -> str:
    return stand_in[: len(found[0])].ljust(len(found[0]))


def screen_of(app: RnntermApp) -> str:
    """Its rows; what passes has a stand-in of the same width."""
    console = Console(
        width=app.size.width, height=app.size.height, file=io.StringIO(), record=True,
        force_terminal=True, legacy_windows=False,
    )  # fmt: skip
    console.print(app.screen._compositor.render_update(full=True))
    text = "\n".join(line.rstrip() for line in console.export_text().rstrip().split("\n"))
    for pattern, stand_in in PASSING:
        text = pattern.sub(partial(_as_wide, stand_in), text)
    return text + "\n"


def look(tmp_path, size, *keys, theme="textual-dark", wait_for=()) -> str:
    """The screen once a fixed run is there, twelve characters are written, and keys are pressed."""
    made_run(tmp_path / "runs", "bold-otter")

    async def act() -> str:
        app = RnntermApp(Settings(theme=theme, corpus="othello"), tmp_path / "runs")
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: "LSTM 1x512" in screen_of(app))
            await pilot.press("space")
            panel = app.query_one(sample_panel.SamplePanel)
            panel.action_edit_seed()
            await pilot.press(*"ROMEO:", "enter")
            await until(pilot, lambda: app.focused is panel)
            await pilot.press(*["right"] * 12)
            for key in keys:
                await pilot.press(key)
            wanted = wait_for or ("othello",)
            await until(pilot, lambda: all(part in screen_of(app) for part in wanted))
            before = ""
            while before != screen_of(app):  # workers may still have something to say
                before = screen_of(app)
                await pilot.pause(0.3)
            return before

    return asyncio.run(act())


def check(name: str, shown: str) -> None:
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("RNNTERM_UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        path.write_text(shown)
    assert shown == path.read_text(), name


SIZES = [(80, 24), (120, 36), (200, 50)]


@pytest.mark.parametrize("size", SIZES)
def test_the_tab_text(tmp_path, size):
    check("text-{}x{}".format(*size), look(tmp_path, size))


@pytest.mark.parametrize("size", SIZES)
def test_the_tab_runs(tmp_path, size):
    shown = look(tmp_path, size, "m", "5", wait_for=["bold-otter"])
    check("runs-{}x{}".format(*size), shown)


@pytest.mark.parametrize("size", SIZES)
def test_the_tab_hidden_state(tmp_path, size):
    shown = look(tmp_path, size, "m", "2", "right", wait_for=["▀", "●", "step 2/200"])
    check("hidden-{}x{}".format(*size), shown)


@pytest.mark.parametrize("panel", ["corpus", "model", "training"])
def test_each_panel_on_a_narrow_screen(tmp_path, panel):
    check(f"{panel}-80x24", look(tmp_path, (80, 24), panel[0]))


def test_the_help(tmp_path):
    check("help-80x24", look(tmp_path, (80, 24), "question_mark", wait_for=["Live"]))


def test_without_colours_and_in_a_light_theme_it_says_the_same(tmp_path, monkeypatch):
    check("text-80x24", look(tmp_path / "light", (80, 24), theme="textual-light"))
    monkeypatch.setenv("NO_COLOR", "1")
    check("text-80x24", look(tmp_path / "plain", (80, 24)))
