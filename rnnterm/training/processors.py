"""What of this machine a training will run on, as far as that can be known without torch."""

import os
import platform
import sys
from functools import cache
from pathlib import Path

from rnnterm.cores import usable_threads
from rnnterm.training.world import World

_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
_PROCESSOR = Path("/proc/cpuinfo")
_BF16_PRODUCTS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Features by the names that Linux has for them, with x86 and ARM."""

BF16_GAIN = 3.5
"""How much faster products in bf16 are than those in fp32, where a core has them."""


def may_use_gpu(device: str) -> bool:
    """Whether a recipe's device is, or with `auto` may turn out to be, something but the CPU."""
    if device != "auto":
        return device != "cpu"
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return _NVIDIA_DRIVER.exists() and not _torch_is_for_cpus()


def training_cores(threads: int = 0) -> int:
    """Cores that a training of so many threads a process keeps busy; 0 stands for the usual."""
    world = World.current()
    of_each = threads or default_threads()
    on_each_machine = min(world.local_size * of_each, usable_threads())
    return max(1, on_each_machine * world.size // world.local_size)


def default_threads() -> int:
    """Threads of this process where nobody chose: its share of the cores, or `OMP_NUM_THREADS`."""
    world = World.current()
    told = os.environ.get("OMP_NUM_THREADS", "")
    if world.size == 1 and told.isdecimal():
        return max(1, int(told))
    return max(1, usable_threads() // world.local_size)


def has_fixed_threads(threads: int) -> bool:
    """Whether somebody chose the threads of this process: in the recipe, or for all of OpenMP."""
    return bool(threads) or os.environ.get("OMP_NUM_THREADS", "").isdecimal()


def may_use_bf16(precision: str) -> bool:
    """Whether a recipe's precision is, or with `auto` will probably turn out to be, bf16."""
    return precision != "fp32" and _has_bf16_products()


@cache
def _has_bf16_products() -> bool:
    try:
        told = _PROCESSOR.read_text("utf-8", "replace")
    except OSError:
        return False
    return not _BF16_PRODUCTS.isdisjoint(told.split())


@cache
def _torch_is_for_cpus() -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return True
