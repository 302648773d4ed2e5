"""`rnnterm explore --saturation`: how often each unit's gates are shut or wide open."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.explore.asked import Asked
from rnnterm.cli.explore.charts import chart_lines
from rnnterm.cli.explore.page import Canvas, Line
from rnnterm.explore.saturation import OPEN, SHUT, measure_saturation, saturation_plot

if TYPE_CHECKING:
    from rnnterm.explore.saturation import Saturation

_HEIGHT = 11
_WIDTH = 60
_LISTED = 5
_NAMES = {"i": "input gate", "f": "forget gate", "o": "output gate", "r": "reset gate",
          "z": "update gate"}  # fmt: skip
_BOLD = "1"


@dataclass(frozen=True)
class Saturated:
    """The saturation of every gate of a layer."""

    asked: Asked
    gates: "list[Saturation]"

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked = self.asked
        yield [(f"{asked.model_name} · {asked.model.spec.describe()} · layer {asked.layer + 1} · "
                f"{len(asked.reading):,} characters", "")]  # fmt: skip
        yield [(f"a dot a unit · → share of steps wide open (above {OPEN}) · ↑ share shut "
                f"(below {SHUT})", "")]  # fmt: skip
        for one in self.gates:
            most = "  ".join(f"{unit} {one.right[unit]:.0%}" for unit in one.most_open(_LISTED))
            yield [("", "")]
            yield [(f"{one.gate}, the {_NAMES[one.gate]}", _BOLD),
                   (f"  most open: {most}", "")]  # fmt: skip
            plot = saturation_plot(
                one, min(canvas.width, _WIDTH), _HEIGHT, ascii_only=canvas.ascii_only
            )
            yield from chart_lines(plot, canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        asked = self.asked
        return {
            "model": asked.model_name,
            "layer": asked.layer + 1,
            "characters": len(asked.reading),
            "shut_below": SHUT,
            "open_above": OPEN,
            "gates": {
                one.gate: {"shut": one.left.tolist(), "open": one.right.tolist()}
                for one in self.gates
            },
        }


def saturation(asked: Asked, given: dict[str, Any]) -> Saturated:
    """The gates of the layer that was asked for."""
    del given
    return Saturated(asked, measure_saturation(asked.reading, asked.layer))
