"""Two processes of one thread each against one process with two: the same batches, both ways."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.data import tinyshakespeare
from benchmarks.results import table

SECONDS = 10
ROUNDS = 3
_RANKS = (1, 2)


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Characters a second of both, in turn, for several batches of the default network."""
    del options
    rows = []
    for batch_size, bptt in ((32, 64), (128, 64)):
        speeds: dict[int, list[float]] = {ranks: [] for ranks in _RANKS}
        for _ in range(ROUNDS):
            for ranks in _RANKS:
                speeds[ranks].append(_speed(ranks, batch_size, bptt))
        ratio = statistics.median(two / one for one, two in zip(speeds[1], speeds[2], strict=True))
        told = (f"{statistics.median(speeds[ranks]) / 1000:.1f}k" for ranks in _RANKS)
        rows.append([f"1x640, {batch_size} x {bptt}", *told, f"{ratio:.2f}"])
    header = ["network, batch", "one process, chars/s", "two processes", "ratio (asked: 1)"]
    return "two gloo processes against one with two threads", table(header, rows)


def _speed(ranks: int, batch_size: int, bptt: int) -> float:
    settings = ("hidden_size=640", f"batch_size={batch_size}", f"bptt={bptt}")
    quiet = ("validate_every=never", "sample_every=never", "val_fraction=0")
    command = [sys.executable, "-m", "rnnterm", "train", str(tinyshakespeare()), "--json"]
    command += ["--time-budget", f"{SECONDS}s", "--nproc", str(ranks)]
    for setting in settings + quiet:
        command += ["--set", setting]
    with tempfile.TemporaryDirectory() as runs:
        environment = os.environ | {"RNNTERM_RUNS": runs}
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    result: dict[str, Any] = json.loads(ended.stdout)
    return float(result["chars_per_second"])
