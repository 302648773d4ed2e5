"""Who uses the processors: this process, others, and how long our threads wait for a core."""

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from rnnterm.cores import allowed_processors, cgroup_folders

_TASKS = Path("/proc/self/task")
_NANOSECONDS = 1e-9
_STAT = Path("/proc/stat")
_COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # a second


@dataclass(frozen=True)
class CpuLoad:
    """What an interval was spent on, in processor seconds a second.

    Attributes:
        seconds: length of the interval.
        own: used by this process.
        waiting: threads of this process were ready to run and had no core; 0 where the system
            does not tell.
        others: used by everything else on the processors that this process may use, but for what
            runs at low priority.
        throttled: share of the interval in which a CPU quota stopped this process, 0 to 1.
    """

    seconds: float
    own: float
    waiting: float
    others: float
    throttled: float = 0.0


class CpuMeter:
    """Measures the load since its last measurement."""

    def __init__(self) -> None:
        self._processors = sorted(allowed_processors())
        self._throttle_files = [
            (folder / "cpu.stat", version)
            for version in (1, 2)
            for folder in cgroup_folders("cpu", version=version)
        ]
        self._last = self._read()

    def measure(self, threads: int = 1) -> CpuLoad:
        """Measure the load since the last call, in which so many threads worked."""
        before, now = self._last, self._read()
        self._last = now
        seconds = max(1e-6, now.time - before.time)
        waited = sum(
            max(0, delay - before.delays.get(thread, 0)) for thread, delay in now.delays.items()
        )
        own = (now.own - before.own) / seconds
        return CpuLoad(
            seconds=seconds,
            own=own,
            waiting=waited * _NANOSECONDS / seconds,
            others=max(0.0, (now.busy - before.busy) / seconds - own),
            # The kernel sums it over the processors on which a group has something to run.
            throttled=min(1.0, max(0.0, now.throttled - before.throttled) / seconds / threads),
        )

    def _read(self) -> "_Reading":
        return _Reading(
            time=time.monotonic(),
            own=time.process_time(),
            busy=_busy_seconds(self._processors),
            delays=_run_delays(),
            throttled=max((_throttled_seconds(*each) for each in self._throttle_files), default=0),
        )


@dataclass(frozen=True)
class _Reading:
    """Counters at one moment, in seconds; `delays` in nanoseconds, by thread."""

    time: float
    own: float
    busy: float
    delays: dict[str, int] = field(default_factory=dict)
    throttled: float = 0.0


def _busy_seconds(processors: list[int]) -> float:
    """Seconds that these processors have worked, or a hypervisor has given to another machine."""
    counted = ["user", "system", "irq", "softirq", "steal"]
    if not hasattr(os, "getpriority") or os.getpriority(os.PRIO_PROCESS, 0) > 0:
        counted.append("nice")  # this process' own time is there, and its rivals are
    if sys.platform == "linux":
        return sum(times.get(name, 0.0) for times in _times(processors) for name in counted)
    everything = psutil.cpu_times(percpu=True)
    return sum(float(getattr(each, name, 0.0)) for each in everything for name in counted)


def _times(processors: list[int]) -> list[dict[str, float]]:
    """What these processors did since the start; see proc_stat(5). All, if none goes by its number.

    The numbers in a container's `/proc/stat` may be others than those of its affinity.
    """
    times = {}
    for line in _STAT.read_text("ascii").splitlines():
        label, *values = line.split()
        if label.startswith("cpu") and label != "cpu":
            seconds = [int(value) / _TICKS for value in values]
            times[int(label[3:])] = dict(zip(_COLUMNS, seconds, strict=False))
    chosen = [times[number] for number in processors if number in times]
    return chosen if len(chosen) == len(processors) else list(times.values())


def _run_delays() -> dict[str, int]:
    """Nanoseconds that each of our threads was ready and did not run; see schedstat in proc(5)."""
    delays = {}
    try:
        threads = os.listdir(_TASKS)  # noqa: PTH208
    except OSError:
        return {}  # a system without /proc
    for thread in threads:
        try:
            text = (_TASKS / thread / "schedstat").read_bytes()
            delays[thread] = int(text.split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
    return delays


def _throttled_seconds(path: Path, version: int) -> float:
    """For how long a group's quota has stopped it, summed over processors by the kernel."""
    name, unit = (b"throttled_time", 1e-9) if version == 1 else (b"throttled_usec", 1e-6)
    try:
        for line in path.read_bytes().splitlines():
            key, _, value = line.partition(b" ")
            if key == name:
                return int(value) * unit
    except (OSError, ValueError):
        pass  # no such group, or a kernel that does not count it
    return 0.0
