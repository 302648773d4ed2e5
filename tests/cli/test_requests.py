"""`rnnterm pause`, `continue`, `stop` and `checkpoint`."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from installed import COMMAND

from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import hold_lock, is_locked

SMALL = ["--hidden-size", "16"]
for value in ("batch_size=4", "bptt=16", "log_every=5"):
    SMALL += ["--set", value]
VERBS = ("pause", "continue", "stop", "checkpoint")


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "abc.txt"
    path.write_text("the cat sat on the mat. " * 100)
    return path


def step_of(rnnterm, run: str) -> int:
    return json.loads(rnnterm("runs", "show", run, "--json").out)["step"]


def test_a_trainer_does_what_it_is_asked(rnnterm, text):
    begun = rnnterm("train", text, "--name", "otter", "--time-budget", "20m", "--detach", *SMALL)
    assert begun.code == 0, begun.err
    paused = rnnterm("pause", "ott")
    step = step_of(rnnterm, "otter")
    assert (paused.code, paused.out, paused.err) == (0, f"paused otter at step {step:,}\n", "")
    assert rnnterm("pause", "otter").out == paused.out  # it stands
    shown = json.loads(rnnterm("runs", "show", "otter", "--json").out)
    assert (shown["state"], shown["step"]) == ("paused", step)

    saved = json.loads(rnnterm("checkpoint", "otter", "--json").out)
    assert saved == {"run": "otter", "request": "checkpoint", "step": step, "ended": None}
    shown = json.loads(rnnterm("runs", "show", "otter", "--json").out)
    assert shown["checkpoints"][-1]["step"] == step
    assert shown["state"] == "paused"  # a checkpoint does not end the pause

    going = rnnterm("continue", "otter")
    assert (going.code, going.out) == (0, f"continued otter at step {step:,}\n")
    deadline = time.monotonic() + 30
    while step_of(rnnterm, "otter") == step:
        assert time.monotonic() < deadline

    stopped = rnnterm("stop", "otter")
    assert not is_locked(runs_root() / "otter")
    step = step_of(rnnterm, "otter")
    assert (stopped.code, stopped.out) == (0, f"stopped otter at step {step:,}\n")
    assert stopped.err == "go on with: rnnterm train --resume --name otter\n"
    shown = json.loads(rnnterm("runs", "show", "otter", "--json").out)
    assert (shown["state"], shown["checkpoints"][-1]["step"]) == ("stopped", step)

    again = rnnterm("stop", "otter")
    assert (again.code, again.out, len(again.err.splitlines())) == (1, "", 1)
    assert "otter is not being trained" in again.err


@pytest.mark.parametrize("verb", VERBS)
def test_a_run_that_is_over_is_one_line_and_keeps_its_files(rnnterm, trained, verb):
    folder = runs_root()
    shutil.copytree(trained, folder)
    before = sorted(folder.rglob("*"))
    answer = rnnterm(verb, "cat")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
    assert "cat is not being trained" in answer.err
    assert sorted(folder.rglob("*")) == before
    answer = rnnterm(verb, "nonesuch", "--json")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_interrupted_while_it_waits_the_request_stands(trained, verb):
    """Whoever holds the lock here never answers."""
    shutil.copytree(trained, runs_root())
    run = RunFolder(runs_root() / "cat")
    with hold_lock(run.path):
        process = subprocess.Popen(
            [COMMAND, verb, "cat"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        while not list(run.control.glob("[!.]*.json")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, len(err.splitlines())) == (130, "", 1)
        assert "the request stands" in err
        (request,) = run.control.glob("[!.]*.json")
        assert json.loads(request.read_text())["request"] == verb


def test_a_trainer_that_dies_before_it_answers_is_one_line(trained):
    shutil.copytree(trained, runs_root())
    run = RunFolder(runs_root() / "cat")
    with hold_lock(run.path):
        process = subprocess.Popen(
            [COMMAND, "pause", "cat"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        while not list(run.control.glob("[!.]*.json")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, len(err.splitlines())) == (1, "", 1)
    assert "ended before it could pause" in err


def test_the_runs_folder_is_told_on(rnnterm, text, tmp_path):
    place = tmp_path / "my runs"
    rnnterm("train", text, "--name", "a", "--time-budget", "20m", "--detach", "--runs-dir", place,
            *SMALL)  # fmt: skip
    answer = rnnterm("stop", "a", "--runs-dir", place)
    assert answer.code == 0
    assert f"--runs-dir '{place}'" in answer.err
    assert os.listdir(place / "a" / "control") == []  # noqa: PTH208
