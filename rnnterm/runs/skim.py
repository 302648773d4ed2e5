"""A long log at a glance: what its curves hang on, and evenly spaced points of them.

Reading every line of a run of a million steps takes half a minute. One pass at nearly the speed of
memory finds the rare lines, and of the many that only continue a curve a sample is read.
"""

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rnnterm.runs.metrics import LogEntry, parse_entry

_POINTS = 8192  # of each curve
_TROUBLES = 40  # the last
_CHUNK = 1 << 22

# Every event that matters here has this letter in its names, as in `best` and `rolledback`, and
# the two most common have none: a single byte is found many times faster than a word.
_SIGN = b"b"
_COMMON = b'"event": "progressed"'
_JUDGED = b'"event": "validated"'
_TURNS = (b'"event": "started"', b'"event": "rolledback"', b'"event": "finished"')
_TROUBLED = b'"event": "troubled"'


class Skimmed(NamedTuple):
    """What was taken from a log.

    Attributes:
        entries: in the order of the log: every beginning of a session, roll-back and (unless there
            are very many) validation, the last troubles, and points of the curve; no samples.
        end: bytes from the log's beginning to where reading should go on.
        stride: how many points of the curve each one that was taken stands for.
    """

    entries: list[LogEntry]
    end: int
    stride: int


def skim(path: Path, unread: int) -> Skimmed:
    """Skim a log but for about `unread` bytes at its end; nothing where there is no log."""
    try:
        with path.open("rb", buffering=0) as file:
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

    def entries(self) -> list[LogEntry]:
        """All that was kept, in the order of the log."""
        lines = sorted([*self.turns, *self.troubles, *self.judged, *self.curve])
        return [entry for entry in (parse_entry(line) for _, line in lines) if entry is not None]


def _skim(file: BinaryIO, unread: int) -> Skimmed:
    end = max(0, file.seek(0, 2) - unread)
    gap = max(1, end // _POINTS)
    found, begin, next_point = _Found(), 0, 0
    while begin < end:
        file.seek(begin)
        data = file.read(min(_CHUNK, end - begin))
        whole = data.rfind(b"\n") + 1
        if not whole:
            if begin + len(data) >= end or not data:
                break  # the last line reaches into what is left unread
            begin += len(data)  # a line that long is no entry
            continue
        _find_signs(data, whole, begin, found)
        next_point = _take_points(data, whole, begin, found, next_point=next_point, gap=gap)
        begin += whole
    sizes = [len(line) for _, line in found.curve]
    stride = max(1, round(gap * len(sizes) / sum(sizes))) if sizes else 1
    return Skimmed(found.entries(), begin, stride)


def _find_signs(data: bytes, whole: int, begin: int, found: _Found) -> None:
    """Take the lines that may be rare ones."""
    place = data.find(_SIGN, 0, whole)
    while place >= 0:
        start, stop = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
        found.take(begin + start, data[start:stop])
        place = data.find(_SIGN, stop, whole)


def _take_points(
    data: bytes, whole: int, begin: int, found: _Found, *, next_point: int, gap: int
) -> int:
    """Take a point of the curve every `gap` bytes; where the next should be."""
    while next_point - begin < whole:
        start = data.rfind(b"\n", 0, max(0, next_point - begin)) + 1
        stop = data.find(b"\n", start)
        line = data[start:stop]
        if _COMMON in line:
            found.curve.append((begin + start, line))
        next_point = max(next_point + gap, begin + stop + 1)
    return next_point
