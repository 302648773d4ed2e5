"""Loss against time: `fast`, a plain script and the tutorials' recipe, in equal time."""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.data import tinyshakespeare
from benchmarks.results import table

SECONDS = 75
_MOMENTS = (10, 20, 40, 60, 75)

Curve = list[tuple[float, float]]
"""Seconds of the process' training, and the validation loss there, in nats per character."""


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """All sides in turn, once a seed; the loss of each as time goes by."""
    text = str(tinyshakespeare())
    sides: dict[str, Callable[[str, int], Curve]] = {
        "rnnterm, `fast`": _fast,
        "plain `nn.LSTM`": _plain,
        "rnnterm, `tutorial`": _tutorial,
    }
    curves: dict[str, list[Curve]] = {side: [] for side in sides}
    for seed in range(1, options.seeds + 1):
        for side, run in sides.items():
            curves[side].append(run(text, seed))
    rows = [
        [side, *(_told([_at(moment, curve) for curve in runs]) for moment in _MOMENTS)]
        for side, runs in curves.items()
    ]
    header = ["tinyshakespeare 90/10, carried", *(f"{moment} s" for moment in _MOMENTS)]
    note = (
        f"Each has {SECONDS} s from its first step to its last; the figure at a moment is that of "
        "the newest validation, for which the plain script's clock stands and rnnterm's does not. "
        "The tutorial reads each character in a cold window of 100."
    )
    return f"validation loss against time, {options.seeds} seeds", [*table(header, rows), "", note]


def _at(moment: float, curve: Curve) -> float:
    """The newest validation loss at a moment; NaN before the first."""
    known = [loss for seconds, loss in curve if seconds <= moment + 1]
    return known[-1] if known else math.nan


def _told(losses: list[float]) -> str:
    median = statistics.median(losses)
    return "–" if math.isnan(median) else f"{median:.3f}"


def _fast(text: str, seed: int) -> Curve:
    """Validated as often as the others: its clock stands meanwhile."""
    return _rnnterm(text, seed, "--set", "validate_every=5s")


def _tutorial(text: str, seed: int) -> Curve:
    """On the text that the others have: with its capitals, and a validation part."""
    same = ["--set", "lowercase=false", "--set", "val_fraction=0.1", "--set", "validate_every=5s"]
    return _rnnterm(text, seed, "--recipe", "tutorial", *same)


def _rnnterm(text: str, seed: int, *options: str) -> Curve:
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "rnnterm", "train", text, "--name", "race", "--json"]
        command += ["--time-budget", f"{SECONDS}s", "--rng-seed", str(seed), *options]
        environment = os.environ | {"RNNTERM_RUNS": runs}
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        result = json.loads(ended.stdout)
        log = Path(runs, "race", "metrics.jsonl").read_text().splitlines()
    events: list[dict[str, Any]] = list(map(json.loads, log))
    begun = next(each["time"] for each in events if each["event"] == "started")
    curve = [
        (each["time"] - begun, each["val_loss"]) for each in events if each["event"] == "validated"
    ]
    return [*curve, (float(SECONDS), result["val_loss"])]


def _plain(text: str, seed: int) -> Curve:
    command = [sys.executable, "-m", "benchmarks.plain_lstm", text, "--seconds", str(SECONDS)]
    command += ["--seed", str(seed), "--validate-every", "10"]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    result = json.loads(ended.stdout)
    return [*map(tuple, result["curve"]), (float(SECONDS), result["val_loss"])]
