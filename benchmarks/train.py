"""Validation loss for a budget: `rnnterm train` with defaults against a plain script."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.data import tinyshakespeare
from benchmarks.results import table

ASKED = {"20s": 1.55, "75s": 1.43, "10m": 1.38}
"""Nats per character, by budget, on two cores."""

_BUDGETS_OF_BOTH = ("75s",)  # in which the plain script takes its turn, too
_NOTE = (
    "Both losses of rnnterm are those of the model that it keeps, the best of its looks at this "
    "very validation part; the plain script keeps its last weights."
)

Result = dict[str, Any]


def measure(budget: str, seeds: int) -> tuple[str, list[str]]:
    """The sides of one budget in turn, once a seed; the median losses."""
    sides = [_rnnterm, _plain] if budget in _BUDGETS_OF_BOTH else [_rnnterm]
    results: dict[str, list[Result]] = {}
    for seed in range(1, seeds + 1):
        for side in sides:
            result = side(budget, seed)
            results.setdefault(result["side"], []).append(result)
            print(budget, result, flush=True)
    rows = [_row(budget, name, each) for name, each in results.items()]
    header = [
        "tinyshakespeare 90/10", "carried: median (nats)", "range", "asked", "blocks", "chars/s"
    ]  # fmt: skip
    return f"validation loss, {seeds} seeds", [*table(header, rows), "", _NOTE]


def _row(budget: str, name: str, results: list[Result]) -> list[str]:
    losses = [each["carried"] for each in results]
    blocks = [each["blocks"] for each in results if "blocks" in each]
    asked = ASKED.get(budget)
    return [
        name,
        f"{statistics.median(losses):.4f}",
        f"{min(losses):.4f} to {max(losses):.4f}",
        f"at most {asked}" if asked and name.startswith("rnnterm") else "",
        f"{statistics.median(blocks):.4f}" if blocks else "",
        f"{statistics.median(each['chars_per_second'] for each in results) / 1000:.1f}k",
    ]


def _rnnterm(budget: str, seed: int) -> Result:
    """Both protocols, of the model that the run keeps: `val_loss` would be its last weights'."""
    text = str(tinyshakespeare())
    with tempfile.TemporaryDirectory() as runs:
        here = ("-m", "rnnterm")
        result = _run(
            *here, "train", text, "--time-budget", budget, "--rng-seed", str(seed), "--json",
            runs=runs,
        )  # fmt: skip
        judged = _run(
            *here, "eval", result["model"], "--corpus", text, "--protocol", "blocks", "--json",
            runs=runs,
        )  # fmt: skip
    blocks = judged["losses"]["blocks"]["nats"]
    told = {"carried": result["best_val_loss"], "blocks": blocks}
    return result | told | {"side": f"rnnterm, {judged['network']}"}


def _plain(budget: str, seed: int) -> Result:
    seconds = float(budget.removesuffix("s"))
    result = _run(
        "-m", "benchmarks.plain_lstm", str(tinyshakespeare()), "--seconds", str(seconds),
        "--seed", str(seed), runs="",
    )  # fmt: skip
    return result | {"side": "plain nn.LSTM, 1x512", "carried": result["val_loss"]}


def _run(*command: str, runs: str) -> Result:
    """The JSON that a command of this Python prints."""
    environment = os.environ | ({"RNNTERM_RUNS": runs} if runs else {})
    printed = subprocess.run(
        [sys.executable, *command], check=True, stdout=subprocess.PIPE, env=environment
    ).stdout
    answer: Result = json.loads(printed)
    return answer
