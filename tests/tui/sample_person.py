"""Someone at the app with the panel Live sample in front of them, and models that they hear."""

import numpy as np
from textual.events import Key, MouseEvent
from textual.widgets import Static
from waiting import turn_wheel, until

from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.text.sample_candidates import Candidates
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.widgets.stream import TextStream

POISON = '\n [/red]="x\x1b\x07日本e\u0301\u200d👩\x9b'


def make_model(symbols: str = "\n abcdefgh", hidden_size: int = 8) -> Model:
    vocab = Vocabulary(symbols)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=hidden_size, embedding_size=4)
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


_HOPS = 10  # from the app to a field, up to the app again, and some for what follows


class Person:
    """Someone at the app with the panel in front of them."""

    def __init__(self, app: RnntermApp, pilot) -> None:
        self.app, self.pilot = app, pilot
        self.panel = app.query_one(SamplePanel)
        self.stream = app.query_one(TextStream)

    @property
    def text(self) -> str:
        return self.panel._live.text() if self.panel._live is not None else ""

    @property
    def title(self) -> str:
        return self.panel._border_title.plain

    @property
    def notice(self) -> str:
        notice = self.panel.query_one(".sample-notice", Static)
        return str(notice.content) if notice.display else ""

    @property
    def candidates(self) -> list[str]:
        shown = self.panel.query_one(Candidates)
        return [one.char for one in shown._candidates] if shown.display else []

    async def press(self, *keys: str) -> None:
        # Not by `pilot.press`, which waits until a process is idle that never is while it writes.
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))
            for _ in range(_HOPS):
                await self.pilot.pause(0)

    async def until(self, condition) -> None:
        await until(self.pilot, condition)

    async def spoken(self, count: int = 20) -> None:
        begun = len(self.text)
        await self.until(lambda: len(self.text) >= begun + count)

    async def click(self, figure: str, **keys) -> None:
        """Click on a figure in the border."""
        await self.pilot.click(SamplePanel, offset=self._place_of(figure), **keys)

    async def turn_wheel(self, figure: str, kind: type[MouseEvent]) -> None:
        """Turn the wheel over a figure in the border."""
        await turn_wheel(self.pilot, kind, SamplePanel, self._place_of(figure))

    def _place_of(self, figure: str) -> tuple[int, int]:
        return 2 + self.title.index(figure) + 1, 0
