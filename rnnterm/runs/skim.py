"""A long log at a glance: what its curves hang on, and the curve in even stretches.

Reading every line of a run of a million steps takes half a minute. One pass at nearly the speed of
memory finds the rare lines; of the many that only continue a curve the losses alone are read, and
each stretch keeps its mean and its extremes.
"""

import math
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rnnterm.files import open_regular
from rnnterm.runs.metrics import LogEntry, parse_entry, skip_hole
from rnnterm.runs.points import Point

_POINTS = 8192  # of each curve, about
_TROUBLES = 40  # the last
_CHUNK = 1 << 22

# Every event that matters here has this letter in its names, as in `best` and `rolledback`, and
# the two most common have none: a single byte is found many times faster than a word.
_SIGN = b"b"
_COMMON = b'"event": "progressed"'
_LOSS = re.compile(rb'"train_loss": (-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)')
_JUDGED = b'"event": "validated"'
_TURNS = (b'"event": "started"', b'"event": "rolledback"', b'"event": "finished"')
_TROUBLED = b'"event": "troubled"'


class Skimmed(NamedTuple):
    """What was taken from a log.

    Attributes:
        entries: in the order of the log: every beginning of a session, roll-back and (unless there
            are very many) validation, the last troubles, and the last point of each stretch of the
            curve, beside what the whole stretch comes to; no samples.
        end: bytes from the log's beginning to where reading should go on.
        stride: how many points of the curve a stretch stands for.
    """

    entries: list[tuple[LogEntry, Point | None]]
    end: int
    stride: int


def skim(path: Path, unread: int) -> Skimmed:
    """Skim a log but for about `unread` bytes at its end; nothing where there is no log."""
    try:
        with open_regular(path) as file:
            return _skim(file, unread)
    except OSError:
        return Skimmed([], 0, 1)


@dataclass
class _Found:
    """Lines by their place in the log."""

    turns: list[tuple[int, bytes]] = field(default_factory=list)
    troubles: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_TROUBLES))
    judged: list[tuple[int, bytes]] = field(default_factory=list)
    curve: list[tuple[int, bytes]] = field(default_factory=list)
    told: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    losses_seen: int = 0
    _judged_seen: int = 0
    _judged_stride: int = 1

    def take(self, place: int, line: bytes) -> None:
        """Keep a line that matters."""
        if _JUDGED in line:
            if self._judged_seen % self._judged_stride == 0:
                self.judged.append((place, line))
            self._judged_seen += 1
            if len(self.judged) == 2 * _POINTS:
                self.judged = self.judged[::2]
                self._judged_stride *= 2
        elif any(turn in line for turn in _TURNS):
            self.turns.append((place, line))
        elif _TROUBLED in line:
            self.troubles.append((place, line))

    def take_stretch(self, place: int, line: bytes, losses: list[float]) -> None:
        """Keep the last line of a stretch of the curve, and what its losses come to."""
        self.curve.append((place, line))
        self.losses_seen += len(losses)
        known = losses if math.isfinite(sum(losses)) else list(filter(math.isfinite, losses))
        if known:
            self.told[place] = sum(known) / len(known), min(known), max(known)

    def entries(self) -> list[tuple[LogEntry, Point | None]]:
        """All that was kept, in the order of the log."""
        lines = sorted([*self.turns, *self.troubles, *self.judged, *self.curve])
        return [
            (entry, Point(entry.event.step, *told) if (told := self.told.get(place)) else None)
            for place, line in lines
            if (entry := parse_entry(line)) is not None
        ]


def _skim(file: BinaryIO, unread: int) -> Skimmed:
    end = max(0, file.seek(0, 2) - unread)
    gap = max(1, end // _POINTS)
    found, begin = _Found(), 0
    while (begin := skip_hole(file, begin)) < end:
        file.seek(begin)
        data = file.read(min(_CHUNK, end - begin))
        whole = data.rfind(b"\n") + 1
        if not whole:
            if begin + len(data) >= end or not data:
                break  # the last line reaches into what is left unread
            begin += len(data)  # a line that long is no entry
            continue
        _find_signs(data, whole, begin, found)
        _take_curve(data, whole, begin, found, gap)
        begin += whole
    stride = max(1, round(found.losses_seen / len(found.curve))) if found.curve else 1
    return Skimmed(found.entries(), begin, stride)


def _find_signs(data: bytes, whole: int, begin: int, found: _Found) -> None:
    """Take the lines that may be rare ones."""
    place = data.find(_SIGN, 0, whole)
    while place >= 0:
        start, stop = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
        found.take(begin + start, data[start:stop])
        place = data.find(_SIGN, stop, whole)


def _take_curve(data: bytes, whole: int, begin: int, found: _Found, gap: int) -> None:
    """Take the curve in stretches of about `gap` bytes, each by its last line.

    None reaches over a roll-back or the beginning of a session: what was undone can then be told
    from what stays.
    """
    turns = [(place - begin, len(line) + 1) for place, line in found.turns if place >= begin]
    cuts = sorted({whole, *(cut for place, size in turns for cut in (place, place + size))})
    start = 0
    for cut in cuts:
        while start < cut:
            stop = min(data.find(b"\n", min(start + gap, cut) - 1) + 1, cut)
            last = data.rfind(_COMMON, start, stop)
            if last >= 0:
                place, end = data.rfind(b"\n", 0, last) + 1, data.find(b"\n", last)
                losses = list(map(float, _LOSS.findall(data, start, stop)))
                found.take_stretch(begin + place, data[place:end], losses)
            start = stop
