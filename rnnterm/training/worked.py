"""Time that a process worked: while it stood still, by SIGSTOP or a frozen machine, none passes."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SECONDS_BETWEEN_BEATS = 0.5
_LONGEST_GAP = 5.0  # that a process which goes on may leave between two beats
_IDLE_SHARE = 0.1  # of a gap, in processor time, beyond what was worked before and after the stop


class WorkedClock:
    """A clock in seconds for differences, like `time.monotonic`, that leaves out standing still.

    A thread of its own looks at the time twice a second, whatever else the process is at: so a long
    validation or checkpoint is work, however long it takes. A process that gets little of busy
    processors still looks in time, so its wait counts, too. Where no look comes for five seconds,
    the process stood still, unless it used its processors meanwhile.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        processor_clock: Callable[[], float] = time.process_time,
        cores: int | None = None,
    ) -> None:
        """The clocks tell seconds: real ones, and those of all processors for this process."""
        self._clock, self._processor_clock = clock, processor_clock
        # What may have been worked in the gap, just before the stop and just after it.
        self._most_worked = 2 * _SECONDS_BETWEEN_BEATS * (cores or os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._looked, self._used = clock(), processor_clock()
        self._still = self._untold = 0.0

    def __call__(self) -> float:
        """Seconds."""
        with self._lock:
            return self._look() - self._still

    def take_still(self) -> float:
        """How long the process stood still since this was asked the last time."""
        with self._lock:
            self._look()
            untold, self._untold = self._untold, 0.0
            return untold

    @contextmanager
    def beating(self, path: Path) -> Iterator[None]:
        """Look twice a second meanwhile; each look is a new time of change of the file `path`."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(_SECONDS_BETWEEN_BEATS):
                self()
                with suppress(OSError):  # deleted, or on a disk that fails: others say so
                    os.utime(path, follow_symlinks=False)

        thread = threading.Thread(target=beat, name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _look(self) -> float:
        now, used = self._clock(), self._processor_clock()
        gap, worked = now - self._looked, used - self._used
        if gap > _LONGEST_GAP and worked < self._most_worked + _IDLE_SHARE * gap:
            still = gap - _SECONDS_BETWEEN_BEATS
            self._still += still
            self._untold += still
        self._looked, self._used = now, used
        return now
