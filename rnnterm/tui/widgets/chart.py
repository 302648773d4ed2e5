"""The chart of losses: a run's curves, others beside them, zoom and read-off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from rnnterm.plotting.cells import Grid
from rnnterm.plotting.lines import Line, LineChart, Rule, Spots, line_chart
from rnnterm.runs.curves import LossCurves
from rnnterm.tui.marks import TRAIN, VAL, other_curve, other_spots
from rnnterm.tui.widgets.rows import FAINT, Rows

MOST_ZOOM = 512


@dataclass(frozen=True)
class Look:
    """What of a run's curves is shown, and how.

    Attributes:
        zoom: how many times shorter than the run the part is that is shown.
        cursor: the step that is read off.
    """

    log: bool = False
    raw: bool = True
    zoom: int = 1
    cursor: float | None = None


class LossChart(Rows):
    """Draws losses into its own size, and tells where it was clicked."""

    @dataclass
    class Pointed(Message):
        """The chart was clicked at a step, or beside its data."""

        step: float | None

    @dataclass
    class Scrolled(Message):
        """The mouse wheel was turned over the chart: 1 is closer, -1 further away."""

        by: int

    def __init__(self, *, ascii_only: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._ascii = ascii_only
        self._curves: Sequence[LossCurves] = ()
        self._others: Sequence[LossCurves] = ()
        self._rules: Sequence[Rule] = ()
        self._look = Look()
        self._chart: LineChart | None = None

    def plot(
        self,
        curves: LossCurves | None,
        others: Sequence[LossCurves] = (),
        rules: Sequence[Rule] = (),
        look: Look | None = None,
    ) -> None:
        """Draw a run's train and validation curves; other runs' smoothed ones, with validations."""
        self._curves = () if curves is None else (curves,)
        self._others, self._rules, self._look = others, rules, look or Look()
        self._draw()

    @property
    def column_step(self) -> float:
        """How many steps one column of the chart is wide; 0 while there is no chart."""
        if self._chart is None or not self._chart.frame.width:
            return 0.0
        scale = self._chart.x_scale
        return (scale.high - scale.low) / self._chart.frame.width

    @property
    def shown(self) -> tuple[float, float]:
        """The first and the last step that are shown."""
        if self._chart is None:
            return 0.0, 0.0
        return self._chart.x_scale.low, self._chart.x_scale.high

    def on_resize(self) -> None:
        """Draw into the new size."""
        self._draw()

    def on_click(self, event: Click) -> None:
        """Tell which step was meant."""
        at = event.get_content_offset(self)
        if at is not None and self._chart is not None:
            self.post_message(self.Pointed(self._chart.x_at(at.x)))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Closer."""
        event.stop()
        self.post_message(self.Scrolled(1))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Further away."""
        event.stop()
        self.post_message(self.Scrolled(-1))

    def _draw(self) -> None:
        width, height = self.size
        if not width or not height:  # nobody sees it: it is drawn when it gets a size again
            return
        lines = self._lines()
        spots = [other_spots(place, each.val) for place, each in enumerate(self._others)]
        if not any(len(line.series) for line in lines):
            self._chart = None
            self.show([])
            return
        look = self._look
        x_range = shown_range(max(c.last_step for c in (*self._curves, *self._others)), look)
        self._chart = line_chart(
            lines,
            width,
            height,
            spots=spots,
            rules=self._rules,
            x_range=x_range,
            y_range=_calm([*lines, *spots], self._rules, x_range, log=look.log),
            log=look.log,
            cursor=look.cursor,
            ascii_only=self._ascii,
        )
        self.show(rows_of(self._chart.grid))

    def _lines(self) -> list[Line]:
        lines = [other_curve(place).line(each.smooth) for place, each in enumerate(self._others)]
        for curves in self._curves:
            if self._look.raw:
                lines.append(Line(curves.raw, TRAIN.style + FAINT, mark="."))
            lines.append(VAL.line(curves.val))
            lines.append(TRAIN.line(curves.smooth))
        return lines


def shown_range(last_step: float, look: Look) -> tuple[float, float]:
    """The steps to show: the end of the run, or the part around the cursor.

    The right end lies a little beyond the last step and moves seldom, so that a chart that grows is
    not drawn anew at every point.
    """
    if last_step <= 0:
        return 0.0, 1.0
    grain = 2.0 ** (math.floor(math.log2(last_step)) - 3)
    end = math.ceil(last_step / grain) * grain
    if look.zoom == 1:
        return 0.0, end
    length = end / min(look.zoom, MOST_ZOOM)
    middle = look.cursor if look.cursor is not None else last_step - length * 0.45
    start = min(max(0.0, round((middle - length / 2) / length * 8) / 8 * length), end - length)
    return start, start + length


def rows_of(grid: Grid) -> list[list[tuple[str, str | int]]]:
    """A chart's rows as pieces."""
    return [[(text, style or "") for text, style in grid.runs(row)] for row in range(grid.height)]


def _calm(
    drawn: Sequence[Line | Spots], rules: Sequence[Rule], x_range: tuple[float, float], *, log: bool
) -> tuple[float | None, float | None]:
    """Ends of y on a coarse grid: a loss that falls a little does not move the whole chart."""
    ends = [end for each in drawn for end in each.series.extremes(*x_range)]
    ends += [rule.value for rule in rules]
    ends = [end for end in ends if math.isfinite(end) and (end > 0 or not log)]
    if not ends or min(ends) == max(ends):
        return None, None
    low, high = (math.log(min(ends)), math.log(max(ends))) if log else (min(ends), max(ends))
    if not math.isfinite(high - low):
        return None, None
    grain = 2.0 ** (math.floor(math.log2(high - low)) - 3)
    low, high = math.floor(low / grain) * grain, math.ceil(high / grain) * grain
    if not log:
        return low, high
    return (math.exp(low), math.exp(high)) if high < 700 else (None, None)
