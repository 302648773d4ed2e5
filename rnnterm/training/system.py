"""What a trainer runs on, and what it takes of it."""

import os
import platform
import socket
import time
from contextlib import suppress
from importlib.metadata import version
from typing import Any

import psutil
import torch

from rnnterm.runs.events import Used


def system_facts(device: torch.device) -> dict[str, Any]:
    """Host, cores, memory in bytes and versions; on a GPU its name and memory, too."""
    facts = {
        "host": socket.gethostname(),
        "system": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "rnnterm": version("rnnterm"),
    }
    if device.type == "cuda":
        told = torch.cuda.get_device_properties(device)
        facts |= {"gpu": told.name, "gpu_memory": told.total_memory, "cuda": torch.version.cuda}
    return facts


class UsageMeter:
    """Measures what this process takes of the machine, and the device's load."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._process = psutil.Process()
        self._last = time.monotonic(), time.process_time()

    def measure(self, step: int) -> Used:
        """Memory now, and processor time since the last measurement."""
        before, now = self._last, (time.monotonic(), time.process_time())
        self._last = now
        cpu = (now[1] - before[1]) / max(1e-9, now[0] - before[0])
        used = Used(step, self._process.memory_info().rss, cpu)
        return self._with_gpu(used) if self._device.type == "cuda" else used

    def _with_gpu(self, used: Used) -> Used:
        free, total = torch.cuda.mem_get_info(self._device)
        gpu = None
        with suppress(Exception):  # NVML may be missing, too old, or forbidden: it is optional
            gpu = torch.cuda.utilization(self._device) / 100
        return Used(used.step, used.rss, used.cpu, total - free, total, gpu)
