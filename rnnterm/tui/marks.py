"""Marks that tell apart without colour: the states of runs, and the curves of a chart."""

from dataclasses import dataclass

from rnnterm.plotting.lines import Line, Spots
from rnnterm.plotting.series import Series
from rnnterm.runs.status import FINISHED, PAUSED, RUNNING, STOPPED

_MARKS = {RUNNING: "●", PAUSED: "◍", FINISHED: "✓", STOPPED: "■"}
_OTHER_STYLES = (3, 4, 5, 7, 6, 8)
_OTHER_DASHES = ((3, 2), (6, 2), (2, 3), (6, 4), (1, 1), (4, 4))
_OTHER_MARKS = "ox+%&"


def state_mark(state: str) -> str:
    """One column for a run's state; what ended otherwise, went wrong."""
    return _MARKS.get(state, "✗")


@dataclass(frozen=True)
class CurveMark:
    """How a curve looks, in a chart and in its legend.

    Attributes:
        style: the id of its cells.
        glyph: its character in the legend.
        mark: its character in charts of ASCII alone, and in their legends.
    """

    style: int
    dash: tuple[int, int]
    glyph: str
    mark: str

    def line(self, series: Series) -> Line:
        """The curve in a chart."""
        return Line(series, self.style, self.dash, self.mark)

    def legend(self, *, ascii_only: bool) -> str:
        """One column that begins its row of the legend."""
        return self.mark if ascii_only else self.glyph


TRAIN = CurveMark(2, (1, 0), "━", "*")
VAL = CurveMark(1, (2, 1), "╍", "#")


def other_curve(number: int) -> CurveMark:
    """The training curve of a run that is laid over, by its place among them, from 0."""
    return CurveMark(
        _OTHER_STYLES[number % len(_OTHER_STYLES)],
        _OTHER_DASHES[number % len(_OTHER_DASHES)],
        "━",
        _OTHER_MARKS[number % len(_OTHER_MARKS)],
    )


def other_digit(number: int) -> str:
    """What stands at the validations of such a run, in the chart and in its legend."""
    return str((number + 1) % 10)


def other_spots(number: int, validations: Series) -> Spots:
    """The validations of such a run in a chart: a curve more for each would be too many."""
    return Spots(validations, other_curve(number).style, other_digit(number))
