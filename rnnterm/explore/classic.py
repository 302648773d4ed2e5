"""The classic hand computation: two linear units that read x = 1, 2, 3, small enough to follow.

h_t = x_t wx + h_{t-1} wh and o_t = h_t wy, with row vectors, as Keras writes them: the weight
wh₁₂ leads from unit 1 to unit 2. No biases, h₀ = 0. All in doubles.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.explore.backprop import Backprop
from rnnterm.nn.cells import Array, CellWeights, SimpleRNN, State
from rnnterm.nn.spec import NetworkSpec

Matrix = tuple[tuple[float, ...], ...]

WEIGHTS = {"wx": (1, 2), "wh": (2, 2), "wy": (2, 1)}
"""The weights' names, with their rows and columns."""
MOST_INPUTS = 50
LARGEST = 1000
"""Of weights and inputs: so that whatever explodes, stays finite."""
_SPEC = NetworkSpec(
    vocab_size=1, cell="rnn", activation="linear", hidden_size=2, num_layers=1, input="scalar"
)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MINUS = "−"


@dataclass(frozen=True)
class Sum:
    """One number of the computation, and the products that it is the sum of.

    Attributes:
        symbol: such as `h2₁`.
        factors: names and values of each product: `(("x2", 2.0), ("wx₁", 0.187))`.
    """

    symbol: str
    factors: tuple[tuple[tuple[str, float], tuple[str, float]], ...]
    value: float

    def lines(self, width: int) -> list[str]:
        """In letters, with numbers, as products, and the value: a line or more for each."""
        sides = (
            [f"{one} {other}" for (one, _), (other, _) in self.factors],
            [f"{figure(one)}·{_bracketed(other)}" for (_, one), (_, other) in self.factors],
            [figure(one * other) for (_, one), (_, other) in self.factors],
            [figure(self.value)],
        )
        indent = " " * len(self.symbol)
        return [
            line
            for number, terms in enumerate(sides)
            for line in _broken(f"{indent if number else self.symbol} = ", terms, width)
        ]


@dataclass(frozen=True)
class ClassicStep:
    """One step: what entered, the state before and after, the output, and how each came about.

    Attributes:
        number: from 1.
    """

    number: int
    x: float
    before: tuple[float, float]
    h: tuple[float, float]
    output: float
    sums: tuple[Sum, ...]

    def lines(self, width: int) -> list[str]:
        """The hand computation, no line wider than `width` where a product is not."""
        return [line for part in self.sums for line in part.lines(width)]


@dataclass(frozen=True)
class ClassicNetwork:
    """The network with its weights, which can be edited into others.

    Attributes:
        wx: from the input to the units, 1 x 2.
        wh: from the units to themselves, 2 x 2.
        wy: from the units to the output, 2 x 1.
        xs: what it reads, a number a step.
    """

    wx: Matrix
    wh: Matrix
    wy: Matrix
    xs: tuple[float, ...] = (1.0, 2.0, 3.0)

    def with_weight(self, name: str, row: int, column: int, value: float) -> "ClassicNetwork":
        """The network with another number in one place (rows and columns from 0).

        Raises RnntermError for a place that is not there, or a number beyond ±`LARGEST`.
        """
        rows, columns = WEIGHTS.get(name, (0, 0))
        if not (0 <= row < rows and 0 <= column < columns):
            raise RnntermError(f"there is no weight {weight_symbol(name, row, column)}")
        changed = [list(numbers) for numbers in getattr(self, name)]
        changed[row][column] = _checked(value)
        edited: dict[str, Any] = {name: tuple(map(tuple, changed))}
        return replace(self, **edited)

    def with_inputs(self, xs: Sequence[float]) -> "ClassicNetwork":
        """The network reading something else.

        Raises RnntermError for nothing, more than `MOST_INPUTS`, or a number beyond ±`LARGEST`.
        """
        if not 1 <= len(xs) <= MOST_INPUTS:
            raise RnntermError(f"the tiny network reads 1 to {MOST_INPUTS} numbers, not {len(xs)}")
        return replace(self, xs=tuple(map(_checked, xs)))

    def weights(self) -> Iterator[tuple[str, int, int, float]]:
        """Every weight: its name, row, column (from 0) and value."""
        for name in WEIGHTS:
            for row, numbers in enumerate(getattr(self, name)):
                for column, value in enumerate(numbers):
                    yield name, row, column, value

    @cached_property
    def states(self) -> Array:
        """The state after every step, shape (T, 2)."""
        cell = self._cell()
        state: State = (np.zeros(2),)
        states = []
        for x in self.xs:
            state = cell.step(cell.project(np.array([x])), state)
            states.append(state[0])
        return np.stack(states)

    @cached_property
    def outputs(self) -> tuple[float, ...]:
        """The output after every step."""
        return tuple((self.states @ np.array(self.wy))[:, 0].tolist())

    def steps(self) -> list[ClassicStep]:
        """The whole computation."""
        befores = [(0.0, 0.0), *map(_pair, self.states[:-1])]
        return [
            ClassicStep(number, x, before, _pair(h), output, self._sums(number, before, _pair(h)))
            for number, (x, before, h, output) in enumerate(
                zip(self.xs, befores, self.states, self.outputs, strict=True), 1
            )
        ]

    def gradient_norms(self) -> tuple[float, ...]:
        """‖∂o_T/∂h_t‖ of the last output by the state after every step, first step first."""
        back = Backprop(_SPEC, [self._cell()], [{"h": self.states}])
        last = np.array([len(self.xs) - 1])
        flows = back.walk(last, np.array(self.wy).T)
        return tuple(float(np.hypot(*flow.h[0][0])) for flow in flows)[::-1]

    @property
    def spectral_radius(self) -> float:
        """The largest absolute eigenvalue of wh: 1 keeps gradients as they are."""
        return float(np.abs(np.linalg.eigvals(np.array(self.wh))).max())

    def _cell(self) -> SimpleRNN:
        zeros = np.zeros(2)
        # rnnterm keeps PyTorch's layout, whose rows are outputs.
        weights = CellWeights(np.array(self.wx).T, np.array(self.wh).T, zeros, zeros)
        return SimpleRNN(weights, "linear")

    def _sums(
        self, number: int, before: tuple[float, float], after: tuple[float, float]
    ) -> tuple[Sum, ...]:
        x = (f"x{number}", self.xs[number - 1])
        sums = []
        for unit in range(2):
            entering = (x, (weight_symbol("wx", 0, unit), self.wx[0][unit]))
            kept = tuple(
                ((_state_symbol(number - 1, other), before[other]),
                 (weight_symbol("wh", other, unit), self.wh[other][unit]))
                for other in range(2)
            )  # fmt: skip
            sums.append(Sum(_state_symbol(number, unit), (entering, *kept), after[unit]))
        read = tuple(
            ((_state_symbol(number, unit), after[unit]),
             (weight_symbol("wy", unit, 0), self.wy[unit][0]))
            for unit in range(2)
        )  # fmt: skip
        return (*sums, Sum(f"o{number}", read, self.outputs[number - 1]))


def weight_symbol(name: str, row: int, column: int) -> str:
    """How a weight is written: `wx₁`, `wh₁₂`, `wy₂` (rows and columns from 0)."""
    rows, columns = WEIGHTS.get(name, (2, 2))
    places = f"{row + 1 if rows > 1 else ''}{column + 1 if columns > 1 else ''}"
    return name + places.translate(_SUBSCRIPTS)


def figure(value: float) -> str:
    """A number with eight decimals, or fewer where the rest are zeros."""
    if value and not 1e-4 <= abs(value) < 1e9:
        text = f"{abs(value):.8g}"
    else:
        text = f"{abs(value):.8f}".rstrip("0").rstrip(".")
    return f"{_MINUS}{text}" if value < 0 and text != "0" else text


def _state_symbol(number: int, unit: int) -> str:
    return f"h{number}" + str(unit + 1).translate(_SUBSCRIPTS)


def _bracketed(value: float) -> str:
    return f"({figure(value)})" if value < 0 else figure(value)


def _broken(start: str, terms: Iterable[str], width: int) -> Iterator[str]:
    """Terms with their signs after `start`, on as many lines as it takes."""
    line, indent = start, " " * (len(start) - 2)
    for number, term in enumerate(terms):
        sign = "" if number == 0 else f" {_MINUS} " if term.startswith(_MINUS) else " + "
        piece = sign + (term.removeprefix(_MINUS) if number else term)
        if number and len(line + piece) > width:
            yield line
            line, piece = indent, piece[1:]
        line += piece
    yield line


def _pair(values: Array) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _checked(value: float) -> float:
    if not abs(value) <= LARGEST:  # nor NaN
        raise RnntermError(f"{value:g} is no number for it: give one from -{LARGEST} to {LARGEST}")
    return float(value)


def _single(matrix: Matrix) -> Matrix:
    """The single-precision numbers whose shortest decimals these are."""
    return tuple(tuple(float(np.float32(value)) for value in row) for row in matrix)


ROTATION = ClassicNetwork(
    wx=((0.18662322, -1.2369459),),
    wh=((0.86981213, -0.49338293), (0.49338293, 0.8698122)),
    wy=((-0.4635998,), (0.6538409,)),
)
"""Its wh turns the state by 30 degrees and keeps its length, so gradients neither fade nor grow."""
REFLECTION = ClassicNetwork(
    # These came out of a framework in single precision, and the published states were computed
    # from the numbers themselves, not from their decimals: the last digit tells.
    wx=_single(((-1.0927956, -0.58363503),)),
    wh=_single(((0.5744802, -0.8185185), (-0.8185185, -0.5744802))),
    wy=_single(((0.54545164,), (1.0416013,))),
)
"""Its wh mirrors the state, and keeps its length as well."""
EXAMPLES = {"rotation": ROTATION, "reflection": REFLECTION}
"""The built-in networks by name."""
