"""One step of one unit as equations with their numbers: each gate, product and sum.

The letters are those of `rnnterm.nn.cells`: `x` enters, `h` and `c` are the state before, `h′` and
`c′` the state after. Every equation is a function of a sum of products, so that each value follows
from the numbers beside it, and those from the equations above.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from rnnterm.explore.unrolled import Unrolled
from rnnterm.nn.cells import ACTIVATIONS, Array, CellSpec, CellWeights, State, sigmoid

_INDENT = "  "
_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "σ": sigmoid,
    **{str(name): function for name, function in ACTIVATIONS.items()},
}


@dataclass(frozen=True)
class Term:
    """A product in a sum, such as `f c` of .957 and .82; most have one factor only.

    Attributes:
        symbol: as it is written, such as `W x` or `r (U h + bₕ)`.
        factors: the numbers that are multiplied.
    """

    symbol: str
    factors: tuple[float, ...]

    @property
    def value(self) -> float:
        """The product."""
        return prod(self.factors)

    def numbers(self) -> str:
        """The product with its numbers, such as `.957·.82`; negative ones stand in brackets."""
        first, *others = self.factors
        written = [number(first), *(f"({number(o)})" if o < 0 else number(o) for o in others)]
        return "·".join(written)


@dataclass(frozen=True)
class Equation:
    """`name = function(term + term + …) = value`.

    Attributes:
        name: of a gate or state of the trace: `i`, `h`, `c`, …
        symbol: what is written for it: `i`, `h′`.
        function: `σ`, `tanh`, `relu`, or `linear`, which is not written.
    """

    name: str
    symbol: str
    function: str
    terms: tuple[Term, ...]

    @property
    def total(self) -> float:
        """The sum of the terms, before the function."""
        return sum(term.value for term in self.terms)

    @property
    def value(self) -> float:
        """What comes out."""
        return float(_FUNCTIONS[self.function](np.array([self.total]))[0])

    @property
    def formula(self) -> str:
        """The right-hand side in letters: `σ(W x + U h + b)`."""
        return self._applied(" + ".join(term.symbol for term in self.terms))

    @property
    def numbers(self) -> str:
        """The same with its numbers: `σ(−.42 + 1.94 + .3)`."""
        return self._applied(_summed(term.numbers() for term in self.terms))

    def forms(self, *, terms: bool = False) -> list[str]:
        """The sides between the equals signs: `i`, `σ(W x + U h + b)`, `σ(1.82)`, `.861`.

        The terms' numbers are among them where they are products, or if `terms` asks for them.
        """
        sides = [self.symbol, self.formula]
        if terms or any(len(term.factors) > 1 for term in self.terms):
            sides.append(self.numbers)
        if self.function != "linear":
            sides.append(self._applied(number(self.total)))
        return [*sides, number(self.value)]

    def lines(self, width: int, *, terms: bool = False) -> list[str]:
        """The equation on as few lines of `width` columns as it takes, broken before `=`."""
        return list(_broken(self.forms(terms=terms), width))

    def _applied(self, argument: str) -> str:
        return argument if self.function == "linear" else f"{self.function}({argument})"


def equations(reading: Unrolled, layer: int, unit: int, step: int) -> list[Equation]:
    """How a unit of a layer came to its state at a step (all from 0), in order of computation."""
    return cell_equations(
        reading.cell_spec,
        reading.cells[layer].weights,
        reading.input_of(layer, step),
        reading.state_before(step)[layer],
        unit,
    )


def cell_equations(
    spec: CellSpec, weights: CellWeights, x: Array, state: State, unit: int
) -> list[Equation]:
    """The same of any cell, for an input of shape (I,) and a state of shape (H,)."""
    sums = _Sums(weights, x, state[0], unit)
    if spec.cell == "lstm":
        return _lstm(sums, float(state[1][unit]))
    if spec.cell == "gru":
        return _gru(sums, reset_after=spec.reset_after)
    return [sums.gate("h", 0, spec.activation, symbol="h′")]


def number(value: float) -> str:
    """A number in three digits or so, as formulas have it: `.861`, `−.604`, `1.82`, `.0048`."""
    size = abs(value)
    if size == 0:
        return "0"
    if not 0.000995 <= size < 99_999.5:
        mantissa, _, exponent = f"{size:.1e}".partition("e")
        text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    else:
        most = ((0.00995, 4), (0.9995, 3), (9.995, 2), (99.95, 1))
        decimals = next((count for least, count in most if size < least), 0)
        text = f"{size:.{decimals}f}".removeprefix("0")
    return f"−{text}" if value < 0 else text


def signed_number(value: float) -> str:
    """The same with its sign, whichever it is."""
    return number(value) if value < 0 else f"+{number(value)}"


def equation_lines(steps: Iterable[Equation], width: int, *, terms: bool = False) -> list[str]:
    """All equations below each other, no line wider than `width`, if no single side is."""
    return [line for step in steps for line in step.lines(width, terms=terms)]


class _Sums:
    """The sums that enter one unit's gates, in doubles."""

    def __init__(self, weights: CellWeights, x: Array, h: Array, unit: int) -> None:
        self._weights = weights
        self._x, self._h, self._unit = x.astype(np.float64), h.astype(np.float64), unit
        self.h = float(h[unit])

    def gate(self, name: str, gate: int, function: str, *, symbol: str = "") -> Equation:
        """φ(W x + U h + b) of the gate that is the `gate`-th in the weights."""
        terms = (
            Term("W x", (self.input(gate),)),
            Term("U h", (self.recurrent(gate),)),
            Term("b", (self.bias_ih(gate) + self.bias_hh(gate),)),
        )
        return Equation(name, symbol or name, function, terms)

    def input(self, gate: int) -> float:
        """W x."""
        return float(self._row(self._weights.weight_ih, gate) @ self._x)

    def recurrent(self, gate: int, reset: Array | None = None) -> float:
        """U h, or U (r h)."""
        h = self._h if reset is None else self._h * reset
        return float(self._row(self._weights.weight_hh, gate) @ h)

    def bias_ih(self, gate: int) -> float:
        """What is added to W x."""
        return float(self._row(self._weights.bias_ih, gate))

    def bias_hh(self, gate: int) -> float:
        """What is added to U h."""
        return float(self._row(self._weights.bias_hh, gate))

    def all_resets(self) -> Array:
        """The reset gate of every unit, shape (H,)."""
        rows = slice(0, self._weights.hidden_size)
        weights = self._weights
        return sigmoid(
            weights.weight_ih[rows].astype(np.float64) @ self._x
            + weights.weight_hh[rows].astype(np.float64) @ self._h
            + (weights.bias_ih[rows] + weights.bias_hh[rows])
        )

    def _row(self, tensor: Array, gate: int) -> Array:
        row: Array = tensor[gate * self._weights.hidden_size + self._unit].astype(np.float64)
        return row


def _lstm(sums: _Sums, c: float) -> list[Equation]:
    i, f = sums.gate("i", 0, "σ"), sums.gate("f", 1, "σ")
    g, o = sums.gate("g", 2, "tanh"), sums.gate("o", 3, "σ")
    terms = (Term("f c", (f.value, c)), Term("i g", (i.value, g.value)))
    cell = Equation("c", "c′", "linear", terms)
    out = Term("o tanh(c′)", (o.value, float(np.tanh(cell.value))))
    return [i, f, g, o, cell, Equation("h", "h′", "linear", (out,))]


def _gru(sums: _Sums, *, reset_after: bool) -> list[Equation]:
    r, z = sums.gate("r", 0, "σ"), sums.gate("z", 1, "σ")
    if reset_after:
        recurrent = [Term("r (U h + bₕ)", (r.value, sums.recurrent(2) + sums.bias_hh(2)))]
    else:
        recurrent = [
            Term("U (r h)", (sums.recurrent(2, sums.all_resets()),)),
            Term("bₕ", (sums.bias_hh(2),)),
        ]
    entering = [Term("W x", (sums.input(2),)), Term("bᵢ", (sums.bias_ih(2),))]
    n = Equation("n", "n", "tanh", (*entering, *recurrent))
    kept = (Term("(1 − z) n", (1 - z.value, n.value)), Term("z h", (z.value, sums.h)))
    return [r, z, n, Equation("h", "h′", "linear", kept)]


def _summed(terms: Iterable[str]) -> str:
    """Terms with the signs between them: `.2 − .3·.5`."""
    first, *others = terms
    return first + "".join(
        f" − {term.removeprefix('−')}" if term.startswith("−") else f" + {term}" for term in others
    )


def _broken(sides: list[str], width: int) -> Iterator[str]:
    line = sides[0]
    for side in sides[1:]:
        if len(f"{line} = {side}") <= width:
            line += f" = {side}"
        else:
            yield line
            line = f"{_INDENT}= {side}"
    yield line
