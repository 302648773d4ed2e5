"""The app as a person meets it: the real program in a pseudo-terminal."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pyte

from benchmarks.data import tinyshakespeare
from benchmarks.results import table
from rnnterm.runs.control import ask
from rnnterm.runs.events import Progressed, event_to_json
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.process import TrainerProcess, start_trainer
from rnnterm.runs.reader import RunReader
from rnnterm.training.plan import TrainingPlan

_STARTS = 7
_PRESSES = 15
_KEYS = (  # what it does, the key, and a text that only its answer shows
    ("a knob up", "+", "temperature 0.9"),
    ("a knob down", "-", "temperature 0.8"),
    ("to a tab", "5", "▸ "),
    ("back to the first", "1", "one-hot"),
    ("help", "?", "Show every key."),
    ("out of help", "\x1b", "one-hot"),
)
_SECONDS = 20
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


class _Screen:
    """The app at work, everything it sends read."""

    def __init__(self, runs: Path, columns: int = 120, rows: int = 36, **environment: str) -> None:
        settings = runs.parent / "no settings.toml"
        self.terminal = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.terminal)
        self.begun = time.perf_counter()
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "rnnterm"],
            dimensions=(rows, columns),
            timeout=30,
            env=os.environ
            | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "RNNTERM_RUNS": str(runs)}
            | {"RNNTERM_CONFIG": str(settings)}
            | environment,
        )

    def wait_for(self, text: str) -> float:
        """Seconds until the text is sent."""
        begun = time.perf_counter()
        self.child.expect_exact(text.encode())
        return time.perf_counter() - begun

    def answer(self, key: str, is_answered: Callable[[list[str]], bool]) -> float:
        """Seconds from a key press until the screen shows its answer, this reading included."""
        begun = time.perf_counter()
        self.child.send(key)
        while not is_answered(self.terminal.display):
            if time.perf_counter() > begun + 10:
                raise RuntimeError("\n".join(self.terminal.display))
            self._feed(self.child.read_nonblocking(1 << 16, timeout=10))
        return time.perf_counter() - begun

    def _feed(self, data: bytes) -> None:
        self.stream.feed(data.decode(errors="replace"))

    def read_for(self, seconds: float) -> int:
        """The bytes that come in that time."""
        received, end = 0, time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            try:
                received += len(self.child.read_nonblocking(1 << 16, timeout=left))
            except pexpect.TIMEOUT:
                break
        return received

    def look_for(self, seconds: float) -> None:
        """Take in what comes in that time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            try:
                self._feed(self.child.read_nonblocking(1 << 16, timeout=left))
            except pexpect.TIMEOUT:
                break

    def close(self) -> None:
        """Leave the app."""
        self.child.send("\x11")
        self.child.expect(pexpect.EOF)
        self.child.close()


def _starts(runs: Path) -> list[list[str]]:
    """First paint beside the bare import of Textual, in turn."""
    paints, imports, torchless = [], [], True
    for _ in range(_STARTS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
        imports.append(time.perf_counter() - begun)
        screen = _Screen(runs)
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
    screen = _Screen(runs)
    screen.wait_for("Live sample")
    screen.read_for(3)
    screen.child.send(" ")  # the sample pauses
    screen.read_for(3)
    process = psutil.Process(screen.child.pid)
    before = process.cpu_times()
    received = screen.read_for(_SECONDS)
    after = process.cpu_times()
    screen.close()
    used = (after.user + after.system - before.user - before.system) / _SECONDS
    return [
        ["bytes while idle", f"{received} in {_SECONDS} s", "0"],
        ["processor while idle", f"{used:.2%}", "under 1 %"],
    ]


def _train(runs: Path, budget: str) -> TrainerProcess:
    settings = {"time_budget": budget}
    plan = TrainingPlan.start(str(tinyshakespeare()), settings=settings, runs=runs)
    trainer = start_trainer(plan.to_request())
    time.sleep(5)
    return trainer


def _keys(runs: Path) -> list[list[str]]:
    """From a key press to the first word of what it changes, while everything is live."""
    screen = _Screen(runs)
    screen.look_for(6)
    times: dict[str, list[float]] = {what: [] for what, *_ in _KEYS}
    for _ in range(_PRESSES):
        screen.child.send("s")  # the sample has the keys
        for what, key, answer in _KEYS:
            times[what].append(screen.answer(key, partial(_shows, answer)))
            screen.look_for(0.4)
    screen.close()
    medians = {what: statistics.median(each) * 1000 for what, each in times.items()}
    told = ", ".join(f"{what} {median:.0f}" for what, median in medians.items())
    every = [each for some in times.values() for each in some]
    return [
        ["answer to a key, median of all", f"{statistics.median(every) * 1000:.0f} ms", "50 ms"],
        ["… of each kind of key", f"{told} ms", ""],
        ["answer to a key, slowest of all", f"{max(every) * 1000:.0f} ms", ""],
    ]


def _shows(text: str, lines: list[str]) -> bool:
    return any(text in line for line in lines)


def _traffic(runs: Path) -> list[list[str]]:
    screen = _Screen(runs, SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22")
    screen.wait_for("Live sample")
    screen.read_for(5)
    rate = screen.read_for(_SECONDS) / _SECONDS / 1000
    screen.close()
    return [["sent at 120x36, all live, SSH", f"{rate:.1f} KB/s", "20 KB/s"]]


def _slowdown(runs: Path, trainer: TrainerProcess) -> list[list[str]]:
    """Steps of one run in turn with and without a screen that watches it."""
    ratios = []
    for _ in range(2):
        alone = _steps_in(trainer.run, _SECONDS)
        screen = _Screen(runs)
        screen.wait_for("Live sample")
        screen.read_for(3)
        before = _step(trainer.run)
        screen.read_for(_SECONDS)
        watched = _step(trainer.run) - before
        screen.close()
        time.sleep(1)
        ratios.append(watched / alone)
    median = statistics.median(ratios)
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    return [["training speed while watched", f"{median:.3f} ({spread})", "at least 0.97"]]


def _steps_in(run: RunFolder, seconds: float) -> int:
    before = _step(run)
    time.sleep(seconds)
    return _step(run) - before


def _step(run: RunFolder) -> int:
    values: dict[str, Any] = json.loads(run.status.read_text())
    return int(values["step"])


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
