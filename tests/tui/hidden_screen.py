"""The tab Hidden state with a small model, driven by keys, and what it shows."""

import asyncio

import numpy as np
from textual.pilot import Pilot
from textual.widgets import Static
from waiting import until

from rnnterm.nn.modelfile import Model, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.settings import Settings
from rnnterm.text.vocab import Vocabulary
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.hidden.bench import Source
from rnnterm.tui.hidden.info_line import InfoLine
from rnnterm.tui.hidden.tab import HiddenTab
from rnnterm.tui.hidden.tool import Tool
from rnnterm.tui.hidden.unit_map import UnitMap
from rnnterm.tui.widgets.rows import Rows

SYMBOLS = (
    "\n ,.:!?" + "".join(map(chr, range(ord("A"), ord("Z") + 1))) + "abcdefghijklmnopqrstuvwxyz"
)
TEXT = (
    "ROMEO:\nWhat say you, sir?\nThe king hath sent for thee.\n\nJULIET:\nHow now!\nAnd then? " * 3
)
POISON = "a\x1b[31m[/red][link=x\x07b \u202eou\u4e2d"


def made_model(cell: str = "lstm", layers: int = 2, seed: int = 1) -> Model:
    spec = NetworkSpec(
        vocab_size=len(SYMBOLS), cell=cell, hidden_size=12, num_layers=layers, embedding_size=5
    )
    rng = np.random.default_rng(seed)
    shapes = spec.tensor_shapes().items()
    tensors = {name: rng.normal(0, 0.8, shape).astype(np.float32) for name, shape in shapes}
    return Model(spec, Vocabulary(sorted(SYMBOLS)), tensors)


def drive(tmp_path, steps, size=(120, 36), model=None, text=TEXT, **settings):
    """Open the tab with a small model that has read a text, and take the steps."""
    save_model(tmp_path / "tiny.safetensors", model or made_model())

    async def main():
        app = RnntermApp(
            Settings(corpus="othello", **settings), tmp_path / "runs",
            str(tmp_path / "tiny.safetensors"),
        )  # fmt: skip
        async with app.run_test(size=size) as pilot:
            await pilot.press("m", "2")
            tab = app.query_one(HiddenTab)
            await until(pilot, lambda: tab.scene)
            tab.read(tab.voice, Source("typed", text))
            await until(pilot, lambda: tab.scene.reading.text == text and drawn(tab))
            await steps(pilot, tab)

    asyncio.run(main())


def drawn(tab: HiddenTab) -> bool:
    """Whether the map shows what is looked at."""
    heat = tab.query_one(UnitMap)
    part = heat.picture.part if heat.picture else None
    return part is not None and part.scene is tab.scene and part.key == heat._wanted.key


def told(tab: HiddenTab) -> str:
    """The line over everything."""
    return tab.query_one(InfoLine).text


def shown(tab: HiddenTab, name: str) -> str:
    """All rows of a tool, as one line."""
    tool = next(tool for tool in tab.query(Tool) if name == tool.NAME)
    return " ".join(" ".join(rows.text for rows in tool.query(Rows)).split())


def error_of(pilot: Pilot) -> str:
    return str(pilot.app.screen.query_one(".dialog-error", Static).content)


def notice_of(tab: HiddenTab) -> str:
    return str(tab.query_one("#hidden-notice", Static).content)
