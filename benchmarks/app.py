"""The app as a person meets it: the real program in a pseudo-terminal."""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.app_screen import AppScreen, Sight
from benchmarks.data import tinyshakespeare
from benchmarks.results import table
from rnnterm.runs.control import ask
from rnnterm.runs.events import Progressed, event_to_json
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.process import TrainerProcess, start_trainer
from rnnterm.runs.reader import RunReader
from rnnterm.training.plan import TrainingPlan

_STARTS = 7
_PRESSES = 12
_HELP = "Show every key."
_KEYS = (  # what it does, the key, and how the screen is then and was not before
    ("a knob up", "+", Sight("temperature 0.9")),
    ("a knob down", "-", Sight("temperature 0.8")),
    ("to a tab", "5", Sight("age  network", hidden="Live sample")),
    ("back to the first", "1", Sight("Live sample", hidden="age  network")),
    ("help", "?", Sight(_HELP)),
    ("out of help", "\x1b", Sight("Live sample", hidden=_HELP)),
)
_SECONDS = 20
_TURNS, _SECONDS_A_TURN, _SECONDS_TO_SETTLE = 24, 2.5, 0.5
_LINES = 1_000_000


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Start, answer to keys, traffic, idleness, and what watching costs the training."""
    del options
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        rows = [*_starts(runs), *_idle(runs)]
        trainer = _train(runs, "1h")
        try:
            rows += _keys(runs) + _traffic(runs) + _slowdown(runs, trainer)
        finally:
            ask(trainer.run, "stop")
            trainer.process.wait()
        rows += _long_run(runs)
    return "the app in a pseudo-terminal", table(["what", "measured", "asked for"], rows)


def _starts(runs: Path) -> list[list[str]]:
    """First paint beside the bare import of Textual, in turn."""
    paints, imports, torchless = [], [], True
    for _ in range(_STARTS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
        imports.append(time.perf_counter() - begun)
        screen = AppScreen(runs)
        screen.wait_for("Live sample")
        paints.append(time.perf_counter() - screen.begun)
        maps = Path(f"/proc/{screen.child.pid}/maps").read_text()
        torchless = torchless and "torch" not in maps
        screen.close()
    paint, bare = statistics.median(paints), statistics.median(imports)
    return [
        ["first paint", f"{paint:.2f} s", ""],
        ["… of `import textual.app`", f"{paint / bare:.2f}x of {bare:.2f} s", "at most 3x"],
        ["torch in the process", "no" if torchless else "YES", "no"],
    ]


def _idle(runs: Path) -> list[list[str]]:
    screen = AppScreen(runs)
    screen.wait_for("Live sample")
    screen.read_for(3)
    screen.child.send(" ")  # the sample pauses
    screen.read_for(3)
    before = _processor_seconds(screen)
    received = screen.read_for(_SECONDS)
    used = (_processor_seconds(screen) - before) / _SECONDS
    screen.close()
    return [
        ["bytes while idle", f"{received} in {_SECONDS} s", "0"],
        ["processor while idle", f"{used:.2%}", "under 1 %"],
    ]


def _processor_seconds(screen: AppScreen) -> float:
    """What the app has used so far."""
    times = psutil.Process(screen.child.pid).cpu_times()
    return times.user + times.system


def _train(runs: Path, budget: str) -> TrainerProcess:
    settings = {"time_budget": budget}
    plan = TrainingPlan.start(str(tinyshakespeare()), settings=settings, runs=runs)
    trainer = start_trainer(plan.to_request())
    time.sleep(5)
    return trainer


def _keys(runs: Path) -> list[list[str]]:
    """From a key press to the screen that answers it, while everything is live."""
    screen = AppScreen(runs)
    screen.look_for(6)
    times: dict[str, list[float]] = {what: [] for what, *_ in _KEYS}
    for number in range(_PRESSES):
        screen.child.send("s")  # the sample has the keys
        for place, (what, key, sight) in enumerate(_KEYS):
            # At no fixed moment of what goes on in the app: its frames, its looks at the run.
            screen.look_for(0.2 + 0.037 * ((7 * number + place) % 11))
            times[what].append(screen.press(key, sight) * 1000)
    screen.close()
    told = ", ".join(f"{what} {statistics.median(each):.0f}" for what, each in times.items())
    every = [each for some in times.values() for each in some]
    return [
        ["answer to a key, median of all", f"{statistics.median(every):.0f} ms", "50 ms"],
        ["… of each kind of key, median", f"{told} ms", ""],
        ["answer to a key, slowest of all", f"{max(every):.0f} ms", ""],
    ]


def _traffic(runs: Path) -> list[list[str]]:
    screen = AppScreen(runs, SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22")
    screen.wait_for("Live sample")
    screen.read_for(5)
    rate = screen.read_for(_SECONDS) / _SECONDS / 1000
    screen.close()
    return [["sent at 120x36, all live, SSH", f"{rate:.1f} KB/s", "20 KB/s"]]


def _slowdown(runs: Path, trainer: TrainerProcess) -> list[list[str]]:
    """The training's pace in short turns with and without an app that watches it.

    The machine's own pace drifts by more than what is to be measured. So the turns are short, and
    the app that is not to watch is halted instead of ended: it begins again at once.
    """
    screen = AppScreen(runs)
    screen.wait_for("Live sample")
    screen.read_for(5)
    turns: list[tuple[float, float]] = []
    used = 0.0
    for number in range(2 * _TURNS + 1):
        os.kill(screen.child.pid, signal.SIGCONT if number % 2 else signal.SIGSTOP)
        screen.drain_for(_SECONDS_TO_SETTLE)
        begun, before = time.time(), _processor_seconds(screen)
        screen.drain_for(_SECONDS_A_TURN)
        turns.append((begun, time.time()))
        used += _processor_seconds(screen) - before
    os.kill(screen.child.pid, signal.SIGCONT)
    screen.close()
    time.sleep(2)  # the log's last points
    paces = _paces(trainer.run, turns)
    # Each watched turn beside the mean of the two around it: a steady drift cancels out.
    ratios = [
        2 * watched / (before + after)
        for before, watched, after in zip(paces[:-2:2], paces[1::2], paces[2::2], strict=True)
    ]
    low, middle, high = statistics.quantiles(ratios, n=4)
    told = f"{middle:.3f} (of {_TURNS} turns the middle half: {low:.3f} to {high:.3f})"
    share = used / (_TURNS * _SECONDS_A_TURN)
    return [
        ["training speed while watched", told, "at least 0.97"],
        ["… processor of the app meanwhile", f"{share:.1%} of one core", ""],
    ]


def _paces(run: RunFolder, turns: list[tuple[float, float]]) -> list[float]:
    """Steps a second in each turn, from the times of the points in the run's log."""
    entries = map(json.loads, run.metrics.read_text().splitlines())
    points = [(each["time"], each["step"]) for each in entries if each["event"] == "progressed"]
    times, steps = zip(*points, strict=True)
    begun, ended = (np.interp(moments, times, steps) for moments in zip(*turns, strict=True))
    return [float(each) / _SECONDS_A_TURN for each in ended - begun]


def _long_run(runs: Path) -> list[list[str]]:
    """A log of a million points: until it is open, and a poll after that."""
    run = RunFolder(runs / "long")
    run.path.mkdir()
    with run.metrics.open("w") as file:
        for step in range(_LINES):
            event = Progressed(step, 0.1, step / _LINES, float(step), 2.0, 0.01, 1000.0, 9.0)
            entry = {"session": 1, "seq": step, "time": 1.8e9 + step} | event_to_json(event)
            file.write(json.dumps(entry) + "\n")
    reader = RunReader(run)
    begun = time.perf_counter()
    reader.skim()
    reader.catch_up()
    opened = time.perf_counter() - begun
    begun = time.perf_counter()
    reader.poll()
    polled = time.perf_counter() - begun
    size = run.metrics.stat().st_size / 1e6
    return [
        [f"opening a run of {_LINES:,} points ({size:.0f} MB)", f"{opened:.2f} s", "1 s"],
        ["a poll of it", f"{polled * 1000:.1f} ms", ""],
    ]
