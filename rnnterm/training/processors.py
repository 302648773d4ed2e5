"""What of this machine a training will run on, as far as that can be known without torch."""

import os
import sys
from pathlib import Path


def may_use_gpu(device: str) -> bool:
    """Whether a recipe's device is, or with `auto` may turn out to be, something but the CPU."""
    if device != "auto":
        return device != "cpu"
    return Path("/proc/driver/nvidia/version").exists() or sys.platform == "darwin"


def training_cores(threads: int = 0) -> int:
    """Cores that a training of so many threads keeps busy; 0 stands for torch's own choice."""
    return min(threads or _usual_threads(), _cores())


def _usual_threads() -> int:
    """How many threads torch takes by itself."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(told)) if told.isdecimal() else _cores()


def _cores() -> int:
    """The cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
