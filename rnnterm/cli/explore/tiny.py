"""`rnnterm explore tiny`: the built-in network of two linear units, computed by hand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rnnterm.bundled import TINY
from rnnterm.cli.explore.page import BOLD, MUTED, Canvas, Line, prose
from rnnterm.errors import UsageError
from rnnterm.explore.classic import (
    EXAMPLES,
    WEIGHTS,
    ClassicNetwork,
    ClassicStep,
    figure,
    weight_symbol,
)

_NAME, _FIRST = TINY, "rotation"
_WEIGHT = re.compile(r"(w[xhy][12]{1,2})=(.+)")
_ON_THE_LINE = str.maketrans("₁₂", "12")
_CELL = 20  # columns of a weight


@dataclass(frozen=True)
class Tiny:
    """The network, and which of its steps are shown."""

    name: str
    network: ClassicNetwork
    steps: tuple[ClassicStep, ...]

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        network = self.network
        inputs = ", ".join(map(figure, network.xs))
        about = f"{self.name} · 2 linear units · x = {inputs} · h0 = 0 · no biases"
        yield from prose(about, canvas.width)
        yield from prose("each h = x wx + the h before · wh, o = h wy", canvas.width, MUTED)
        yield from self._weights()
        for step in self.steps:
            yield [("", "")]
            yield [(f"step {step.number}", BOLD), (f"  x{step.number} = {figure(step.x)}", "")]
            for line in step.lines(canvas.width):
                yield [(line, "")]
        yield [("", "")]
        yield from self._gradients(canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        network = self.network
        return {
            "model": self.name,
            "x": list(network.xs),
            **{name: [list(row) for row in getattr(network, name)] for name in WEIGHTS},
            "steps": [
                {"step": step.number, "x": step.x, "h": list(step.h), "o": step.output}
                for step in self.steps
            ],
            "gradient_norms": list(network.gradient_norms()),
            "spectral_radius": network.spectral_radius,
        }

    def _weights(self) -> Iterator[Line]:
        rows: dict[tuple[str, int], list[str]] = {}
        for name, row, column, value in self.network.weights():
            cell = f"{weight_symbol(name, row, column)} = {figure(value)}"
            rows.setdefault((name, row), []).append(cell)
        yield [("", "")]
        for cells in rows.values():
            yield [("".join(f"{cell:<{_CELL}}" for cell in cells).rstrip(), "")]

    def _gradients(self, canvas: Canvas) -> Iterator[Line]:
        last = len(self.network.xs)
        yield [("gradients", BOLD), (f"  ‖∂o{last}/∂h‖ by each state", "")]
        for number, norm in enumerate(self.network.gradient_norms(), 1):
            yield [(f"h{number}  {norm:.5f}" if norm < 1e6 else f"h{number}  {norm:.5e}", "")]
        radius = self.network.spectral_radius
        yield from prose(
            f"spectral radius of wh {radius:.5f}: {_fate(radius)}", canvas.width, MUTED
        )


def is_tiny(model: str) -> bool:
    """Whether a model's name means the built-in network: `tiny`, or `tiny:reflection`."""
    return model.partition(":")[0] == _NAME


def tiny(model: str, text: str | None, weights: tuple[str, ...], step: int | None) -> Tiny:
    """The computation, with weights such as `wh12=0.5` in the place of its own.

    Raises UsageError for an example, weight, number or step that is not there.
    """
    example = model.partition(":")[2] or _FIRST
    if example not in EXAMPLES:
        names = " or ".join(f"{_NAME}:{name}" for name in EXAMPLES)
        raise UsageError(f"there is no {model!r}: choose {names}")
    network = EXAMPLES[example]
    if text is not None:
        network = network.with_inputs([_number(word) for word in text.replace(",", " ").split()])
    for spelled in weights:
        network = _with_weight(network, spelled)
    steps = network.steps()
    if step is not None:
        if not 1 <= step <= len(steps):
            raise UsageError(f"there is no step {step}: they go from 1 to {len(steps)}")
        steps = steps[step - 1 : step]
    return Tiny(f"{_NAME}:{example}", network, tuple(steps))


def _with_weight(network: ClassicNetwork, spelled: str) -> ClassicNetwork:
    match = _WEIGHT.fullmatch(spelled.replace(" ", ""))
    places = {
        _typed(name, row, column): (name, row, column) for name, row, column, _ in network.weights()
    }
    if match is None or match[1] not in places:
        raise UsageError(f"no weight is set by {spelled!r}: write wh12=0.5; there are "
                         f"{', '.join(places)}")  # fmt: skip
    return network.with_weight(*places[match[1]], _number(match[2]))


def _typed(name: str, row: int, column: int) -> str:
    """How a weight is typed: its symbol on the line, such as `wh12`."""
    return weight_symbol(name, row, column).translate(_ON_THE_LINE)


def _number(text: str) -> float:
    try:
        return float(text.replace("−", "-"))
    except ValueError:
        raise UsageError(f"{text!r} is not a number") from None


def _fate(radius: float) -> str:
    if abs(radius - 1) < 1e-6:
        return "gradients keep their length"
    return "gradients vanish" if radius < 1 else "gradients explode"
