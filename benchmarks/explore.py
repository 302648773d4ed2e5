"""The explorer: a search of a million characters, a reading of two hundred, and torch beside it.

The search runs in a process of its own, whose peak memory is told against that after a search of
a hundredth: beyond the model, what a search needs. Processor time is told beside seconds, because
on a machine that others use, too, only that says what the work costs.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.explore_screen import screen_rows
from benchmarks.results import table
from rnnterm.explore.fresh import fresh_model
from rnnterm.explore.matching import scan_corpus
from rnnterm.explore.reading import read_text
from rnnterm.explore.selection import select_units
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import CellKind
from rnnterm.text.vocab import Vocabulary

CHARACTERS = 1_000_000
HIDDEN = 512
SYMBOLS = "".join(map(chr, range(48, 113)))
STEPS = 200
ROUNDS = 9
CELLS: tuple[CellKind, ...] = ("lstm", "gru", "rnn")


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Seconds, memory and exactness of what the tab and the command do."""
    del options
    found = _search_alone()
    load = os.getloadavg()[0]
    rows = [
        [f"search of {CHARACTERS:,} characters, LSTM 1x{HIDDEN}", f"{found['seconds']:.1f} s",
         "30 s on two cores"],
        ["… processor time", f"{found['processor']:.1f} s", ""],
        ["… load of the machine meanwhile, on two cores", f"{load:.1f}", ""],
        ["… memory beyond the model", f"{found['megabytes']:.0f} MB", "300 MB"],
        [f"reading of {STEPS} characters, LSTM 1x{HIDDEN}", f"{_trace_seconds() * 1000:.0f} ms",
         ""],
        *[[f"{cell} 2x{HIDDEN}: largest difference to torch.nn", f"{_difference(cell):.1e}", "1e-5"]
          for cell in CELLS],
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        rows += screen_rows(Path(folder))
    return "the hidden-state explorer", table(["what", "measured", "asked for"], rows)


def search() -> dict[str, float]:
    """A search with 16 units; the model, and all that is imported, is there before it begins."""
    model = _model("lstm")
    rng = np.random.default_rng(0)
    ids = rng.integers(len(SYMBOLS), size=CHARACTERS).astype(np.uint8)
    reading = read_text(model, model.vocab.decode(ids[:60].tolist()))
    strongest = float(np.sort(np.abs(reading.values(0, "h")[20]))[-16]) * 0.99
    selection = select_units(reading, 20, 21, layer=0, threshold=strongest, bounded=False)
    list(scan_corpus(model, selection, ids[: CHARACTERS // 100]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, worked = time.perf_counter(), time.process_time()
    *_, matches = scan_corpus(model, selection, ids)
    matches.best()
    seconds, processor = time.perf_counter() - begun, time.process_time() - worked
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "processor": processor,
        "megabytes": (after - before) / 1024,
        "searched": matches.read,
    }


def _search_alone() -> dict[str, float]:
    """The search in a process whose libraries use a thread each, as in the command."""
    code = "import json; from benchmarks.explore import search; print(json.dumps(search()))"
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE,
        env=os.environ | one_thread,
    ).stdout  # fmt: skip
    answer: dict[str, float] = json.loads(printed)
    assert answer["searched"] == CHARACTERS
    return answer


def _model(cell: CellKind, layers: int = 1) -> Model:
    return fresh_model(cell, HIDDEN, Vocabulary(SYMBOLS), seed=1, num_layers=layers)


def _trace_seconds() -> float:
    """The median time of a reading."""
    model, times = _model("lstm"), []
    text = (SYMBOLS * 4)[:STEPS]
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        reading = read_text(model, text)
        assert len(reading.surprisal) == STEPS
        times.append(time.perf_counter() - begun)
    return float(np.median(times[1:]))


def _difference(cell: CellKind) -> float:
    """The largest difference of any traced h to that of torch.nn, in two layers."""
    model = _model(cell, layers=2)
    reading = read_text(model, (SYMBOLS * 4)[:STEPS])
    spec = model.spec
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell]
    theirs = kind(spec.input_size, HIDDEN, 2)
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in model.tensors.items()}
    theirs.load_state_dict(
        {
            f"{part}_l{layer}": tensors[f"rnn.{layer}.{part}"]
            for layer in range(2)
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
    )
    inputs = torch.from_numpy(np.array(model.network.input_rows(reading.ids), np.float32))
    with torch.no_grad():
        last, _ = theirs(inputs)
        below, _ = _first_layer(kind, theirs, spec.input_size)(inputs)
    return max(
        float(np.abs(last.numpy() - reading.values(1, "h")).max()),
        float(np.abs(below.numpy() - reading.values(0, "h")).max()),
    )


def _first_layer(kind: type[torch.nn.RNNBase], both: torch.nn.RNNBase, inputs: int):
    first = kind(inputs, HIDDEN, 1)
    first.load_state_dict({name: both.state_dict()[name] for name in first.state_dict()})
    return first
