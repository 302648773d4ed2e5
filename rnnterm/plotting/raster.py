"""Dots: what a series covers in a fine raster, and the raster as characters."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.plotting.cells import Codes, Mask
from rnnterm.plotting.scale import Scale
from rnnterm.plotting.series import Columns, Floats, Series

_BRAILLE = 0x2800
_DOT_BITS = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint32)
_FAR = 1 << 20  # rows this far outside a chart are as good as any further


@dataclass(frozen=True)
class Raster:
    """How a chart's cells are divided: `across` x `down` dots each.

    Attributes:
        width, height: of the chart, in cells.
    """

    width: int
    height: int
    across: int = 2
    down: int = 4

    def columns(self, series: Series, x_scale: Scale) -> Columns:
        """What each column of dots sees of a series."""
        return series.columns(x_scale.low, x_scale.high, self.width * self.across)

    def rows_of(self, values: npt.ArrayLike, scale: Scale) -> Floats:
        """The row of dots of each value, from the top, as whole numbers; NaN stays.

        What lies outside of the scale is in a row outside of the chart.
        """
        places = scale.places(values)
        last = self.height * self.down - 1
        inside = np.rint((1 - np.clip(places, 0, 1)) * last)
        beyond = np.rint(np.clip(1 - places, -_FAR, _FAR) * max(last, 1))
        below, above = np.fmax(beyond, last + 1), np.fmin(beyond, -1)
        rows: Floats = np.where(places < 0, below, np.where(places > 1, above, inside))
        return rows

    def cell_row(self, value: float, scale: Scale) -> int | None:
        """The row of cells in which a value is drawn; None outside of the chart."""
        row = float(self.rows_of(value, scale))
        return int(row) // self.down if 0 <= row < self.height * self.down else None

    def cell_column(self, x: float, scale: Scale) -> int | None:
        """The column of cells in which `x` is drawn; None outside of the chart."""
        place = float(scale.places(x))
        if not 0 <= place <= 1:
            return None
        return min(int(place * self.width), self.width - 1)

    def line(self, columns: Columns, scale: Scale, dash: tuple[int, int]) -> Mask:
        """The dots of a line, shape (height x down, width x across).

        With `dash` = (on, off), columns of dots are left out in turn, but for steep pieces.
        """
        top, bottom = self.rows_of(columns.high, scale), self.rows_of(columns.low, scale)
        entry, leave = self.rows_of(columns.first, scale), self.rows_of(columns.last, scale)
        if len(top) > 1:
            _join(top, bottom, leave[:-1], entry[1:])
        on, off = dash
        shown = np.arange(len(top)) % (on + off) < on
        steep = bottom - top >= self.down / 2
        return self._filled(top, bottom) & (shown | steep)

    def band(self, low: Columns, high: Columns, scale: Scale) -> Mask:
        """The dots between two series."""
        return self._filled(self.rows_of(high.high, scale), self.rows_of(low.low, scale))

    def _filled(self, top: Floats, bottom: Floats) -> Mask:
        rows = np.arange(self.height * self.down)[:, np.newaxis]
        filled: Mask = (rows >= top) & (rows <= bottom)  # false where either is NaN
        return filled

    def counts(self, dots: Mask) -> Codes:
        """How many dots of each cell are set, shape (height, width)."""
        return self._weighed(dots, np.ones((self.down, self.across), np.uint32))

    def braille(self, dots: Mask) -> Codes:
        """The braille character of each cell (of 2 x 4 dots), shape (height, width)."""
        return self._weighed(dots, _DOT_BITS) + np.uint32(_BRAILLE)

    def _weighed(self, dots: Mask, weights: Codes) -> Codes:
        cells = dots.reshape(self.height, self.down, self.width, self.across)
        sums: Codes = np.einsum("hdwa,da->hw", cells, weights, dtype=np.uint32, casting="unsafe")
        return sums


def _join(top: Floats, bottom: Floats, leave: Floats, entry: Floats) -> None:
    """Lengthen neighbouring columns until they touch, each half of the way.

    `leave` is the row where the line leaves column i, `entry` where it enters column i + 1.
    """
    middle = np.floor((leave + entry) / 2)
    falls = entry > leave  # rows count from the top
    touch_left = np.where(falls, middle, middle + (entry < leave))
    touch_right = np.where(falls, middle + 1, middle)
    # fmin and fmax pass over NaN: where there is a gap on one side, the column stays as it is.
    for here, touch in ((slice(None, -1), touch_left), (slice(1, None), touch_right)):
        inside = ~np.isnan(touch)
        top[here] = np.where(inside, np.fmin(top[here], touch), top[here])
        bottom[here] = np.where(inside, np.fmax(bottom[here], touch), bottom[here])
