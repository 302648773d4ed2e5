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
from rnnterm.text.corpus import open_corpus
from rnnterm.text.ngram import witten_bell_loss

_BUDGETS = ("20s", "75s")
_HELD_OUT = 0.1
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
            "Othello's speeches, a short text": "othello",
        }
        for title, text in texts.items():
            characters, val_counted, test_counted = _count(text)
            for budget in _BUDGETS:
                network, val, test = _learn(text, budget)
                told = [f"{loss:.3f}" for loss in (val, val_counted, test, test_counted)]
                rows.append([title, f"{characters:,}", budget, network, *told])
                print(rows[-1], flush=True)
    header = [
        "text", "characters learnt", "budget", "network", "validation (nats)", "5-gram there",
        "the last tenth", "5-gram there",
    ]  # fmt: skip
    note = (
        "The network is the best of its looks at the validation part; the 5-gram is counted on the "
        "training part alone. Of the short text a tenth is less than a thousand characters."
    )
    return "other texts, carried, the last tenth held out", [*table(header, rows), "", note]


def _write_code(path: Path) -> Path:
    """The modules of this Python's standard library, one after the other, as far as that goes."""
    modules = sorted(Path(os.__file__).parent.glob("*.py"))
    code = "\n".join(module.read_text("utf-8") for module in modules)
    path.write_text(code[:_CODE_CHARACTERS], "utf-8")
    return path


def _count(text: str) -> tuple[int, float, float]:
    """The training part's characters, and a 5-gram's losses on the two parts held out."""
    corpus = open_corpus(text)
    split = corpus.split(_HELD_OUT, _HELD_OUT)
    val, test = (
        witten_bell_loss(split.train, part, len(corpus.vocab)) for part in (split.val, split.test)
    )
    return len(split.train), val, test


def _learn(text: str, budget: str) -> tuple[str, float, float]:
    """The network, and the losses of the model that the run keeps on the same two parts."""
    parts = ("--set", f"val_fraction={_HELD_OUT}", "--set", f"test_fraction={_HELD_OUT}")
    with tempfile.TemporaryDirectory() as runs:
        trained = _rnnterm("train", text, "--time-budget", budget, *parts, "--json", runs=runs)
        tested = _rnnterm(
            "eval", trained["model"], "--corpus", text, "--split", "test", "--protocol", "carried",
            "--sample-length", "0", "--json", runs=runs,
        )  # fmt: skip
    return tested["network"], trained["best_val_loss"], tested["losses"]["carried"]["nats"]


def _rnnterm(*arguments: str, runs: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "rnnterm", *arguments],
        check=True, stdout=subprocess.PIPE, env=os.environ | {"RNNTERM_RUNS": runs},
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer
