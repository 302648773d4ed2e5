"""A hundred kills at random moments of a real run, and fifty races of ten starters."""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.data import tinyshakespeare
from benchmarks.results import table
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.control import ask
from rnnterm.runs.events import Progressed
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import is_locked, read_owner
from rnnterm.runs.metrics import last_entries, read_metrics
from rnnterm.runs.process import start_trainer
from rnnterm.training.plan import TrainingPlan

_KILLS = 100
_RACES = 50
_STARTERS = 10
_LONGEST_LIFE = 4.0  # seconds, of which about half are the start
_LOG_EVERY = 20
# The learning rate stands still: what a step does then does not depend on how many are to come.
_SETTINGS = {
    "steps": 10_000_000, "hidden_size": 128, "batch_size": 8, "bptt": 64, "dropout_output": 0.1,
    "anneal": "constant", "warmup_steps": 0, "learning_rate": 0.002, "log_every": _LOG_EVERY,
    "validate_every": 500, "checkpoint_every": 50, "sample_every": 2000, "precision": "fp32",
}  # fmt: skip


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Both counts, and whether the broken run ended as the unbroken one."""
    del options
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        kills, damaged, resumes, same = _survive(runs)
        rows = [
            ["SIGKILLs at random moments of a real run, starts among them", str(kills)],
            ["of them, those that left a newest checkpoint that does not verify", str(damaged)],
            ["resumes after them that went on learning", str(resumes)],
            ["losses and weights as those of an unbroken run", "yes" if same else "NO"],
            [f"races of {_STARTERS} starters on one run", str(_RACES)],
            ["races with one winner, named by all others", str(_race_all(runs))],
        ]
    return "survival", table(["what", "count"], rows)


def _survive(runs: Path) -> tuple[int, int, int, bool]:
    """Kills, damaged checkpoints and resumes that took steps, and whether the end is the same.

    A kill before there is a run counts for nothing, and neither does a session that was killed
    before it had logged a loss of its own.
    """
    text = str(tinyshakespeare())
    first = TrainingPlan.start(text, settings=_SETTINGS, name="broken", runs=runs)
    broken = first.folder
    rng, kills, damaged, learning = random.Random(1), 0, 0, set[int]()
    while kills < _KILLS:
        plan = TrainingPlan.resume(name="broken", runs=runs) if broken.path.exists() else first
        trainer = subprocess.Popen(_trainer(plan), stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, _LONGEST_LIFE))
        trainer.kill()
        assert trainer.wait() == -signal.SIGKILL, "it ended by itself"
        if not broken.path.exists():
            continue
        kills += 1
        damaged += bool(CheckpointStore(broken.checkpoints).newest_verified()[1])
        learning |= _resumed_sessions(broken)
    last = start_trainer(TrainingPlan.resume(name="broken", runs=runs).to_request())
    step = ask(last.run, "stop").step
    whole = TrainingPlan.start(text, settings=_SETTINGS | {"steps": step}, name="whole", runs=runs)
    subprocess.run(_trainer(whole), check=True, stdout=subprocess.DEVNULL)
    return kills, damaged, len(learning), _ending(whole.folder) == _ending(broken)


def _resumed_sessions(run: RunFolder) -> set[int]:
    """Of the sessions at the log's end, those but the first that learnt something."""
    learnt = {
        entry.session for entry in last_entries(run.metrics) if isinstance(entry.event, Progressed)
    }
    return learnt - {1}


def _trainer(plan: TrainingPlan) -> list[str]:
    return [sys.executable, "-m", "rnnterm.training", plan.to_request()]


def _ending(run: RunFolder) -> tuple[object, ...]:
    """The last weights, and every loss that was logged at full intervals on the way to them."""
    last = CheckpointStore(run.checkpoints).newest_verified()[0]
    tensors = load_model(last.model).tensors
    events = [entry.event for entry in read_metrics(run.metrics)]
    losses = {
        (event.step, event.train_loss)
        for event in events
        if isinstance(event, Progressed)
        and event.step <= last.step
        and event.step % _LOG_EVERY == 0
    }
    return sorted(losses), {name: tensor.tobytes() for name, tensor in tensors.items()}


def _race_all(runs: Path) -> int:
    """The races that end as they should."""
    plan = TrainingPlan.start("othello", settings=_SETTINGS, name="race", runs=runs)
    subprocess.Popen(_trainer(plan), stdout=subprocess.DEVNULL)
    while not plan.folder.path.exists():
        time.sleep(0.05)
    good = sum(_race(plan.folder) for _ in range(_RACES))
    _end_trainer(plan.folder)
    return good


def _race(run: RunFolder) -> bool:
    _end_trainer(run)
    command = [sys.executable, "-m", "rnnterm", "train", "--resume", "--name", run.name, "--detach"]
    command += ["--runs-dir", str(run.path.parent)]
    starters = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(_STARTERS)
    ]
    told = [(starter.communicate()[1], starter.returncode) for starter in starters]
    owner = read_owner(run.path)
    lost = [words for words, code in told if code == 1]
    won = sum(code == 0 for _, code in told)
    named = all(owner and f"trained by process {owner.pid}:" in words for words in lost)
    return won == 1 and len(lost) == _STARTERS - 1 and named


def _end_trainer(run: RunFolder) -> None:
    owner = read_owner(run.path)
    if owner and owner.is_alive_here():
        os.kill(owner.pid, signal.SIGKILL)
    while is_locked(run.path):
        time.sleep(0.01)
