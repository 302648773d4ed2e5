"""What it costs that a run can be watched and steered, and how soon it answers."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.data import tinyshakespeare
from benchmarks.results import table
from rnnterm.runs.control import Inbox, ask
from rnnterm.runs.process import start_trainer
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.run import TrainingSession

_SECONDS = 20
_REQUESTS = 15
_NETWORKS = {
    "default recipe, 1x640": {},
    "1x64, 4 streams of 16": {"hidden_size": 64, "batch_size": 4, "bptt": 16},
}


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """The time from a request to its answer, and the share of training that reporting takes."""
    del options
    with tempfile.TemporaryDirectory() as folder:
        answers = [
            [network, verb, str(len(times)), f"{statistics.median(times):.3f}", f"{max(times):.3f}"]
            for network, settings in _NETWORKS.items()
            for verb, times in _answer_times(Path(folder), settings).items()
        ]
        costs = [
            [network, *_reporting_cost(Path(folder), settings)]
            for network, settings in _NETWORKS.items()
        ]
    header = ["request to answer", "asked for", "times", "median (s)", "longest (s)"]
    cost_header = [
        "share of a session",
        "steps/s",
        "log, status, system facts",
        "looking for requests",
    ]
    return "runs: control and its cost", [*table(header, answers), "", *table(cost_header, costs)]


def _plan(runs: Path, settings: dict[str, Any]) -> TrainingPlan:
    return TrainingPlan.start(str(tinyshakespeare()), settings=settings, runs=runs)


def _answer_times(runs: Path, settings: dict[str, Any]) -> dict[str, list[float]]:
    """Seconds by request, asked at moments that have nothing to do with the trainer's own."""
    plan = _plan(runs, settings | {"time_budget": "10m"})
    trainer = start_trainer(plan.to_request())
    times: dict[str, list[float]] = {"pause": [], "continue": [], "checkpoint": []}
    time.sleep(3)
    for turn in range(_REQUESTS):
        for verb, taken in times.items():
            time.sleep(0.2 + 0.037 * (turn % 7))
            begun = time.perf_counter()
            ask(trainer.run, verb)
            taken.append(time.perf_counter() - begun)
    ask(trainer.run, "stop")
    trainer.process.wait()
    return times


def _reporting_cost(runs: Path, settings: dict[str, Any]) -> list[str]:
    """Of a session in this process: its speed, and the shares of its time that go to each duty."""
    session = TrainingSession(_plan(runs, settings | {"time_budget": f"{_SECONDS}s"}))
    clocks = {"report": 0.0, "take": 0.0}
    _time_calls(session, "_report", clocks, "report")
    original = Inbox.take
    _time_calls(Inbox, "take", clocks, "take")
    try:
        result = session.train()
    finally:
        Inbox.take = original  # type: ignore[method-assign]
    shares = [f"{clock / result.seconds:.2%}" for clock in clocks.values()]
    return [f"{result.steps / result.seconds:.0f}", *shares]


def _time_calls(owner: Any, name: str, clocks: dict[str, float], clock: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def timed(*args: Any) -> Any:
        begun = time.perf_counter()
        try:
            return original(*args)
        finally:
            clocks[clock] += time.perf_counter() - begun

    setattr(owner, name, timed)
