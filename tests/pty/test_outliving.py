"""Promises 5 to 7: losing the terminal, racing starters and curious watchers change nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest
from installed import COMMAND, run_command

from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.control import ask
from rnnterm.runs.events import Finished, Progressed
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import is_locked, read_owner
from rnnterm.runs.metrics import read_metrics
from rnnterm.runs.reader import RunReader

SMALL = ["--hidden-size", "16"]
for value in ("batch_size=4", "bptt=16", "log_every=5", "learning_rate=0.01", "precision=fp32"):
    SMALL += ["--set", value]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "abc.txt"
    path.write_text("the cat sat on the mat. " * 100)
    return str(path)


def until(condition, seconds: float = 60.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)
    return found


def step_of(run: RunFolder) -> int:
    return RunReader(run).catch_up().status.step


def test_a_lost_terminal_does_not_end_the_training(text):
    run = RunFolder(runs_root() / "far")
    child = pexpect.spawn(
        COMMAND, ["train", text, "--name", "far", "--time-budget", "10m", *SMALL], timeout=60
    )
    child.expect("chars/s")
    before = RunReader(run).catch_up()
    owner = read_owner(run.path)
    assert os.getsid(owner.pid) != os.getsid(child.pid)
    os.killpg(os.getpgid(child.pid), signal.SIGHUP)
    child.close(force=False)  # the pseudo-terminal goes, too
    os.kill(owner.pid, signal.SIGHUP)
    until(lambda: step_of(run) > before.status.step + 200)
    after = RunReader(run).catch_up()
    assert after.state == "running"
    assert after.train[: len(before.train)] == before.train
    assert read_owner(run.path) == owner
    stdin, stdout = (Path(f"/proc/{owner.pid}/fd/{number}").readlink() for number in (0, 1))
    assert (str(stdin), stdout) == (os.devnull, run.train_log)
    ended = ask(run, "stop")
    assert isinstance(ended, Finished)
    assert ended.reason == "stopped"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_trainer_itself_ends_with_a_checkpoint_at_the_first_signal(text, how):
    train = ["train", text, "--name", "told", "--time-budget", "10m", "--detach", *SMALL]
    assert run_command(*train).code == 0
    run = RunFolder(runs_root() / "told")
    until(lambda: step_of(run) > 50)
    os.kill(read_owner(run.path).pid, how)
    until(lambda: not is_locked(run.path))
    view = RunReader(run).catch_up()
    assert view.state == "stopped"
    assert CheckpointStore(run.checkpoints).newest_verified()[0].step == view.status.step


RACER = """
import subprocess, sys, time
command, moment = sys.argv[2:], float(sys.argv[1])
time.sleep(max(0, moment - time.time()))
done = subprocess.run(command, capture_output=True, text=True)
print(done.returncode, done.stderr.strip().splitlines()[-1])
"""


def race(*arguments: str, starters: int = 10) -> list[str]:
    """The same command, started ten times at one moment; the exit code and last word of each."""
    moment = str(time.time() + 0.5)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, moment, COMMAND, *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(starters)
    ]
    return [racer.communicate(timeout=100)[0] for racer in racers]


def test_of_ten_starters_on_one_run_one_wins_and_the_others_name_it(text):
    train = ["train", text, "--name", "one", "--time-budget", "10m", "--detach", *SMALL]
    assert run_command(*train).code == 0
    run = RunFolder(runs_root() / "one")
    os.kill(read_owner(run.path).pid, signal.SIGKILL)
    until(lambda: not is_locked(run.path))
    answers = race("train", "--resume", "--name", "one", "--detach")
    owner = read_owner(run.path).pid
    won = [answer for answer in answers if answer.startswith("0 ")]
    lost = [answer for answer in answers if answer.startswith("1 ")]
    assert (len(won), len(lost)) == (1, 9), answers
    assert all(f"trained by process {owner}:" in answer for answer in lost), answers
    assert is_locked(run.path)


def test_of_starters_with_one_new_name_one_wins(text):
    train = ["train", text, "--name", "new", "--time-budget", "10m", "--detach", *SMALL]
    answers = race(*train, starters=3)
    assert sorted(answer[0] for answer in answers) == ["0", "2", "2"], answers
    assert [path.name for path in runs_root().iterdir()] == ["new"]


def test_a_dead_trainer_whose_number_lives_on_keeps_nobody_out(text):
    assert run_command("train", text, "--name", "dead", "--steps", "50", *SMALL).code == 0
    run = RunFolder(runs_root() / "dead")
    owner = json.loads((run.path / "owner.json").read_text()) | {"pid": os.getpid()}
    (run.path / "owner.json").write_text(json.dumps(owner))
    answer = run_command("train", "--resume", "--name", "dead", "--steps", "60", "--json")
    assert json.loads(answer.out)["steps"] == 60


def test_watching_changes_nothing(text):
    """Alone, and followed, watched, paused, sampled and asked for checkpoints: the same weights."""
    steps = ["--steps", "1500", "--set", "dropout_output=0.2", *SMALL]
    quiet = [*steps, "--set", "sample_every=never", "--set", "checkpoint_every=never"]
    assert run_command("train", text, "--name", "alone", *quiet).code == 0
    watched = RunFolder(runs_root() / "watched")
    loud = [*steps, "--set", "sample_every=100", "--set", "checkpoint_every=200"]
    screen = pexpect.spawn(COMMAND, ["train", text, "--name", "watched", *loud], timeout=60)
    screen.expect("chars/s")
    reader = RunReader(watched)
    for verb in ("pause", "checkpoint", "continue", "checkpoint"):
        ask(watched, verb)
        run_command("runs", "--json")
    paused = reader.catch_up()
    screen.expect(pexpect.EOF)
    assert paused.status.step < 1500
    models = [
        load_model(CheckpointStore(runs_root() / name / "checkpoints").all()[-1].model)
        for name in ("alone", "watched")
    ]
    for name, tensor in models[0].tensors.items():
        assert (models[1].tensors[name] == tensor).all()


def test_a_paused_run_takes_no_steps_and_its_time_stands(text):
    train = ["train", text, "--name", "calm", "--time-budget", "10m", "--detach", *SMALL]
    assert run_command(*train).code == 0
    run = RunFolder(runs_root() / "calm")
    until(lambda: step_of(run) > 0)
    answer = ask(run, "pause")
    paused = time.monotonic()
    until(lambda: RunReader(run).poll().state == "paused")  # the status follows the answer
    ask(run, "checkpoint")  # a paused run still answers
    checkpoint = CheckpointStore(run.checkpoints).newest_verified()[0]
    assert checkpoint.step == answer.step == step_of(run)
    until(lambda: time.monotonic() - paused > 1.0)
    assert step_of(run) == answer.step
    ask(run, "continue")
    until(lambda: step_of(run) > answer.step)
    ask(run, "stop")
    points = [entry for entry in read_metrics(run.metrics) if isinstance(entry.event, Progressed)]
    before = [point for point in points if point.event.step <= answer.step][-1]
    after = next(point for point in points if point.event.step > answer.step)
    trained = after.event.seconds - before.event.seconds
    assert trained < after.time - before.time - 0.5  # by the clock it was a second more
