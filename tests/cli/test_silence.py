"""A trainer that is stopped by a signal: what is said of it, and that its budget waits for it."""

import json
import os
import signal
import time

import pytest

from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import is_locked, read_owner

SMALL = ["--hidden-size", "16"]
for value in ("batch_size=4", "bptt=16", "log_every=5"):
    SMALL += ["--set", value]
PATIENCE = 60


@pytest.fixture
def trainer(rnnterm, tmp_path):
    """A run at work; the process that trains it."""
    text = tmp_path / "abc.txt"
    text.write_text("the cat sat on the mat. " * 100)
    begun = rnnterm("train", text, "--name", "otter", "--time-budget", "20m", "--detach", *SMALL)
    assert begun.code == 0, begun.err
    folder = runs_root() / "otter"
    pid = read_owner(folder).pid
    yield pid
    if is_locked(folder):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while is_locked(folder):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def shown(run_here) -> dict:
    return json.loads(run_here("runs", "show", "otter", "--json").out)


def wait_until(check):
    deadline = time.monotonic() + PATIENCE
    while not (answer := check()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer


@pytest.mark.slow  # what is told is told after seconds
def test_a_stopped_trainer_is_told_and_its_sleep_is_not_counted(run_here, trainer):
    wait_until(lambda: shown(run_here)["step"])
    assert shown(run_here)["silent_seconds"] is None
    os.kill(trainer, signal.SIGSTOP)
    stopped = time.monotonic()
    told = wait_until(lambda: (told := shown(run_here))["silent_seconds"] and told)
    assert (told["state"], told["stopped_pid"]) == ("running", trainer)
    assert told["silent_seconds"] > 2
    before = told["seconds"]

    table = run_here("runs").out
    assert "silent" in table
    assert f"kill -CONT {trainer} lets it go on" in " ".join(table.split())
    assert "not answering for 0:" in run_here("runs", "show", "otter").out
    asked = run_here("stop", "otter")
    assert asked.code == 1
    assert "run otter is not answering for 0:" in asked.err
    assert len(asked.err.splitlines()) == 1

    # A gap that is noticed is longer than five seconds.
    wait_until(lambda: time.monotonic() - stopped > 7)
    os.kill(trainer, signal.SIGCONT)
    slept = time.monotonic() - stopped
    wait_until(lambda: not is_locked(runs_root() / "otter"))  # it was asked to stop
    ended = shown(run_here)
    assert ended["state"] == "stopped"
    assert ended["silent_seconds"] is None
    assert ended["seconds"] - before < slept - 3
    assert "the trainer stood still for 0:" in RunFolder(runs_root() / "otter").metrics.read_text()


@pytest.mark.slow
def test_a_paused_trainer_gives_signs_of_life(run_here, trainer):
    assert run_here("pause", "otter").code == 0
    status = runs_root() / "otter" / "status.json"
    before = status.stat().st_mtime
    wait_until(lambda: status.stat().st_mtime - before > 3)
    assert shown(run_here)["silent_seconds"] is None
    assert shown(run_here)["state"] == "paused"
