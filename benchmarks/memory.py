"""Peak memory of training against the size of the text: 1 MB, 64 MB, 1 GB, made on the spot."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.results import table

SIZES = {"1 MB": 10**6, "64 MB": 64 * 10**6, "1 GB": 10**9}
STEPS = 400
CHILD = """
import json, resource, sys, time
import rnnterm
begun = time.monotonic()
from rnnterm.text.corpus import open_corpus
open_corpus(sys.argv[1])
opened = time.monotonic() - begun
rnnterm.train(sys.argv[1], steps=int(sys.argv[2]), hidden_size=64, sample_every="never")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"open_seconds": opened, "peak_mb": peak}))
"""


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Train twice on each size: the second time, the text is in the cache."""
    del options
    rows, smallest = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"RNNTERM_RUNS": folder, "RNNTERM_CACHE": f"{folder}/cache"}
        for label, size in SIZES.items():
            path = Path(folder) / "text.txt"
            _write_text(path, size)
            first, second = (_train(path, environment) for _ in range(2))
            peak = max(first["peak_mb"], second["peak_mb"])
            smallest = smallest or peak
            rows.append(
                [
                    label,
                    f"{peak:.0f} MB",
                    f"{peak - smallest:+.0f} MB",
                    f"{first['open_seconds']:.2f} s",
                    f"{second['open_seconds']:.3f} s",
                ]
            )
    header = ["text", "peak memory", "beyond the 1 MB text", "first opening", "second opening"]
    return f"memory while training {STEPS} steps of a 1x64 LSTM", table(header, rows)


def _train(path: Path, environment: dict[str, str]) -> dict[str, float]:
    printed = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(STEPS)],
        check=True, stdout=subprocess.PIPE, env=environment,
    ).stdout  # fmt: skip
    answer: dict[str, float] = json.loads(printed)
    return answer


def _write_text(path: Path, size: int) -> None:
    """Random words in lines; a few bytes of UTF-8 beyond ASCII."""
    rng = np.random.default_rng(0)
    block = "".join(rng.choice(list("etaoin shrdlu\nabcdefgé"), 950_000)).encode()
    with path.open("wb") as file:
        for _ in range(-(-size // len(block))):  # whole blocks: no character is cut
            file.write(block)
