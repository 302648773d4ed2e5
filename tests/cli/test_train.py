"""`rnnterm train` and `rnnterm generate`, from end to end."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from installed import COMMAND

from rnnterm.runs.folder import runs_root
from rnnterm.runs.lock import is_locked, read_owner

SMALL = ["--hidden-size", "16"]
for value in ("batch_size=4", "bptt=16", "log_every=5", "learning_rate=0.01"):
    SMALL += ["--set", value]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "abc.txt"
    path.write_text("the cat sat on the mat. " * 100)
    return path


def test_the_summary_is_one_json_object_on_stdout_and_the_rest_on_stderr(rnnterm, text):
    answer = rnnterm("train", text, "--name", "mine", "--steps", 40, "--json", *SMALL)
    assert answer.code == 0
    summary = json.loads(answer.out)
    assert (summary["run"], summary["steps"], summary["reason"]) == ("mine", 40, "finished")
    for key in ("train_loss", "val_loss", "best_val_loss", "bits_per_char", "seconds"):
        assert summary[key] > 0
    assert summary["chars_per_second"] > 0
    assert Path(summary["model"]).stat().st_size > 1000
    assert "LSTM 1x16" in answer.err
    assert "chars/s" in answer.err
    assert "\x1b" not in answer.err  # plain lines, as stderr is no terminal
    assert "\r" not in answer.err


def test_every_option_reaches_the_recipe(rnnterm, text):
    options = ["--cell", "gru", "--num-layers", 2, "--dropout", 0.1, "--epochs", 1]
    options += ["--rng-seed", 7, "--device", "cpu", "--lowercase"]
    answer = rnnterm("train", text, "--name", "mine", *SMALL, *options)
    assert answer.code == 0, answer.err
    recipe = json.loads((runs_root() / "mine" / "config.json").read_text())["recipe"]
    expected = {
        "cell": "gru", "num_layers": 2, "dropout_between": 0.1, "dropout_output": 0.1,
        "epochs": 1.0, "time_budget": 0.0, "rng_seed": 7, "device": "cpu", "lowercase": True,
        "bptt": 16, "hidden_size": 16,
    }  # fmt: skip
    assert {key: recipe[key] for key in expected} == expected


def test_standard_input_resume_and_generate(rnnterm):
    stdin = b"the cat sat on the mat. " * 100
    first = rnnterm("train", "-", "--name", "piped", "--steps", 10, *SMALL, stdin=stdin)
    assert first.code == 0, first.err
    again = rnnterm("train", "--resume", "--name", "piped", "--steps", 150, "--json")
    assert json.loads(again.out)["steps"] == 150
    assert "resumed at step 10" in again.err
    written = rnnterm("generate", "--model", "piped", "--seed", "the cat", "--rng-seed", 1)
    assert written.code == 0
    assert len(written.out) == 500
    assert set(written.out) <= set(stdin.decode())
    assert rnnterm("generate", "--model", "pip", "--seed", "the cat", "--rng-seed", 1) == written


def test_a_seed_with_unknown_characters_is_a_warning(rnnterm, trained):
    env = {"RNNTERM_RUNS": str(trained)}
    odd = rnnterm("generate", "--model", "cat", "--seed", "the Zcat☃", "--rng-seed", 1, env=env)
    plain = rnnterm("generate", "--model", "cat", "--seed", "the cat", "--rng-seed", 1, env=env)
    assert (odd.code, odd.out) == (0, plain.out)
    assert "'Z\\u2603'" in odd.err
    assert len(odd.err.splitlines()) == 1


def test_text_with_controls_reaches_a_pipe_harmless(rnnterm, trained):
    env = {"RNNTERM_RUNS": str(trained)}
    answer = rnnterm("generate", "--model", "cat", "--seed", "the cat", "--length", 2000, env=env)
    assert "\x1b" not in answer.out
    assert "␛" in answer.out
    assert "[/red]" in answer.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_with_a_checkpoint(rnnterm, text, number):
    process = subprocess.Popen(
        [COMMAND, "train", str(text), "--name", "long", "--time-budget", "10m", *SMALL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if "chars/s" in line:
            process.send_signal(number)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in out
    assert "--resume --name long" in err
    resumed = rnnterm("train", "--resume", "--name", "long", "--steps", 1, "--json")
    assert resumed.code == 2  # more steps than that were saved
    assert "spent its budget" in resumed.err


def test_only_one_trainer_a_run(rnnterm, text):
    begun = rnnterm("train", text, "--name", "busy", "--time-budget", "10m", "--detach", *SMALL)
    assert (begun.code, begun.out) == (0, "busy\n")
    owner = read_owner(runs_root() / "busy")
    other = rnnterm("train", "--resume", "--name", "busy", "--steps", 10**6)
    assert (other.code, other.out, len(other.err.splitlines())) == (1, "", 1)
    assert f"being trained by process {owner.pid}" in other.err
    os.kill(owner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while is_locked(runs_root() / "busy"):  # the lock goes with the process
        assert time.monotonic() < deadline
        time.sleep(0.02)
    again = rnnterm("train", "--resume", "--name", "busy", "--steps", 10**6, "--detach")
    assert (again.code, again.out) == (0, "busy\n")


def test_the_follower_may_be_killed_and_the_training_goes_on(rnnterm, text):
    process = subprocess.Popen(
        [COMMAND, "train", str(text), "--name", "on", "--time-budget", "10m", *SMALL],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if "chars/s" in line:
            break
    process.kill()
    process.communicate()
    step = json.loads(rnnterm("checkpoint", "on", "--json").out)["step"]
    assert json.loads(rnnterm("stop", "on", "--json").out)["step"] >= step > 0


def test_nohup_is_respected(rnnterm, text):
    line = f"trap '' HUP; exec {COMMAND} train {text} --name hup --steps 4000 --json " + " ".join(
        SMALL
    )
    process = subprocess.Popen(
        ["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    for said in process.stderr:
        if "chars/s" in said:
            process.send_signal(signal.SIGHUP)
            break
    out, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    assert json.loads(out)["reason"] == "finished"


def test_the_next_command_is_told_with_its_runs_folder(rnnterm, text, tmp_path):
    folder = tmp_path / "my runs"
    answer = rnnterm("train", text, "--name", "a", "--steps", 3, "--runs-dir", folder, *SMALL)
    assert f"--runs-dir '{folder}'" in answer.err
