"""The tool that finds units which follow a feature of the text."""

import numpy as np
from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.features import Measured, measure_feature
from rnnterm.explore.probe import Probe, fit_probe
from rnnterm.explore.reading import Reading
from rnnterm.explore.units import UnitScore, rank_units
from rnnterm.nn.softmax import Doubles
from rnnterm.plotting.bars import bar
from rnnterm.terminal import safe_line
from rnnterm.tui.hidden.find_dialog import FindDialog
from rnnterm.tui.hidden.lines import Lines, wrapped_rows
from rnnterm.tui.hidden.pick_list import PickList
from rnnterm.tui.hidden.text_rows import share
from rnnterm.tui.hidden.tool import TextTool
from rnnterm.tui.widgets.rows import Row

_BESIDE_BAR = 22


class FindTool(TextTool):
    """Asks for a feature, ranks the units, and asks a probe how many of them it takes."""

    NAME = "find"
    TITLE = "Find units"
    NEEDS = "it follows features of characters"

    class Scored(Message):
        """Every unit has a score, shape (H,): the map may be sorted by it."""

        def __init__(self, scores: Doubles) -> None:
            super().__init__()
            self.scores = scores

    class Ranked(Message):
        """A thread ranked the units, or found out why there is nothing to rank."""

        def __init__(
            self,
            measured: Measured | RnntermError,
            ranked: list[UnitScore] = [],  # noqa: B006
        ) -> None:
            super().__init__()
            self.measured, self.ranked = measured, ranked

    class Probed(Message):
        """A thread taught a probe, or found out why it cannot."""

        def __init__(self, probe: Probe | RnntermError) -> None:
            super().__init__()
            self.probe = probe

    def __init__(self) -> None:
        super().__init__()
        self._asked = ""
        self._done: tuple[Reading, int, str, str] | None = None
        self._ranked: list[UnitScore] = []

    def compose(self) -> ComposeResult:
        """What was asked, the units, and the probe."""
        yield Lines(id="find-head")
        yield PickList()
        yield Lines(id="find-probe")

    def open(self) -> None:
        """Ask for a feature."""
        self.screen.set_focus(self.query_one(PickList))
        if self.reading is None:
            return
        pattern = self._asked[1:-1] if self._asked.startswith("/") else ""
        self.app.push_screen(FindDialog(self.reading.text, pattern), self._chosen)

    def _chosen(self, measured: Measured | None) -> None:
        if measured is None:
            if not self._asked:
                self.post_message(self.Closed())
            return
        self._asked, self._done = measured.feature.name, None
        self.query_one(PickList).fill([], cursor=0)
        self.draw(is_other_scene=True)

    def draw(self, *, is_other_scene: bool) -> None:
        """Rank the units where the text or the values are others."""
        scene, reading = self.scene, self.reading
        if scene is None or reading is None or not self._asked:
            return
        wanted = (reading, scene.layer, scene.name, self._asked)
        if wanted != self._done:
            self._done = wanted
            self.query_one("#find-probe", Lines).show([[("the probe learns …", "muted")]])
            self._rank(*wanted)

    @work(thread=True, exclusive=True, group="find", description="")
    def _rank(self, reading: Reading, layer: int, name: str, asked: str) -> None:
        worker = get_current_worker()
        try:
            measured = measure_feature(asked, reading.text)
        except RnntermError as error:
            self.post_message(self.Ranked(error))
            return
        ranked = rank_units(reading, layer, name, measured)
        if worker.is_cancelled:
            return
        self.post_message(self.Ranked(measured, ranked))
        probe: Probe | RnntermError
        try:
            probe = fit_probe(reading.values(layer, name), measured)
        except RnntermError as error:
            probe = error
        if not worker.is_cancelled:
            self.post_message(self.Probed(probe))

    def on_find_tool_ranked(self, message: Ranked) -> None:
        """Show the units, the best first."""
        message.stop()
        head, measured = self.query_one("#find-head", Lines), message.measured
        width = max(8, self.size.width)
        if isinstance(measured, RnntermError):
            head.show(wrapped_rows(str(measured), width, "warning")[:3])
            self.query_one(PickList).fill([])
            self.query_one("#find-probe", Lines).show([])
            return
        self._ranked = message.ranked
        head.show(
            [
                [(safe_line(self._asked), "bold"), (f"  {measured.describe()}", "muted")],
                [("score: 1 always together, −1 against", "muted")],
            ]
        )
        self._fill()
        scores = np.zeros(len(self._ranked))
        for one in self._ranked:
            scores[one.unit] = abs(one.score)
        self.post_message(self.Scored(scores))
        if self._ranked:
            self.post_message(self.Pointed(unit=self._ranked[0].unit))

    def _fill(self) -> None:
        width = self.query_one(PickList).size.width
        ascii_only = self.host.settings.ascii
        self.query_one(PickList).fill(
            [_row(one, width, ascii_only=ascii_only) for one in self._ranked]
        )

    def on_resize(self) -> None:
        """Bars have another length."""
        if self._ranked:
            self.call_after_refresh(self._fill)

    def on_find_tool_probed(self, message: Probed) -> None:
        """Show what the probe says."""
        message.stop()
        width, probe = max(8, self.size.width), message.probe
        if isinstance(probe, RnntermError):
            rows = wrapped_rows(str(probe), width, "muted")
        else:
            count = len(probe.units)
            used = ", ".join(str(unit) for unit in probe.units[:6]) + ("…" if count > 6 else "")
            rows = [
                [(f"L1 probe: {count} unit{'s' * (count != 1)}", "bold"), (f"  {used}", "muted")],
                [(f"held-out {signed(probe.held_out)}", ""),
                 (f"  shuffled labels {signed(probe.control)}", "muted")],
            ]  # fmt: skip
        self.query_one("#find-probe", Lines).show(rows[:3])

    def on_cursor_rows_moved(self, message: PickList.Moved) -> None:
        """Look at the unit."""
        message.stop()
        self.post_message(self.Pointed(unit=self._ranked[message.place].unit))

    def on_pick_list_picked(self, message: PickList.Picked) -> None:
        """Look at the unit, and close."""
        message.stop()
        self.post_message(self.Pointed(unit=self._ranked[message.place].unit))
        self.post_message(self.Closed())


def _row(one: UnitScore, width: int, *, ascii_only: bool) -> Row:
    drawn = bar(abs(one.score), max(0, width - _BESIDE_BAR), ascii_only=ascii_only).rstrip()
    return [(f"unit {one.unit:<6}{signed(one.score):>6}  {drawn}", "")]


def signed(score: float) -> str:
    """A score as `.94` or `−.94`."""
    return f"{'−' if score < 0 else ''}{share(abs(score))}"
