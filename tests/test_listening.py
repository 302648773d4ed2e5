"""Nothing listens: no command, no app, no training of one process opens a socket to be reached."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from installed import COMMAND, run_command
from listening import listening_addresses
from person import Person

from rnnterm.cli.main import cli
from rnnterm.runs.process import start_trainer
from rnnterm.training.plan import TrainingPlan

# Each Python process notes which sockets it binds; what is not Python binds none in a command.
RECORDER = """
import os, sys

def record(event, arguments):
    if event == "socket.bind":
        with open(os.environ["BOUND_SOCKETS"], "a") as file:
            file.write(f"{sys.argv} {arguments[1]!r}\\n")

sys.addaudithook(record)
"""
SMALL = ("--steps", "2", "--hidden-size", "8", "--set", "batch_size=2", "--set", "bptt=8")
COMMANDS = {
    "train": [
        ["train", "othello", "--name", "one", *SMALL],
        ["train", "--resume", "--name", "one"],
    ],
    "attach": [["attach", "one"]],
    "runs": [["runs"], ["runs", "show", "one"]],
    "log": [["log", "one"]],
    "pause": [["pause", "one"]],
    "continue": [["continue", "one"]],
    "stop": [["stop", "one"]],
    "checkpoint": [["checkpoint", "one"]],
    "generate": [["generate", "--length", "5"]],
    "steer": [["steer", "--seed", "A"]],
    "eval": [["eval", "one"]],
    "score": [["score", "one", "-"]],
    "explore": [["explore", "one", "--text", "Most potent"]],
    "forecast": [["forecast", "--set", "epochs=1"]],
    "corpus": [["corpus", "list"]],
    "models": [["models", "list"], ["models", "export", "one", "one.npz"]],
    "config": [["config", "show"]],
}


@pytest.fixture
def bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which every Python process notes the sockets that it binds."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(RECORDER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    monkeypatch.setenv("BOUND_SOCKETS", str(tmp_path / "bound"))
    return tmp_path / "bound"


def test_the_recorder_sees_what_is_bound(bound: Path, tmp_path: Path) -> None:
    """The test below can fail."""
    program = "import socket; socket.socket().bind(('127.0.0.1', 0))"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert "127.0.0.1" in bound.read_text()


@pytest.mark.slow
def test_no_command_binds_a_socket(bound: Path, tmp_path: Path) -> None:
    assert set(COMMANDS) == set(cli.list_commands(None))
    for command, calls in COMMANDS.items():
        for arguments in calls:
            answer = run_command(*arguments, stdin=b"Most potent\n", cwd=tmp_path)
            assert "Traceback" not in answer.err, (command, answer.err)
    assert not bound.exists(), bound.read_text()


@pytest.mark.slow
def test_the_app_and_a_training_that_it_watches_listen_to_nothing(tmp_path: Path) -> None:
    settings = {"hidden_size": 8, "threads": 1, "steps": 10**7, "fitted": ""}
    plan = TrainingPlan.start("othello", settings=settings, name="one")
    trainer = start_trainer(plan.to_request())
    try:
        person = Person(COMMAND, [], env={"RNNTERM_CONFIG": str(tmp_path / "none.toml")})
        person.see("one", "Training")
        app = psutil.Process(person.child.pid)
        for process in (app, *app.children(recursive=True), psutil.Process(trainer.pid)):
            assert listening_addresses(process.pid) == []
        person.press("\x11")
        person.end()
    finally:
        trainer.end_at_once()
