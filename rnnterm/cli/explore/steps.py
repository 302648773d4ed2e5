"""The plain view of `rnnterm explore`: a unit over the text, all units, and one step in full."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.explore.asked import Asked, Looked
from rnnterm.cli.explore.charts import chart_lines, heat_lines
from rnnterm.cli.explore.page import MUTED, Canvas, Line, titled, wrapped
from rnnterm.cli.explore.tint import Range, tinted_text
from rnnterm.explore.equations import equation_lines
from rnnterm.explore.ordering import order_units
from rnnterm.glyphs import visible
from rnnterm.plotting.bars import Bar, bar_chart
from rnnterm.plotting.lines import Line as Curve
from rnnterm.plotting.lines import line_chart
from rnnterm.plotting.series import Series

if TYPE_CHECKING:
    from rnnterm.explore.equations import Equation
    from rnnterm.explore.reading import Reading
    from rnnterm.nn.softmax import Doubles

_HEAT_HEIGHT = 12
_CURVE_HEIGHT = 7
_EXPECTED = 5
_WIDE = 72  # columns from which each term's number is told


@dataclass(frozen=True)
class Steps:
    """What a model did while it read, with the eye on one unit and one step."""

    asked: Asked

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked = self.asked
        reading, layer, name = asked.reading, asked.layer, asked.name
        reach = Range.of(reading, layer, name)
        yield from asked.headline(canvas)
        yield from wrapped([(asked.whereabouts(), MUTED)], canvas.width)
        yield [("", "")]
        values = reading.values(layer, name)
        yield from tinted_text(
            reading.text, values[:, asked.unit].tolist(), reach, canvas, asked.step
        )
        yield [("", "")]
        yield from units_over_time(asked, canvas)
        yield from self._step(canvas)

    def _step(self, canvas: Canvas) -> Iterator[Line]:
        asked, reading = self.asked, self.asked.reading
        step = asked.step
        char = visible(reading.text[step])
        about = f"after '{char}'{_surprise(reading, step)}"
        yield from titled(f"step {step + 1}", about, canvas.width)
        yield from told_equations(self.asked.equations, canvas)
        yield [("", "")]
        entropy = f"entropy {reading.entropy[step]:.2f} bits"
        yield from titled("expected next", entropy, canvas.width)
        bars = [
            Bar(f"'{visible(symbol)}'", chance, share(chance))
            for symbol, chance in reading.expected(step, _EXPECTED)
        ]
        chart = bar_chart(bars, min(canvas.width, 60), ascii_only=canvas.ascii_only)
        yield from chart_lines(chart, canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        asked, reading = self.asked, self.asked.reading
        layer, unit, step = asked.layer, asked.unit, asked.step
        return {
            **asked.as_json(),
            "layer": layer + 1,
            "show": asked.name,
            "unit": unit,
            "step": step + 1,
            "surprisal": reading.surprisal.tolist(),
            "entropy": reading.entropy.tolist(),
            "mean_surprisal": asked.mean_surprisal,
            "values": {
                name: reading.values(layer, name)[:, unit].tolist() for name in reading.names
            },
            "equations": equations_as_json(self.asked.equations),
            "expected": [
                {"char": char, "probability": chance}
                for char, chance in reading.expected(step, _EXPECTED)
            ],
        }


def steps(asked: Asked) -> Steps:
    """The plain view."""
    return Steps(asked)


def units_over_time(looked: Looked, canvas: Canvas) -> Iterator[Line]:
    """All units over the steps, then the chosen one as a curve, and an empty line."""
    reading, name = looked.reading, looked.name
    values = reading.values(looked.layer, name)
    rows = values[:, order_units(values, "similarity")].T
    reach = Range.of(reading, looked.layer, name)
    heat, shown = heat_lines(rows, reach, canvas, _HEAT_HEIGHT, looked.step)
    about = f"{name}, similar units together · {shown.legend(canvas)}"
    yield from titled("units x time", about, canvas.width)
    yield from heat
    yield [("", "")]
    if len(reading) > 1:
        yield from titled(f"unit {looked.unit}", f"{name} over the steps", canvas.width)
        yield from curve([values[:, looked.unit]], looked.axis, looked.step, canvas)
        yield [("", "")]


def told_equations(told: "list[Equation]", canvas: Canvas) -> Iterator[Line]:
    """Equations with their numbers; where there is room, each term's."""
    for line in equation_lines(told, canvas.width, terms=canvas.width >= _WIDE):
        yield [(line, "")]


def equations_as_json(told: "list[Equation]") -> list[dict[str, Any]]:
    """Equations as plain values."""
    return [
        {
            "name": one.name,
            "function": one.function,
            "terms": [{"symbol": term.symbol, "factors": list(term.factors)} for term in one.terms],
            "sum": one.total,
            "value": one.value,
        }
        for one in told
    ]


def share(probability: float) -> str:
    """A probability as `.41`."""
    return f"{probability:.2f}".removeprefix("0")


def _surprise(reading: "Reading", step: int) -> str:
    bits = float(reading.surprisal[step])
    return "" if math.isnan(bits) else f", which surprised by {bits:.2f} bits"


def curve(values: Sequence[Any], axis: "Doubles", step: int, canvas: Canvas) -> list[Line]:
    """One or several curves over the same places of an axis, with one of them marked."""
    looks = (((1, 0), "*"), ((2, 1), "o"))
    lines = [
        Curve(Series(axis, one), number, *look)
        for number, (one, look) in enumerate(zip(values, looks, strict=False), start=1)
    ]
    chart = line_chart(lines, canvas.width, _CURVE_HEIGHT, cursor=float(axis[step]),
                       ascii_only=canvas.ascii_only)  # fmt: skip
    return chart_lines(chart.grid, canvas)
