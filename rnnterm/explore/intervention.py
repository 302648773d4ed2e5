"""Units under another's hand: silenced, held at a value, or made stronger, while a model runs.

`intervene` makes a model whose network does as it is told, and otherwise is the same: whatever
reads, samples or scores with a model does so with this one. A unit's state is changed as soon as
its cell has worked it out, before the layer above, the scores and the next step see it. Where it
is an LSTM's cell state c, its output h = o tanh(c) follows.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.cells import LSTM, Array, Cell, Gates, State
from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import Network, RunawayError
from rnnterm.nn.softmax import Doubles
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.generator import generate
from rnnterm.sampling.strategies import Strategy
from rnnterm.scoring.evaluation import Loss, blocks_loss, carried_loss, windows_loss
from rnnterm.text.vocab import Ids

Action = Literal["set", "scale", "add"]
GRAMMAR = "73=0.5, 73=off, 73*2, 73+0.5, 70-75,80=off, c:73=1 (cell state), 2/73=off (layer 2)"
"""Examples of what `parse_interventions` understands."""
BLOCK_SIZE, BLOCKS = 400, 64
"""What a change in bits is measured on: random blocks of a held-out text, read side by side."""
_LARGEST = 1e6  # far beyond any state, and its products are still numbers

_WRITTEN = re.compile(
    r"(?:(?P<layer>\d+)/)?(?:(?P<state>[a-z]):)?(?P<units>\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)"
    r"(?P<sign>[=*+])(?P<value>\S+)",
    re.ASCII,
)
_ACTIONS: dict[str, Action] = {"=": "set", "*": "scale", "+": "add"}


@dataclass(frozen=True, eq=False)
class Intervention:
    """What is done to a unit at every step.

    Attributes:
        unit: its index, from 0.
        value: what it is set to, or what is multiplied or added; or one value a step, shape (T,),
            for T steps from the network's first on, after which the unit is left alone: such a
            model reads one text only.
        layer: from 0.
        state: `h`, or an LSTM's `c`.
    """

    unit: int
    action: Action
    value: float | Doubles
    layer: int = 0
    state: str = "h"

    def describe(self) -> str:
        """Such as `h of unit 73 = 0.5`."""
        if not isinstance(self.value, float | int):
            value = "its course"
        elif self.action == "set" and self.value == 0:
            return f"{self.state} of unit {self.unit} off"
        else:
            value = f"{self.value:g}"
        sign = {"set": "=", "scale": "×", "add": "+"}[self.action]
        return f"{self.state} of unit {self.unit} {sign} {value}"


@dataclass(frozen=True, kw_only=True)
class IntervenedModel(Model):
    """A model some of whose units are under another's hand; see `intervene`."""

    interventions: tuple[Intervention, ...]

    @cached_property
    def network(self) -> Network:
        """The network that does as it is told."""
        return _IntervenedNetwork(self.spec, self.tensors, self.interventions)


def intervene(model: Model, interventions: Sequence[Intervention]) -> IntervenedModel:
    """The same model with some units changed at every step, in the order given.

    Raises UsageError for a layer, state or unit that the network has not.
    """
    for one in interventions:
        _check(one, model.spec)
    return IntervenedModel(
        model.spec, model.vocab, model.tensors, model.training, interventions=tuple(interventions)
    )


def parse_interventions(written: str, spec: NetworkSpec, layer: int) -> list[Intervention]:
    """What `written` asks for, such as `73=0.5`: see `GRAMMAR`.

    Units count from 0, layers from 1; without one it is `layer` (from 0).

    Raises UsageError for what is not of that form or not of that network.
    """
    found = _WRITTEN.fullmatch(written.replace(" ", ""))
    if found is None:
        raise UsageError(f"cannot do {written!r} to a unit: write {GRAMMAR}")
    sign, value = found["sign"], found["value"]
    if sign == "=" and value == "off":
        value = "0"
    try:
        amount = float(value)
    except ValueError:
        amount = math.nan
    if not abs(amount) <= _LARGEST:  # nor NaN
        raise UsageError(f"{value!r} in {written!r} is no number for a unit: write {GRAMMAR}")
    chosen = int(found["layer"]) - 1 if found["layer"] else layer
    interventions = []
    for first, last in _ranges(found["units"], spec.hidden_size, written):
        for unit in range(first, last + 1):
            one = Intervention(unit, _ACTIONS[sign], amount, chosen, found["state"] or "h")
            _check(one, spec)
            interventions.append(one)
    return interventions


def side_by_side(
    model: Model, changed: Model, seed: str, strategy: Strategy, rng_seed: int
) -> Iterator[tuple[str, str]]:
    """Endless pairs of characters: what each of two models writes with the same randomness.

    Raises RnntermError for a seed with characters that a model does not know.
    """
    return zip(
        generate(model, seed, strategy, rng_seed),
        generate(changed, seed, strategy, rng_seed),
        strict=False,
    )


@dataclass(frozen=True)
class Effect:
    """What a change costs on a text: the losses without it and with it."""

    before: Loss
    after: Loss

    @property
    def bits(self) -> float:
        """By how many bits per character the text became harder; below zero, easier."""
        return self.after.bits - self.before.bits


def measure_effect(model: Model, changed: Model, ids: Ids) -> Effect:
    """The losses of two models on the same blocks of a text, or on all of one that is short.

    Raises UsageError for a text that is too short for a single prediction, RnntermError where a
    network's numbers overflow.
    """

    def loss(of: Model) -> Loss:
        if of.spec.window:
            return windows_loss(of, ids[: BLOCK_SIZE * BLOCKS])
        if len(ids) <= BLOCK_SIZE:
            return carried_loss(of, ids)
        return blocks_loss(of, ids, BLOCK_SIZE, BLOCKS, rng_seed=1)

    overflow = RnntermError("the network's states overflow on that text: change its units less")
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            effect = Effect(loss(model), loss(changed))
    except RunawayError:
        if model.spec.is_bounded:
            raise
        raise overflow from None
    if not math.isfinite(effect.bits):
        raise overflow
    return effect


def _check(one: Intervention, spec: NetworkSpec) -> None:
    states = ("h", "c") if spec.cell == "lstm" else ("h",)
    if not 0 <= one.layer < spec.num_layers:
        raise UsageError(f"there is no layer {one.layer + 1}: they go from 1 to {spec.num_layers}")
    if one.state not in states:
        raise UsageError(
            f"{spec.describe()} has no state {one.state!r} to change: name {' or '.join(states)}"
        )
    if not 0 <= one.unit < spec.hidden_size:
        raise UsageError(
            f"there is no unit {one.unit:,}: they go from 0 to {spec.hidden_size - 1:,}"
        )


def _ranges(units: str, hidden_size: int, written: str) -> Iterator[tuple[int, int]]:
    for piece in units.split(","):
        first, _, last = piece.partition("-")
        start, end = int(first), int(last or first)
        if end < start:
            raise UsageError(f"the units {piece} in {written!r} run backwards")
        yield start, min(end, max(start, hidden_size))  # one too many is enough for an error


class _IntervenedNetwork(Network):
    """A network whose cells are changed after each step."""

    def __init__(
        self,
        spec: NetworkSpec,
        tensors: Mapping[str, Array],
        interventions: Sequence[Intervention],
    ) -> None:
        super().__init__(spec, tensors)
        self.cells = tuple(
            _IntervenedCell(cell, [one for one in interventions if one.layer == layer])
            for layer, cell in enumerate(self.cells)
        )


class _IntervenedCell:
    """A cell, some of whose units are changed after each of its steps."""

    def __init__(self, cell: Cell, interventions: Sequence[Intervention]) -> None:
        self._cell, self._interventions = cell, interventions
        self.weights = cell.weights
        self.state_names = cell.state_names
        self.gate_names = cell.gate_names
        self._steps = 0

    def project(self, x: Array) -> Array:
        """See `Cell.project`."""
        return self._cell.project(x)

    def step(self, projected: Array, state: State, gates: Gates | None = None) -> State:
        """See `Cell.step`."""
        seen: Gates = {} if gates is None else gates
        state = self._cell.step(projected, state, seen)
        for name, values in reversed(list(zip(self.state_names, state, strict=True))):
            changing = [one for one in self._interventions if one.state == name]
            for one in changing:
                self._change(values[..., one.unit : one.unit + 1], one)
            if name == "c" and changing and isinstance(self._cell, LSTM):
                units = [one.unit for one in changing]
                state[0][..., units] = self._cell.output(values[..., units], seen["o"][..., units])
        self._steps += 1
        return state

    def _change(self, values: Array, one: Intervention) -> None:
        """Change a unit's values, shape (..., 1), where they are."""
        value = one.value
        if isinstance(value, np.ndarray):
            if self._steps >= len(value):
                return
            value = float(value[self._steps])
        if one.action == "set":
            values[...] = value
        else:
            changed = values * value if one.action == "scale" else values + value
            # Made stronger at every step, a state that feeds on itself would soon overflow.
            values[...] = np.clip(changed, -_LARGEST, _LARGEST)
