"""Other places of a corpus where the same units are on.

Kept of each character are which of the S <= 64 selected units are on (a bit each), how many, and
how strongly: 13 bytes, however many units the network has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rnnterm.explore.selection import MOST_UNITS, Selection, check_threshold
from rnnterm.explore.streams import Places, Streams
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model
from rnnterm.text.vocab import Ids

MOST_CHARACTERS = 2_000_000
"""Characters of a corpus that are searched unless more are asked for."""
_REPORTS = 100
_LARGEST = 1e30  # in single precision, 64 of them can still be added
_ENOUGH = 1000  # stretches of a level that are looked at closely
_SHORTEST_OWN = 20  # characters of a text that are enough to know it again

Mask = npt.NDArray[np.bool_]
_T = TypeVar("_T", bound=np.generic)
_BITS_SET = np.array([byte.bit_count() for byte in range(256)], np.uint8)


@dataclass(frozen=True)
class Place:
    """A stretch of a corpus in which selected units are on throughout.

    Attributes:
        start, stop: its characters, from 0; `stop` is the first after.
        units: which are on, as indices of the layer.
        strength: the mean value of all selected units there, each with its sign in the selection.
    """

    start: int
    stop: int
    units: tuple[int, ...]
    strength: float


class Matches:
    """How far a search has come, and what it has found so far.

    Attributes:
        selection: what is looked for.
        ids: the text that is searched, shape (n,).
        threshold: above which a unit is on.
        needed: how many of the selected units must be on together: half of them.
        read: characters searched.
    """

    def __init__(self, selection: Selection, ids: Ids, threshold: float) -> None:
        self.selection, self.ids, self.threshold = selection, ids, threshold
        self.needed = (len(selection.units) + 1) // 2
        self.read = 0
        self.streams = Streams(len(ids))
        shape = (self.streams.length, self.streams.count)
        self._bits = np.zeros(shape, np.uint64)
        self._counts = np.zeros(shape, np.uint8)
        self._strengths = np.zeros(shape, np.float32)
        self._together = -np.inf
        self._own = _own_place(selection, ids)

    @property
    def total(self) -> int:
        """Characters to search."""
        return len(self.ids)

    @property
    def coverage(self) -> float:
        """The share of the characters that were searched, 0 to 1."""
        return self.read / self.total

    @property
    def offered(self) -> float | None:
        """A lower threshold at which some place was found; None if there is none above zero."""
        return _just_below(self._together) if self._together > 0 else None

    def keep(self, step: int, values: Array) -> None:
        """Note a step of each stream: the values of the selected units, shape (streams, S)."""
        # What has grown beyond every number is not on; what is about to, can still be added up.
        finite = np.where(np.isfinite(values), values, 0).clip(-_LARGEST, _LARGEST)
        signed = finite * self.selection.signs
        is_on = signed > self.threshold
        padded = np.zeros((len(is_on), MOST_UNITS), bool)
        padded[:, : is_on.shape[1]] = is_on
        self._bits[step] = np.packbits(padded, axis=1).view(np.uint64)[:, 0]
        self._counts[step] = is_on.sum(axis=1)
        self._strengths[step] = signed.mean(axis=1)
        inside = self.streams.inside(step)
        last = signed.shape[1] - self.needed
        together = np.partition(signed[:inside], last, axis=1)[:, last]
        places = self.streams.places(step)[:inside]
        elsewhere = (places < self._own.start) | (places >= self._own.stop)
        self._together = max(self._together, float(together[elsewhere].max(initial=-np.inf)))
        self.read += inside

    def best(self, most: int = 20) -> list[Place]:
        """The best places: most units on throughout, then nearest in length, then strongest.

        The selected span itself, where the text has it, is none of them.
        """
        counts, bits = self._in_order(self._counts), self._in_order(self._bits)
        taken = np.zeros(self.total, bool)
        taken[self._own] = True
        found: list[Place] = []
        for level in range(int(counts.max(initial=0)), self.needed - 1, -1):
            # What comes from here on has no more units than the level throughout.
            if len(found) >= most and len(found[-1].units) > level:
                break
            found += self._stretches(level, counts, bits, taken)
            found = sorted(found, key=self._rank)[:most]
            for place in found:
                taken[place.start : place.stop] = True
        return found

    def why_empty(self) -> str:
        """What to say where nothing was found."""
        of, offered = len(self.selection.units), self.offered
        units = "the unit is" if of == 1 else f"{self.needed} of the {of} units are"
        where = f"nowhere else in {self.read:,} characters"
        if offered is None:
            return f"{where} {units} on together: choose another span"
        return f"{where} {units} above {self.threshold:g}; above {offered:g} there is a place"

    def _rank(self, place: Place) -> tuple[float, ...]:
        mine, length = len(self.selection), place.stop - place.start
        return -len(place.units), -min(mine, length) / max(mine, length), -place.strength

    def _stretches(
        self, level: int, counts: npt.NDArray[np.uint8], bits: npt.NDArray[np.uint64], taken: Mask
    ) -> list[Place]:
        """The stretches of characters at which `level` units are on, where nothing is taken yet."""
        is_on = (counts >= level).astype(np.int8)
        edges = np.flatnonzero(np.diff(is_on, prepend=0, append=0))
        if len(edges) == 0:
            return []
        # One more number, because the last stretch may end where the text does.
        throughout = np.bitwise_and.reduceat(np.append(bits, np.uint64(0)), edges)[::2]
        starts, stops = edges[::2], edges[1::2]
        before = np.append(0, np.cumsum(taken))
        is_free = before[starts] == before[stops]
        units = _bit_counts(throughout)
        is_whole = units >= self.needed
        places = [
            self._place(int(starts[n]), int(stops[n]), throughout[n])
            for n in self._foremost(starts, stops, units, is_free & is_whole)
        ]
        # Where one unit comes as another goes, no few are on from end to end: then a part of it is.
        torn = np.flatnonzero(is_free & ~is_whole)[:_ENOUGH]
        places += [self._part(int(starts[n]), int(stops[n]), counts, bits) for n in torn]
        return sorted(places, key=self._rank)

    def _foremost(self, starts: Places, stops: Places, units: Places, among: Mask) -> Places:
        """The stretches that may come first, without asking how strong each of very many is."""
        chosen = np.flatnonzero(among)
        lengths, mine = stops[chosen] - starts[chosen], len(self.selection)
        alike = np.minimum(lengths, mine) / np.maximum(lengths, mine)
        order: Places = chosen[np.lexsort((-alike, -units[chosen]))][:_ENOUGH]
        return order

    def _part(
        self, start: int, stop: int, counts: npt.NDArray[np.uint8], bits: npt.NDArray[np.uint64]
    ) -> Place:
        """The stretch around the fullest character in which enough units are on throughout."""
        first = start + int(counts[start:stop].argmax())
        last, throughout = first + 1, bits[first]
        while last < stop and _bit_counts(throughout & bits[last : last + 1])[0] >= self.needed:
            throughout, last = throughout & bits[last], last + 1
        while first > start and _bit_counts(throughout & bits[first - 1 : first])[0] >= self.needed:
            throughout, first = throughout & bits[first - 1], first - 1
        return self._place(first, last, throughout)

    def _place(self, start: int, stop: int, bits: np.uint64) -> Place:
        is_on = np.unpackbits(np.array([bits]).view(np.uint8))[: len(self.selection.units)]
        units = tuple(int(unit) for unit in self.selection.units[is_on.astype(bool)])
        stream, step = np.divmod(np.arange(start, stop), self.streams.length)
        return Place(start, stop, units, float(self._strengths[step, stream].mean()))

    def _in_order(self, kept: npt.NDArray[_T]) -> npt.NDArray[_T]:
        """What was kept of (step, stream) in the order of the text; zeros where not yet read."""
        return np.ascontiguousarray(kept.T).reshape(-1)[: self.total]


def scan_corpus(
    model: Model,
    selection: Selection,
    ids: Ids,
    *,
    threshold: float | None = None,
    most: int = MOST_CHARACTERS,
) -> Iterator[Matches]:
    """Search a text for the units of a selection; gives the same, growing matches now and then.

    It may be left at any time: what was found so far stays, and its coverage says how far it came.

    Args:
        ids: in the model's alphabet, shape (n,), n >= 1; the first `most` are read.
        threshold: above which a unit is on in this text; otherwise that of the selection.

    Raises UsageError for a threshold that is not above zero.
    """
    threshold = selection.threshold if threshold is None else threshold
    check_threshold(threshold)
    matches = Matches(selection, ids[:most], threshold)
    streams = matches.streams
    every = max(1, streams.length // _REPORTS)
    steps = streams.read(
        model.network, matches.ids, selection.layer, selection.name, selection.units
    )
    for step, values in enumerate(steps):
        matches.keep(step, values)
        if step % every == 0 or step == streams.length - 1:
            yield matches


def _bit_counts(bits: npt.NDArray[np.uint64]) -> Places:
    octets = np.ascontiguousarray(bits).view(np.uint8)
    counts: Places = _BITS_SET[octets].reshape(-1, 8).sum(axis=1, dtype=np.intp)
    return counts


def _own_place(selection: Selection, ids: Ids) -> slice:
    """Where in a text the selected span itself lies, if its reading is a part of the text."""
    mine = selection.reading.ids.astype(ids.dtype)
    size, text, wanted = ids.dtype.itemsize, ids.tobytes(), mine.tobytes()
    place = text.find(wanted) if len(mine) >= _SHORTEST_OWN else -1
    while place >= 0 and place % size:
        place = text.find(wanted, place + 1)
    if place < 0:
        return slice(0, 0)
    return slice(place // size + selection.start, place // size + selection.stop)


def _just_below(value: float) -> float:
    """A number of few digits that is a little lower."""
    return next(
        rounded
        for digits in (2, 3, 4, 9)
        for rounded in (float(f"{value * (1 - 10.0**-digits):.{digits}g}"),)
        if 0 < rounded < value
    )
