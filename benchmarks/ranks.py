"""Two processes of one thread each against one process with two: the same batches, both ways.

gloo carries the orders; gradients are averaged in shared memory on Linux and x86-64
(rnnterm/training/shared_mean.py), through gloo elsewhere. Beside them two runs of half the batch
that know nothing of each other: what two processes could reach if none of that cost anything.
"""

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
SHAPES = ((256, 128, 64), (384, 32, 32), (640, 32, 64), (640, 128, 64))
"""Units, streams and BPTT; the second and third are what budgets of 20 and 75 seconds choose."""


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Characters a second of all three, in turn."""
    del options
    rows = []
    for shape in SHAPES:
        rounds = [(_together(1, shape), _together(2, shape), _apart(shape)) for _ in range(ROUNDS)]
        told = [f"{statistics.median(speeds) / 1000:.1f}k" for speeds in zip(*rounds, strict=True)]
        together = statistics.median(two / one for one, two, _ in rounds)
        apart = statistics.median(two / one for one, _, two in rounds)
        units, streams, bptt = shape
        name = f"1x{units}, {streams} x {bptt}"
        rows.append([name, *told, f"{together:.2f}", f"{apart:.2f}"])
    header = [
        "network, batch", "one process, chars/s", "two processes", "two that exchange nothing",
        "two / one (asked: 1)", "nothing exchanged / one",
    ]  # fmt: skip
    note = (
        "Two processes average their gradients in shared memory on Linux and x86-64, through gloo "
        "elsewhere; gloo carries the orders."
    )
    return "two processes against one with two threads", [*table(header, rows), "", note]


def _together(ranks: int, shape: tuple[int, int, int]) -> float:
    """The speed of one run of so many processes on both cores."""
    with tempfile.TemporaryDirectory() as runs:
        return _speed(_start(runs, shape, "--nproc", str(ranks)))


def _apart(shape: tuple[int, int, int]) -> float:
    """The sum of the speeds of two runs of one thread and half the batch each."""
    units, streams, bptt = shape
    half = (units, streams // 2, bptt)
    with tempfile.TemporaryDirectory() as runs:
        started = [_start(runs, half, "--set", "threads=1") for _ in range(2)]
        return sum(map(_speed, started))


def _start(runs: str, shape: tuple[int, int, int], *more: str) -> subprocess.Popen[bytes]:
    settings = [
        f"{n}={v}" for n, v in zip(("hidden_size", "batch_size", "bptt"), shape, strict=True)
    ]
    settings += ["validate_every=never", "sample_every=never", "val_fraction=0"]
    command = [sys.executable, "-m", "rnnterm", "train", str(tinyshakespeare()), "--json"]
    command += ["--time-budget", f"{SECONDS}s", *more]
    for setting in settings:
        command += ["--set", setting]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"RNNTERM_RUNS": runs}
    )


def _speed(run: subprocess.Popen[bytes]) -> float:
    """Characters a second of a run, once it has ended well."""
    told, _ = run.communicate()
    if run.returncode:
        raise RuntimeError(f"a run ended with {run.returncode}")
    result: dict[str, Any] = json.loads(told)
    return float(result["chars_per_second"])
