"""Validation loss after 75 seconds: `rnnterm train` with defaults against a plain script."""

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

SECONDS = 75


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Both sides in turn, once a seed; the median loss of each."""
    text = str(tinyshakespeare())
    sides: dict[str, list[dict[str, Any]]] = {"rnnterm": [], "plain nn.LSTM": []}
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as runs:
            sides["rnnterm"].append(
                _run(
                    "-m", "rnnterm", "train", text, "--time-budget", f"{SECONDS}s",
                    "--rng-seed", str(seed), "--json", runs=runs,
                )
            )  # fmt: skip
            sides["plain nn.LSTM"].append(
                _run(
                    "-m", "benchmarks.plain_lstm", text, "--seconds", str(SECONDS),
                    "--seed", str(seed), runs=runs,
                )
            )  # fmt: skip
    rows = []
    for side, results in sides.items():
        losses = [result["val_loss"] for result in results]
        speed = statistics.median(result["chars_per_second"] for result in results)
        spread = f"{min(losses):.4f} to {max(losses):.4f}"
        rows.append([side, f"{statistics.median(losses):.4f}", spread, f"{speed / 1000:.1f}k"])
    header = ["tinyshakespeare 90/10, carried", "median val loss (nats)", "range", "chars/s"]
    return f"validation loss after {SECONDS} s, {options.seeds} seeds", table(header, rows)


def _run(*command: str, runs: str) -> dict[str, Any]:
    """The JSON that a command of this Python prints."""
    environment = os.environ | {"RNNTERM_RUNS": runs}
    printed = subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.PIPE, env=environment
    ).stdout
    answer: dict[str, Any] = json.loads(printed)
    return answer
