"""What of a reading is looked at: the figures that every widget of the tab draws from.

T steps, H units.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnnterm.explore.ordering import WAYS, By, Units, order_units
from rnnterm.explore.unrolled import Unrolled, value_range
from rnnterm.nn.cells import Array


@dataclass(frozen=True)
class Eye:
    """Where a person looks; each is within what there is.

    Attributes:
        step, layer, unit: counted from 0.
        name: a state or gate, such as `h`.
        zoom: how often the map was doubled in size.
        anchor: the step at which a selection began that ends at `step`.
        is_live: whether the text grows: its map shows a column for each step.
    """

    step: int = 0
    layer: int = 0
    name: str = "h"
    unit: int = 0
    by: By = "similarity"
    zoom: int = 0
    anchor: int | None = None
    is_live: bool = False

    @property
    def span(self) -> tuple[int, int] | None:
        """The selected steps: the first, and the one behind the last."""
        if self.anchor is None:
            return None
        return min(self.anchor, self.step), max(self.anchor, self.step) + 1

    def at_step(self, step: int, length: int, *, selecting: bool = False) -> "Eye":
        """Looking at another step, as near as there is; where asked, it is selected on the way."""
        step = max(0, min(step, length - 1))
        anchor = (self.step if self.anchor is None else self.anchor) if selecting else None
        return replace(self, step=step, anchor=anchor)

    def fitting(self, reading: Unrolled) -> "Eye":
        """This look at another reading, as far as it has the same."""
        return replace(
            self,
            step=min(self.step, len(reading) - 1),
            layer=min(self.layer, len(reading.layers) - 1),
            name=self.name if self.name in reading.names else reading.names[0],
            unit=min(self.unit, reading.hidden_size - 1),
            anchor=None,
        )

    def next_name(self, reading: Unrolled) -> "Eye":
        """Looking at the next state or gate."""
        names = reading.names
        return replace(self, name=names[(names.index(self.name) + 1) % len(names)])

    def next_layer(self, reading: Unrolled) -> "Eye":
        """Looking at the next layer; after the last comes the first."""
        return replace(self, layer=(self.layer + 1) % len(reading.layers))

    def next_order(self, *, has_scores: bool) -> "Eye":
        """With the rows in the next order; `score` only where there are some."""
        ways = [way for way in WAYS if way != "score" or has_scores]
        place = ways.index(self.by) if self.by in ways else -1
        return replace(self, by=ways[(place + 1) % len(ways)])


@dataclass(frozen=True, eq=False)
class Scene:
    """A state or gate of a layer, with its units in an order.

    Attributes:
        order: the units from the map's top to its bottom.
        low, high: the values that have the first and the last colour.
    """

    reading: Unrolled
    layer: int
    name: str
    by: By
    order: Units
    low: float
    high: float

    @cached_property
    def values(self) -> Array:
        """Shape (T, H)."""
        return self.reading.values(self.layer, self.name)

    @cached_property
    def rank(self) -> Units:
        """The row of each unit in the map."""
        return np.argsort(self.order)

    def curve(self, unit: int) -> Array:
        """A unit's values, shape (T,)."""
        curve: Array = self.values[:, unit]
        return curve

    def shares(self, unit: int) -> Array:
        """How far each of a unit's values is to the end of the colours: -1 to 1, shape (T,)."""
        return signed_shares(self.curve(unit), self.low, self.high)

    def is_beginning_of(self, reading: Unrolled, eye: Eye) -> bool:
        """Whether a reading has all of this one and more, and `eye` looks at the same of it."""
        mine = self.reading
        return (
            (self.layer, self.name, self.by) == (eye.layer, eye.name, eye.by)
            and mine.cells is reading.cells
            and len(mine) < len(reading)
            and reading.begins_as(mine)
        )

    def neighbour(self, unit: int, rows: int) -> int:
        """The unit so many rows further down the map, or up, or the last there is."""
        row = int(self.rank[unit]) + rows
        return int(self.order[max(0, min(row, len(self.order) - 1))])


def stage(
    reading: Unrolled, eye: Eye, scores: Array | None = None, before: Scene | None = None
) -> Scene:
    """Set up what is looked at; with many steps this takes longer than a frame.

    Where what was read has only grown since `before`, rows and colours stay what they were.
    """
    values = reading.values(eye.layer, eye.name)
    low, high = value_range(eye.name, values)
    if before is not None and before.is_beginning_of(reading, eye):
        order = before.order
        low, high = min(low, before.low), max(high, before.high)
    else:
        order = order_units(values, eye.by, scores)
    return Scene(reading, eye.layer, eye.name, eye.by, order, low, high)


def signed_shares(values: Array, low: float, high: float) -> Array:
    """Values as shares of the way to `high` (1), or below zero to `low` (-1)."""
    given = np.nan_to_num(np.asarray(values, np.float64))
    above = np.clip(given / high, 0, 1) if high > 0 else np.zeros_like(given)
    below = np.clip(given / -low, -1, 0) if low < 0 else np.zeros_like(given)
    shares: Array = above + below
    return shares


def in_sight(start: int, room: int, length: int, place: int) -> int:
    """Where `room` places of `length` are to begin so that `place` is among them.

    It stays at `start` while it can, and moves so that `place` comes to lie a third from an edge:
    what scrolls with every step costs most of all.
    """
    if place < start:
        start = place - room + room // 3
    elif place >= start + room:
        start = place - room // 3
    return max(0, min(start, length - room))
