"""Units that mark a stretch of a text: on throughout it, and off just before and after.

What LSTMVis (Strobelt et al. 2018) selects by: a unit is on where its value is above a threshold,
or, if it is negative there, below minus the threshold. T characters, H units, S selected units.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError, UsageError
from rnnterm.explore.reading import Reading
from rnnterm.nn.cells import Array
from rnnterm.quantities import counted

DEFAULT_THRESHOLD = 0.3
MOST_UNITS = 64
"""Units of a selection: those that are on most strongly, where more are."""


class NothingSelected(RnntermError):  # noqa: N818 - an answer to a question, too
    """No unit marks the span.

    Attributes:
        offered: the nearest threshold at which some unit does, or None where there is none.
        throughout: how many units are on throughout the span, if also beside it.
    """

    def __init__(self, message: str, offered: float | None, throughout: int) -> None:
        super().__init__(message)
        self.offered, self.throughout = offered, throughout


@dataclass(frozen=True, eq=False)
class Selection:
    """A span of a reading, and the units that mark it.

    Attributes:
        start, stop: the characters, from 0; `stop` is the first after.
        layer: from 0.
        name: the state or gate.
        units: indices, those that are on most strongly first, shape (S,), S >= 1.
        signs: 1 where a unit is above the threshold, -1 where below its negative, shape (S,).
        bounded: whether the units are off just before and after the span.
        left_out: how many more units mark the span.
    """

    reading: Reading
    start: int
    stop: int
    layer: int
    name: str
    threshold: float
    units: npt.NDArray[np.intp]
    signs: Array
    bounded: bool = True
    left_out: int = 0

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def text(self) -> str:
        """The selected characters."""
        return self.reading.text[self.start : self.stop]

    def of(self, units: list[int]) -> "Selection":
        """The same with some of its units only."""
        chosen = np.isin(self.units, units)
        return replace(self, units=self.units[chosen], signs=self.signs[chosen])


def select_units(
    reading: Reading,
    start: int,
    stop: int,
    *,
    layer: int,
    name: str = "h",
    threshold: float = DEFAULT_THRESHOLD,
    bounded: bool = True,
) -> Selection:
    """The units that are on for the characters `start` to `stop` - 1 and off beside them.

    Unless `bounded`, they may be on beside them, too.

    Raises UsageError for a span outside of the text or a threshold that is not above zero,
    NothingSelected where no unit does it.
    """
    if not 0 <= start < stop <= len(reading):
        raise UsageError(
            f"the span must lie within the text's characters 1 to {len(reading)}, its end not "
            "before its beginning"
        )
    check_threshold(threshold)
    inside, outside, signs = _levels(reading.values(layer, name), start, stop)
    if not bounded:
        outside = np.zeros_like(outside)
    marks = _marking(inside, outside, threshold)
    if not marks.any():
        raise _nothing(inside, outside, threshold)
    units = np.flatnonzero(marks)
    units = units[np.argsort(-inside[units], kind="stable")]
    kept = units[:MOST_UNITS]
    return Selection(
        reading, start, stop, layer, name, threshold, kept, signs[kept], bounded,
        len(units) - len(kept),
    )  # fmt: skip


def check_threshold(threshold: float) -> None:
    """Raise UsageError unless a unit can be on above that value."""
    if not 0 < threshold < np.inf:
        raise UsageError(f"the threshold must be a finite number above 0, not {threshold:g}")


def _levels(values: Array, start: int, stop: int) -> tuple[Array, Array, Array]:
    """Of each unit: the least it is inside, the most it is beside, and its sign; shape (H,)."""
    span = values[start:stop]
    signs = np.where(span[0] < 0, -1, 1).astype(values.dtype)
    beside = [values[place] * signs for place in (start - 1, stop) if 0 <= place < len(values)]
    outside = np.max(beside, axis=0) if beside else np.zeros_like(signs)
    return (span * signs).min(axis=0), outside, signs


def _marking(inside: Array, outside: Array, threshold: float) -> npt.NDArray[np.bool_]:
    marks: npt.NDArray[np.bool_] = (inside > threshold) & (outside <= threshold)
    return marks


def _nothing(inside: Array, outside: Array, threshold: float) -> NothingSelected:
    """Why no unit marks the span, and at what threshold one would."""
    throughout = int((inside > threshold).sum())
    highest = float(inside.max())
    if throughout:
        units = f"{counted(throughout, 'unit')} {'is' if throughout == 1 else 'are'}"
        why = f"{units} above {threshold:g} throughout the span, but beside it as well"
    elif highest > 0:
        why = f"no unit is above {threshold:g} throughout the span, the highest above {highest:.3g}"
    else:
        why = "no unit keeps its sign throughout the span"
    offered = _offered(inside, outside, threshold)
    hint = (
        "choose another span"
        if offered is None
        else f"a threshold of {offered:g} would give {_count(inside, outside, offered)}"
    )
    return NothingSelected(f"{why}; {hint}", offered, throughout)


def _count(inside: Array, outside: Array, threshold: float) -> str:
    return counted(int(_marking(inside, outside, threshold).sum()), "unit")


def _offered(inside: Array, outside: Array, threshold: float) -> float | None:
    """The threshold nearest to the one asked for at which a unit marks the span."""
    least = np.maximum(outside, 0)
    with_room = inside > least
    middles = (inside[with_room] + least[with_room]) / 2
    # As few digits as still do it: a person is to type it.
    tried = {
        rounded
        for middle in middles.tolist()
        for digits in (1, 2, 3, 6)
        if (rounded := float(f"{middle:.{digits}g}")) > 0
        and _marking(inside, outside, rounded).any()
    }
    # The fewest digits among those about as near.
    return min(
        tried, key=lambda value: (round(abs(value - threshold), 1), len(f"{value:g}")), default=None
    )
