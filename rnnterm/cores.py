"""How many processor cores this process may use: affinity, cpusets and CPU quotas of cgroups.

A container with a quota of two cores on a machine of 64 sees all 64, and 64 threads would take
turns on two. psutil and torch count what the machine has: on Linux neither is asked.
"""

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

_ROOT = Path("/")
_UNLIMITED = math.inf


@dataclass(frozen=True)
class CoreLimit:
    """What limits the cores of this process.

    Attributes:
        cores: physical cores among the processors that affinity and cpusets allow.
        quota: processor seconds a second that cgroups allow; infinity without a quota.
    """

    cores: int
    quota: float = _UNLIMITED

    @property
    def threads(self) -> int:
        """How many threads keep all of it busy, at least one."""
        # With 1.5 cores two threads run three quarters of the time, which beats one all the time.
        return max(1, min(self.cores, math.floor(min(self.quota, self.cores) + 0.5)))


def core_limit(root: Path = _ROOT) -> CoreLimit:
    """Measure what this process may use now.

    Args:
        root: the folder that holds `proc` and `sys`; another one in tests.
    """
    allowed = allowed_processors()
    return CoreLimit(_physical_cores(allowed, root), cpu_quota(root))


def usable_threads() -> int:
    """How many threads a computation should have here, at least one."""
    return core_limit().threads


def allowed_processors() -> set[int]:
    """The numbers of the logical processors that this process may run on."""
    if sys.platform == "linux":
        return os.sched_getaffinity(0)  # which the kernel keeps within all cpusets
    return set(range(os.cpu_count() or 1))


def cpu_quota(root: Path = _ROOT) -> float:
    """Processor seconds a second that all cgroups around this process allow; infinity for no limit.

    Both versions of cgroups are read, from this process' group up to the top that is visible here.
    """
    quotas = [_quota_v2(folder) for folder in cgroup_folders("cpu", root, version=2)]
    quotas += [_quota_v1(folder) for folder in cgroup_folders("cpu", root, version=1)]
    return min(quotas, default=_UNLIMITED)


def cgroup_folders(controller: str, root: Path = _ROOT, *, version: int) -> list[Path]:
    """This process' cgroup and those around it, as far as they can be seen, innermost first.

    Args:
        controller: such as `cpu` or `memory`.
        root: the folder that holds `proc` and `sys`.
        version: 1 or 2 of cgroups; a machine can have both.
    """
    own = _own_group(controller, root, version)
    mounted = _mount(controller, root, version)
    if own is None or mounted is None:
        return []
    top, mount_point = mounted
    try:
        inside = own.relative_to(top)  # a container may see only the part below its own group
    except ValueError:
        inside = PurePosixPath()
    base = root / str(mount_point).lstrip("/")
    return [base / part for part in (inside, *inside.parents)]


def _physical_cores(allowed: set[int], root: Path) -> int:
    """Cores behind logical processors: two that share one make a product no faster."""
    if sys.platform != "linux":  # where nothing limits a process to some of them
        return psutil.cpu_count(logical=False) or len(allowed)
    cores = set()
    for number in allowed:
        topology = root / f"sys/devices/system/cpu/cpu{number}/topology"
        siblings = _read(topology / "thread_siblings_list") or str(number)
        cores.add(siblings)
    return max(1, len(cores))


def _own_group(controller: str, root: Path, version: int) -> PurePosixPath | None:
    """The path of this process' group within its hierarchy; see cgroups(7)."""
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        found = number == "0" and not controllers if version == 2 else False
        if found or (version == 1 and controller in controllers.split(",")):
            return PurePosixPath(path)
    return None


def _mount(controller: str, root: Path, version: int) -> tuple[PurePosixPath, PurePosixPath] | None:
    """Which group is mounted where, for that hierarchy; see proc_pid_mountinfo(5)."""
    kind = "cgroup2" if version == 2 else "cgroup"
    for fields, (fs_type, options) in _mounts(root):
        if fs_type == kind and (version == 2 or controller in options.split(",")):
            return PurePosixPath(fields[3]), PurePosixPath(fields[4])
    return None


def _mounts(root: Path) -> Iterator[tuple[list[str], tuple[str, str]]]:
    for line in (_read(root / "proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(), after.split()
        if len(fields) >= 5 and len(kinds) >= 3:
            yield fields, (kinds[0], kinds[2])


def _quota_v2(folder: Path) -> float:
    """Of `cpu.max`, which holds a quota and a period in microseconds, or `max` for the quota."""
    quota, _, period = (_read(folder / "cpu.max") or "").partition(" ")
    return _ratio(quota, period)


def _quota_v1(folder: Path) -> float:
    quota = _read(folder / "cpu.cfs_quota_us") or ""  # -1 for no limit
    return _ratio(quota, _read(folder / "cpu.cfs_period_us") or "")


def _ratio(quota: str, period: str) -> float:
    if not (quota.isdecimal() and period.isdecimal() and int(quota) and int(period)):
        return _UNLIMITED
    return int(quota) / int(period)


def _read(path: Path) -> str | None:
    """The text of a small file of the kernel's; None where there is no such file."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return None
