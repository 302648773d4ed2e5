"""The metrics log: what happened in a run, append-only, one JSON object a line.

Each line has `session`, `seq`, `time` and `event`. A session is one trainer process; resuming
begins the next.
"""

import errno
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from rnnterm.errors import RnntermError
from rnnterm.files import failing_as, open_regular, open_to_append, parse_json
from rnnterm.runs.events import Checkpointed, Event, Troubled, event_from_json, event_to_json

_TAIL = 1 << 16
_MOST_AT_ONCE = 1 << 18
_LONGEST_LINE = 1 << 22
_LARGEST_LOG = 1 << 36  # bytes: hundreds of millions of lines
_MOST = 1 << 53  # a larger number is no count, and no time


class LogEntry(NamedTuple):
    """One line of the log; `time` in seconds since the epoch."""

    session: int
    seq: int
    time: float
    event: Event


class MetricsLog:
    """Appends events to `metrics.jsonl`.

    A full disk costs entries, not the training: the log says how many once it can be written. One
    that was removed begins anew.

    Raises RnntermError where there can be no log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.session = 1 + max((entry.session for entry in last_entries(path)), default=0)
        self._seq = self._lost = 0
        with failing_as(f"cannot write {path.name} of run {path.parent.name}"):
            self._file = open_to_append(path)
            # A killed trainer left half a line; the next one must not be glued to it.
            size = os.fstat(self._file.fileno()).st_size
            self._is_torn = size > 0 and not _ends_with_newline(path)

    def append(self, event: Event) -> None:
        """Write one line and hand it to the system, where readers see it."""
        if self._lost and self._write(
            Troubled(event.step, f"{self._lost} entries of the log were lost: it was not writable")
        ):
            self._lost = 0
        if not self._write(event):
            self._lost += 1

    def _write(self, event: Event) -> bool:
        entry = {"session": self.session, "seq": self._seq, "time": round(time.time(), 3)}
        line = json.dumps(entry | event_to_json(event)).encode() + b"\n"
        try:
            if os.fstat(self._file.fileno()).st_nlink == 0:
                self._begin_anew()
            # A checkpoint never survives what led to it.
            self._add(line, sync=isinstance(event, Checkpointed))
        except OSError:
            return False
        self._seq += 1
        return True

    def _begin_anew(self) -> None:
        """Write where readers look, as the file was removed."""
        file = open_to_append(self._path)
        self._file.close()
        self._file, self._is_torn = file, False

    def _add(self, line: bytes, *, sync: bool) -> None:
        """Write all of a line or, with an OSError, nothing."""
        begin = self._file.seek(0, os.SEEK_END)
        whole = b"\n" * self._is_torn + line
        try:
            if self._file.write(whole) != len(whole):
                raise OSError
            if sync:
                os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(begin)
            raise
        self._is_torn = False

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class LogTail:
    """Reads a log that another process writes, by polling.

    A last line without its end waits for the rest; lines that are no entries are passed over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset, self._rest, self._file_id = 0, b"", (0, 0)

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._offset

    def skip_to_end(self) -> None:
        """Pass over all that is there by now."""
        self.skip_to(None)

    def skip_to(self, offset: int | None) -> None:
        """Go on at the line that begins at `offset`, or with None at the end."""
        try:
            with open_regular(self._path) as file:
                found = os.fstat(file.fileno())
        except OSError:
            return
        self._offset, self._rest = found.st_size if offset is None else offset, b""
        self._file_id = found.st_dev, found.st_ino

    def read(self, most: int = _MOST_AT_ONCE) -> tuple[list[LogEntry], bool]:
        """The next entries, from about `most` bytes; and whether there are more at once.

        A log that is not there has none; one that was replaced is read from its beginning.
        """
        try:
            with open_regular(self._path) as file:
                found = os.fstat(file.fileno())
                if (found.st_dev, found.st_ino) != self._file_id or found.st_size < self._offset:
                    self._offset, self._rest = 0, b""
                    self._file_id = found.st_dev, found.st_ino
                begin = skip_hole(file, self._offset)
                if begin > self._offset:
                    self._offset, self._rest = begin, b""
                file.seek(self._offset)
                data = file.read(most)
        except OSError:
            return [], False
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
        entries = [entry for entry in map(parse_entry, lines) if entry is not None]
        return entries, len(data) == most


def read_metrics(path: Path) -> list[LogEntry]:
    """All entries of a log, in order."""
    tail, entries, more = LogTail(path), list[LogEntry](), True
    while more:
        found, more = tail.read()
        entries += found
    return entries


def last_entries(path: Path) -> list[LogEntry]:
    """The entries in the last 64 kB of a log, or a last one that is longer; none without a log."""
    entries: list[LogEntry] = []
    try:
        with open_regular(path) as file:
            size, span = file.seek(0, os.SEEK_END), 0
            while not entries and span < min(size, 2 * _LONGEST_LINE):
                span = 2 * span or _TAIL
                file.seek(max(0, size - span))
                lines = file.read(span).split(b"\n")
                entries = [entry for entry in map(parse_entry, lines) if entry is not None]
    except OSError:
        pass  # no log yet, or none that can be read, which the run's summary says
    return entries


def parse_entry(line: bytes) -> LogEntry | None:
    """One line of a log; None for what is none."""
    try:
        values = parse_json(line)
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    session, seq, when = (_number(values.get(key)) for key in ("session", "seq", "time"))
    event = event_from_json(values)
    if event is None or when is None or not (isinstance(session, int) and isinstance(seq, int)):
        return None
    return LogEntry(session, seq, float(when), event)


def check_log(path: Path) -> None:
    """Raise RnntermError where a log is missing, cannot be read, or is no log by its size."""
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise RnntermError(f"{path.name} is missing") from None
    except OSError as error:
        raise RnntermError(f"{path.name} cannot be read: {error.strerror}") from None
    if size > _LARGEST_LOG:
        raise RnntermError(f"{path.name} has {size:,} bytes, more than any log: it is damaged")


def skip_hole(file: BinaryIO, offset: int) -> int:
    """Where a file has data again: a hole of a terabyte holds nothing, and takes long to read."""
    try:
        return os.lseek(file.fileno(), offset, os.SEEK_DATA)
    except AttributeError:  # this system does not tell
        return offset
    except OSError as error:
        if error.errno == errno.ENXIO:  # there is no more
            return max(offset, os.fstat(file.fileno()).st_size)
        return offset


def _number(value: object) -> int | float | None:
    """A number that can be a count or a time."""
    if type(value) is int or type(value) is float:
        return value if abs(value) <= _MOST else None
    return None


def _ends_with_newline(path: Path) -> bool:
    with open_regular(path) as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
