"""The metrics log: what happened in a run, append-only, one JSON object a line."""

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any


class MetricsLog:
    """Appends events to `metrics.jsonl`; each line has `session`, `seq`, `time` and `event`.

    A session is one trainer process; resuming begins the next. NaN and infinity become null, as
    JSON has neither.
    """

    def __init__(self, path: Path) -> None:
        self._session = 1 + max((entry["session"] for entry in read_metrics(path)), default=0)
        self._seq = 0
        self._file = path.open("ab")
        self._end_partial_line(path)

    def append(self, event: str, values: dict[str, Any]) -> None:
        """Write one line and hand it to the system, where readers see it."""
        entry = {
            "session": self._session,
            "seq": self._seq,
            "time": round(time.time(), 3),
            "event": event,
        }
        self._seq += 1
        line = json.dumps(entry | {key: _finite(value) for key, value in values.items()})
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def __enter__(self) -> "MetricsLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _end_partial_line(self, path: Path) -> None:
        """A killed trainer may have left half a line; the next one must not be glued to it."""
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - 1))
            if file.read(1) not in (b"", b"\n"):
                self._file.write(b"\n")


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a metrics log, in order; lines that are not whole are passed over."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and isinstance(entry.get("session"), int):
                yield entry


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
