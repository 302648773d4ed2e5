"""The default recipe on texts it was not made for, judged by a last slice that nobody looked at."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.data import tinyshakespeare
from benchmarks.results import table

_BUDGETS = ("75s",)
_HELD_OUT = "0.1"
_CODE_CHARACTERS = 2_000_000


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Defaults for each text and budget: 80 % to learn, 10 % to validate, the last 10 % to test."""
    del options
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        texts = {
            "tinyshakespeare, verse": str(tinyshakespeare()),
            "Pride and Prejudice, prose": "pride-and-prejudice",
            "Python's standard library, code": str(_write_code(Path(folder, "code.txt"))),
        }
        for title, text in texts.items():
            for budget in _BUDGETS:
                rows.append([title, *_row(text, budget)])
                print(rows[-1], flush=True)
    header = [
        "text", "characters learnt", "budget", "network", "validation (nats)", "5-gram there",
        "the last tenth",
    ]  # fmt: skip
    return "other texts, carried, the last tenth held out", table(header, rows)


def _write_code(path: Path) -> Path:
    """The modules of this Python's standard library, one after the other, as far as that goes."""
    modules = sorted(Path(os.__file__).parent.glob("*.py"))
    code = "\n".join(module.read_text("utf-8") for module in modules)
    path.write_text(code[:_CODE_CHARACTERS], "utf-8")
    return path


def _row(text: str, budget: str) -> list[str]:
    with tempfile.TemporaryDirectory() as runs:
        held = ("--set", f"test_fraction={_HELD_OUT}", "--json")
        trained = _rnnterm("train", text, "--time-budget", budget, *held, runs=runs)
        judge = ("eval", trained["model"], "--corpus", text, "--protocol", "carried", "--json")
        judge += ("--sample-length", "0")
        tested = _rnnterm(*judge, "--split", "test", runs=runs)
        counted = _rnnterm(*judge, "--max-characters", "2", runs=runs)["baseline"]
    return [
        f"{counted['train_characters']:,}",
        budget,
        tested["network"],
        f"{trained['val_loss']:.3f}",
        f"{counted['nats']:.3f}",
        f"{tested['losses']['carried']['nats']:.3f}",
    ]


def _rnnterm(*arguments: str, runs: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "rnnterm", *arguments],
        check=True, stdout=subprocess.PIPE, env=os.environ | {"RNNTERM_RUNS": runs},
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer
