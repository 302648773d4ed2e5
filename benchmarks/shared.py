"""Training beside other busy programs: how much of its speed is left, and how soon it is back.

All sides of a row run in turn, in one go, as the real command does it: the default, which follows
the load; what it did before, two threads that spin while they wait (`threads=2`); one thread; two
threads that sleep while they wait; and the plain `nn.LSTM` script.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.data import tinyshakespeare
from benchmarks.results import table
from rnnterm.runs.events import Progressed
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.metrics import read_metrics

SECONDS = 5
SHAPES = {"1x256": (256, 1), "1x640": (640, 1), "1x1024": (1024, 1), "2x640": (640, 2)}
RIVALS = (0, 1, 2, 4)
CORES = os.cpu_count() or 1
BUSY = [sys.executable, "-c", "while True: pass"]
SIDES: dict[str, tuple[list[str], dict[str, str]]] = {
    "default": ([], {}),
    "spinning": (["--set", f"threads={CORES}"], {}),
    "one thread": (["--set", "threads=1"], {}),
    "sleeping": (["--set", f"threads={CORES}"], {"OMP_WAIT_POLICY": "passive"}),
}


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Speeds beside rivals, recovery, quotas, two trainings at once."""
    lines = _beside_rivals(options.seeds, options.networks)
    lines += ["", *_recovery(options.seeds), "", *_quotas(options.seeds)]
    lines += ["", *_two_at_once(options.seeds)]
    lines += ["", *_loss_beside_one()]
    return "training on a machine that others use too", lines


def _beside_rivals(rounds: int, networks: list[str]) -> list[str]:
    rows, quiet = [], {}
    for units, layers in (SHAPES[name] for name in networks):
        for count in RIVALS:
            speeds: dict[str, list[float]] = {}
            for _ in range(rounds):
                with _busy(count):
                    for side, (settings, environment) in SIDES.items():
                        speed = _speed_of(units, layers, settings, environment)
                        speeds.setdefault(side, []).append(speed)
                    if (units, layers) == (640, 1):
                        speeds.setdefault("plain script", []).append(_plain_speed())
            medians = {side: statistics.median(values) for side, values in speeds.items()}
            better = max(medians["one thread"], medians["sleeping"])
            shown = [f"{medians[side]:,.0f}" if side in medians else "" for side in _columns()]
            quiet.setdefault((units, layers), medians["spinning"])
            alone = quiet[units, layers]
            ratios = [medians["default"] / each for each in (medians["spinning"], better, alone)]
            rows.append([f"{layers}x{units}", str(count), *shown, *(f"{r:.2f}" for r in ratios)])
            print(rows[-1], flush=True)
    header = ["network", "busy programs", *_columns(), "default / spinning",
              "default / better of one and sleeping", "default / spinning when quiet"]  # fmt: skip
    first = f"Characters a second, medians of {rounds}, {SECONDS} s each:"
    return [first, "", *table(header, rows)]


def _columns() -> list[str]:
    return [*SIDES, "plain script"]


def _recovery(rounds: int) -> list[str]:
    """Seconds from the end of a busy program until the speed is back."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as runs:
            process = _start(runs, 256, 1, ["--set", "log_every=1"], {}, seconds=14, name="back")
            run = RunFolder(Path(runs) / "back")
            _wait_for_steps(run)
            time.sleep(3)
            with _busy(1):
                time.sleep(4)
            ended = time.time()
            process.communicate()
            events = [e for e in read_metrics(run.metrics) if isinstance(e.event, Progressed)]
            found.append(_seconds_until_usual([(e.time, e.event.step) for e in events], ended))
    back = statistics.median(found)
    return [
        f"After a busy program's end the speed is back to 95 % of what it was before within "
        f"{back:.1f} s (1x256, median of {rounds}; {', '.join(f'{each:.1f}' for each in found)})."
    ]


def _seconds_until_usual(steps: list[tuple[float, int]], ended: float) -> float:
    """Until steps in half a second are as many as they were before the busy program."""
    window = 0.5

    def steps_from(begin: float) -> int:
        inside = [step for moment, step in steps if begin <= moment < begin + window]
        return len(inside)

    before = [moment for moment, _ in steps if moment < ended - 4.5]
    usual = statistics.median(steps_from(moment) for moment in before if moment < before[-1] - 1)
    for moment, _ in steps:
        if moment >= ended and steps_from(moment) >= 0.95 * usual:
            return moment - ended
    return float("nan")


def _quotas(rounds: int) -> list[str]:
    rows = []
    for quota in (1.0, 0.5):
        with _quota(quota) as prefix:
            if prefix is None:
                return ["CPU quotas were not measured: this user cannot make a cgroup."]
            speeds = {
                side: statistics.median(
                    _speed_of(640, 1, settings, environment, prefix=prefix) for _ in range(rounds)
                )
                for side, (settings, environment) in SIDES.items()
            }
        best = max(speed for side, speed in speeds.items() if side != "default")
        shown = [f"{speed:,.0f}" for speed in speeds.values()]
        rows.append([f"{quota:.0%} of a core", *shown, f"{speeds['default'] / best:.2f}"])
        print(rows[-1], flush=True)
    header = ["quota", *SIDES, "default / best fixed"]
    return ["Under a CPU quota (1x640, characters a second):", "", *table(header, rows)]


def _two_at_once(rounds: int) -> list[str]:
    alone, together = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as runs:
            alone.append(_ended(_start(runs, 640, 1, [], {})))
            pair = [_start(runs, 640, 1, [], {}, name=f"run{n}", seconds=12) for n in range(2)]
            together.append(sum(_ended(process) for process in pair))
    ratio = statistics.median(b / a for a, b in zip(alone, together, strict=True))
    return [f"Two trainings at once reach together {ratio:.2f} of what one reaches alone (1x640)."]


def _loss_beside_one() -> list[str]:
    """What the default recipe reaches in 75 seconds, alone and beside one busy program."""
    losses = {}
    for count in (0, 1):
        with tempfile.TemporaryDirectory() as runs, _busy(count):
            command = [sys.executable, "-m", "rnnterm", "train", str(tinyshakespeare()), "--json"]
            done = subprocess.run(
                [*command, "--time-budget", "75s"],
                env=os.environ | {"RNNTERM_RUNS": runs}, check=True, stdout=subprocess.PIPE,
            )  # fmt: skip
            losses[count] = json.loads(done.stdout)["best_val_loss"]
    return [
        f"75 s on tinyshakespeare: {losses[0]:.3f} nats alone, {losses[1]:.3f} beside one busy "
        "program."
    ]


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """So many busy programs of one thread, each in a session of its own."""
    rivals = [subprocess.Popen(BUSY, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


@contextmanager
def _quota(cores: float) -> Iterator[list[str] | None]:
    """A command's prefix that puts it into a cgroup with a quota; None where there can be none."""
    first = Path("/sys/fs/cgroup/cpu/rnnterm-benchmark")
    second = Path("/sys/fs/cgroup/rnnterm-benchmark")
    group = first if first.parent.is_dir() else second
    try:
        group.mkdir(exist_ok=True)
        if group == first:
            (group / "cpu.cfs_quota_us").write_text(str(int(100_000 * cores)))
        else:
            (group / "cpu.max").write_text(f"{int(100_000 * cores)} 100000")
    except OSError:
        yield None
        return
    try:
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        time.sleep(0.5)
        group.rmdir()


def _speed_of(
    units: int,
    layers: int,
    settings: list[str],
    environment: dict[str, str],
    *,
    prefix: list[str] | None = None,
) -> float:
    with tempfile.TemporaryDirectory() as runs:
        return _ended(_start(runs, units, layers, settings, environment, prefix=prefix))


def _start(
    runs: str,
    units: int,
    layers: int,
    settings: list[str],
    environment: dict[str, str],
    *,
    prefix: list[str] | None = None,
    seconds: int = SECONDS,
    name: str = "run",
) -> "subprocess.Popen[bytes]":
    fixed = [
        f"hidden_size={units}", f"num_layers={layers}", "batch_size=32", "bptt=64", "dropout=0",
        "validate_every=never", "sample_every=never", "checkpoint_every=never", "val_fraction=0",
    ]  # fmt: skip
    command = [*(prefix or []), sys.executable, "-m", "rnnterm", "train", str(tinyshakespeare())]
    command += ["--json", "--name", name, "--time-budget", f"{seconds}s", *settings]
    for setting in fixed:
        command += ["--set", setting]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"RNNTERM_RUNS": runs} | environment,
    )


def _ended(process: "subprocess.Popen[bytes]") -> float:
    """Characters a second, once a run has ended well."""
    answer, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a run ended with {process.returncode}")
    result: dict[str, Any] = json.loads(answer)
    return float(result["chars_per_second"])


def _plain_speed() -> float:
    command = [sys.executable, "-m", "benchmarks.plain_lstm", str(tinyshakespeare())]
    done = subprocess.run(
        [*command, "--seconds", str(SECONDS), "--speed-only"], stdout=subprocess.PIPE, check=True
    )
    return float(json.loads(done.stdout)["chars_per_second"])


def _wait_for_steps(run: RunFolder) -> None:
    while not (run.metrics.exists() and "progressed" in run.metrics.read_text()):
        time.sleep(0.1)
