"""A part of a scene as a drawn map."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from textual.geometry import Region

from rnnterm.plotting.heat import HeatMap, Look, heat_map
from rnnterm.tui.hidden.inks import LEVELS
from rnnterm.tui.hidden.scene import Scene

_REACHES = 20  # ways to scale the colours of means
_MOST_DIFFERENT = 0.5  # of the cells, before all are painted
_NEARLY_ALL = 0.995  # of the means are within the scale


class Part(NamedTuple):
    """The part of a scene that a map shows."""

    scene: Scene
    rows: slice
    columns: slice
    width: int
    height: int
    look: Look

    @property
    def key(self) -> tuple[object, ...]:
        """What tells parts apart."""
        rows, columns = self.rows, self.columns
        ends = rows.start, rows.stop, columns.start, columns.stop
        return id(self.scene), *ends, self.width, self.height


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn part of a scene.

    Attributes:
        low, high: the values that have the first and the last colour.
        is_mean: whether a row that stands for several units shows their mean.
    """

    part: Part
    heat: HeatMap
    low: float
    high: float
    is_mean: bool

    def describe(self) -> str:
        """What a row and a column stand for, and what the colours mean."""
        units, steps = (
            round((at.stop - at.start) / max(1, len(edges) - 1))
            for at, edges in (
                (self.part.rows, self.heat.row_edges),
                (self.part.columns, self.heat.column_edges),
            )
        )
        parts = []
        shown, total = self.part.rows.stop - self.part.rows.start, len(self.part.scene.order)
        if shown < total:
            parts.append(f"{shown} of {total} units")
        if units > 1:
            parts.append(f"{'mean' if self.is_mean else 'strongest'} of {units} units a row")
        if steps > 1:
            parts.append(f"{steps} steps a column")
        parts.append(f"{self.low:.2g} … {self.high:.2g}".replace("-", "−"))
        return " · ".join(parts)

    def column_of(self, step: int) -> int | None:
        """The map's column in which a step lies."""
        return self.heat.column_of(step - self.part.columns.start)

    def row_of(self, unit: int) -> int | None:
        """The row of cells in which a unit lies; None of one that is not shown, or not there."""
        if unit >= len(self.part.scene.order):  # of another network, which is not drawn yet
            return None
        row = int(self.part.scene.rank[unit]) - self.part.rows.start
        edges = self.heat.row_edges
        if not edges[0] <= row < edges[-1]:
            return None
        return (int(np.searchsorted(edges, row, side="right")) - 1) // self.rows_a_cell

    @property
    def rows_a_cell(self) -> int:
        """Rows of the map in one row of cells."""
        return 2 if self.part.look == "halves" else 1

    def step_at(self, column: int) -> int | None:
        """The first step in a column."""
        edges = self.heat.column_edges
        return int(edges[column]) + self.part.columns.start if column < len(edges) - 1 else None

    def unit_at(self, row: int, step: int) -> int | None:
        """Of the units in a row of cells the one that is farthest from zero at a step."""
        edges, first = self.heat.row_edges, row * self.rows_a_cell
        if first >= len(edges) - 1:
            return None
        last = min(first + self.rows_a_cell, len(edges) - 1)
        scene, start = self.part.scene, self.part.rows.start
        units = scene.order[start + int(edges[first]) : start + int(edges[last])]
        return int(units[np.argmax(np.abs(scene.values[step, units]))])


def draw_part(part: Part) -> Picture:
    """Draw a part of a scene.

    Rows that stand for several units show the one farthest from zero; sorted by similarity, they
    show the units' mean, on a scale that reaches as far as the means do.
    """
    scene = part.scene
    shown = scene.values[part.columns][:, scene.order[part.rows]].T
    rows = part.height * (2 if part.look == "halves" else 1)
    is_mean = scene.by == "similarity" and len(shown) > rows
    low, high = scene.low, scene.high
    if is_mean and low < 0:
        edges = np.arange(rows + 1) * len(shown) // rows
        means = np.add.reduceat(shown, edges[:-1], axis=0) / np.diff(edges)[:, np.newaxis]
        reach = float(np.quantile(np.abs(means), _NEARLY_ALL))
        # In coarse steps: a text that grows seldom needs other colours.
        high = max(1, np.ceil(reach / scene.high * _REACHES)) / _REACHES * scene.high
        low = -high
    heat = heat_map(
        shown, part.width, part.height, low=low, high=high, levels=LEVELS, look=part.look,
        pooling="mean" if is_mean else "peak",
    )  # fmt: skip
    return Picture(part, heat, low, high, is_mean=is_mean)


def difference(before: Picture, after: Picture) -> list[Region] | None:
    """The stretches of rows in which two pictures differ; None where they do nearly everywhere."""
    if (before.low, before.high) != (after.low, after.high):
        return None
    old, new = before.heat.grid, after.heat.grid
    if old.codes.shape != new.codes.shape or before.part.rows != after.part.rows:
        return None
    differs = (old.styles != new.styles) | (old.codes != new.codes)
    if differs.mean() > _MOST_DIFFERENT:
        return None
    regions = []
    for y in np.flatnonzero(differs.any(axis=1)).tolist():
        places = np.flatnonzero(differs[y])
        first, last = int(places[0]), int(places[-1])
        regions.append(Region(first, y, last - first + 1, 1))
    return regions
