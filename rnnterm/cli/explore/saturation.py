"""`rnnterm explore --saturation`: how often each unit's gates are shut or wide open."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.explore.asked import Looked
from rnnterm.cli.explore.charts import chart_lines
from rnnterm.cli.explore.page import Canvas, Line, prose, titled
from rnnterm.explore.saturation import OPEN, SHUT, measure_saturation, saturation_plot

if TYPE_CHECKING:
    from rnnterm.explore.saturation import Saturation

_HEIGHT = 11
_WIDTH = 60
_LISTED = 5
_NAMES = {"i": "input gate", "f": "forget gate", "o": "output gate", "r": "reset gate",
          "z": "update gate"}  # fmt: skip


@dataclass(frozen=True)
class Saturated:
    """The saturation of every gate of a layer."""

    asked: Looked
    gates: "list[Saturation]"

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked = self.asked
        yield from asked.headline(canvas)
        axes = f"→ share of steps wide open (above {OPEN}), ↑ share shut (below {SHUT})"
        about = f"{asked.reading.LAYER} {asked.layer + 1} · a dot a unit: {axes}"
        yield from prose(about, canvas.width)
        for one in self.gates:
            most = "  ".join(f"{unit} {one.right[unit]:.0%}" for unit in one.most_open(_LISTED))
            yield [("", "")]
            name = f"{one.gate}, the {_NAMES[one.gate]}"
            yield from titled(name, f"most open: {most}", canvas.width)
            plot = saturation_plot(
                one, min(canvas.width, _WIDTH), _HEIGHT, ascii_only=canvas.ascii_only
            )
            yield from chart_lines(plot, canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        asked = self.asked
        return {
            **asked.as_json(),
            asked.reading.LAYER: asked.layer + 1,
            "shut_below": SHUT,
            "open_above": OPEN,
            "gates": {
                one.gate: {"shut": one.left.tolist(), "open": one.right.tolist()}
                for one in self.gates
            },
        }


def saturation(asked: Looked, given: dict[str, Any]) -> Saturated:
    """The gates of the layer that was asked for."""
    del given
    return Saturated(asked, measure_saturation(asked.reading, asked.layer))
