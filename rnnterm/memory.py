"""How much memory a process may use here, and whether it is short: cgroup limits and swap."""

from dataclasses import dataclass
from pathlib import Path

import psutil

from rnnterm.cores import cgroup_folders

_ROOT = Path("/")
_NEARLY_FULL = 0.95  # of a cgroup's limit, beyond which the kernel may end a process in it
_SWAPPED = 64 << 20  # bytes of this process outside of memory that are no accident
_LIMIT_FILES = {1: "memory.limit_in_bytes", 2: "memory.max"}
_USAGE_FILES = {1: "memory.usage_in_bytes", 2: "memory.current"}
_CACHE_KEYS = {1: "total_inactive_file", 2: "inactive_file"}
_KIBIBYTE = 1 << 10


@dataclass(frozen=True)
class MemoryLimit:
    """Memory in bytes; what a cgroup allows counts where it is less than the machine has.

    Attributes:
        total: all that this process could ever have.
        available: what is free, or can be made free, without swapping.
        group_limit, group_used: of the tightest cgroup; None without a limit.
    """

    total: int
    available: int
    group_limit: int | None = None
    group_used: int | None = None


def memory_limit(root: Path = _ROOT) -> MemoryLimit:
    """Measure the memory that this process may use now.

    Args:
        root: the folder that holds `proc` and `sys`; another one in tests.
    """
    machine = psutil.virtual_memory()
    total, available = int(machine.total), int(machine.available)
    limit, used = None, None
    for version in (2, 1):
        for folder in cgroup_folders("memory", root, version=version):
            found = _number(folder / _LIMIT_FILES[version])
            if found is None or found >= total:
                continue  # `max`, or the huge number that stands for no limit
            taken = max(0, (_number(folder / _USAGE_FILES[version]) or 0) - _cache(folder, version))
            available = min(available, max(0, found - taken))
            if limit is None or found < limit:
                limit, used = found, taken
    return MemoryLimit(min(total, limit or total), available, limit, used)


def shortage_before(needed: int, limit: MemoryLimit) -> str | None:
    """Say what a computation of so many bytes would meet; None where it fits."""
    if needed <= limit.available:
        return None
    return (
        f"this needs about {_size(needed)} of memory, and {_size(limit.available)} are free: it "
        "may swap and crawl, or be ended by the system; lower batch_size, bptt or hidden_size, or "
        "close something"
    )


def shortage_now(root: Path = _ROOT) -> str | None:
    """Say that this process is swapped out, or near the limit of its cgroup; None if it is not."""
    swapped = _swapped_bytes(root)
    if swapped > _SWAPPED:
        return (
            f"{_size(swapped)} of this training are swapped out: memory is short, and steps are "
            "slow; close something, or go on later with a smaller batch_size or bptt"
        )
    limit = memory_limit(root)
    if limit.group_limit and (limit.group_used or 0) > _NEARLY_FULL * limit.group_limit:
        return (
            f"{_size(limit.group_used or 0)} of the {_size(limit.group_limit)} that this process' "
            "cgroup allows are used: the system may end it; checkpoints go on"
        )
    return None


def _swapped_bytes(root: Path) -> int:
    """How much of this process is in swap; 0 where the system does not tell."""
    for line in _text(root / "proc/self/status").splitlines():
        key, _, value = line.partition(":")
        if key == "VmSwap" and value.split()[:1]:
            number = value.split()[0]
            return int(number) * _KIBIBYTE if number.isdecimal() else 0
    return 0


def _cache(folder: Path, version: int) -> int:
    """File contents that a group could let go of."""
    for line in _text(folder / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key == _CACHE_KEYS[version] and value.isdecimal():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
