"""Gate saturation: how much of the time each unit's gates are shut or wide open.

The plot of Karpathy, Johnson & Fei-Fei 2015 ("Visualizing and understanding recurrent networks"):
a dot a unit, to the right the more often its gate is above 0.9 (open), to the top the more often
it is below 0.1 (shut). A forget gate far to the right belongs to a unit that remembers for long.
H units.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.explore.unrolled import Unrolled
from rnnterm.nn.softmax import Doubles
from rnnterm.plotting.axes import fitted_frame
from rnnterm.plotting.cells import Grid
from rnnterm.plotting.raster import Raster
from rnnterm.plotting.scale import Scale

SHUT, OPEN = 0.1, 0.9
GATES = {"lstm": ("i", "f", "o"), "gru": ("r", "z"), "rnn": ()}
"""The gates of each cell that open and shut."""
_SHARES = Scale(0.0, 1.0)
_ASCII_DOTS = ".:*#"


@dataclass(frozen=True, eq=False)
class Saturation:
    """One gate of every unit of a layer, over a text.

    Attributes:
        gate: its name.
        left: the share of steps at which it is below 0.1, shape (H,).
        right: the share of steps at which it is above 0.9, shape (H,).
    """

    gate: str
    left: Doubles
    right: Doubles

    def most_open(self, count: int) -> list[int]:
        """The units whose gate is open most of the time."""
        return [int(unit) for unit in np.argsort(-self.right, kind="stable")[:count]]


def measure_saturation(reading: Unrolled, layer: int) -> list[Saturation]:
    """The saturation of every gate of a layer (from 0).

    Raises RnntermError for the plain rnn, which has no gates.
    """
    names = GATES[reading.cell_spec.cell]
    if not names:
        raise RnntermError("a plain rnn has no gates to saturate: choose one with lstm or gru")
    return [
        Saturation(name, (values < SHUT).mean(axis=0), (values > OPEN).mean(axis=0))
        for name, values in ((name, reading.values(layer, name)) for name in names)
    ]


def saturation_plot(
    saturation: Saturation, width: int, height: int, *, style: int = 1, ascii_only: bool = False
) -> Grid:
    """A dot a unit: x is the share of steps wide open, y the share shut; the cells have `style`."""
    grid = Grid.blank(width, height)
    frame = fitted_frame(grid, _SHARES, _SHARES, ascii_only=ascii_only)
    if frame.width < 1 or frame.height < 1:
        return grid
    raster = Raster(frame.width, frame.height, *((1, 1) if ascii_only else (2, 4)))
    rows = _nearest(1 - saturation.left, frame.height * raster.down)
    columns = _nearest(saturation.right, frame.width * raster.across)
    units = np.zeros((frame.height * raster.down, frame.width * raster.across), np.intp)
    np.add.at(units, (rows, columns), 1)
    inside = grid.part(
        slice(frame.top, frame.top + frame.height), slice(frame.left, frame.left + frame.width)
    )
    if ascii_only:
        crowd = np.minimum(np.log2(np.maximum(units, 1)).astype(np.intp), len(_ASCII_DOTS) - 1)
        codes = np.array([ord(dot) for dot in _ASCII_DOTS], np.uint32)[crowd]
    else:
        codes = raster.braille(units > 0)
    inside.stamp(raster.counts(units > 0) > 0, codes, style)
    return grid


def _nearest(shares: Doubles, places: int) -> npt.NDArray[np.intp]:
    """The place, of so many side by side, that each share of 0 to 1 falls on."""
    return np.rint(shares * (places - 1)).astype(np.intp)
