"""The command, and one small model that it trained."""

import shutil
import sys
from pathlib import Path

import pytest
from installed import Answer, run_command

from rnnterm.cli.main import main


@pytest.fixture
def rnnterm():
    return run_command


@pytest.fixture
def run_here(monkeypatch, capsys):
    """The command within this process: for many small questions, of which most is the start."""

    def command(*arguments, env=None) -> Answer:
        monkeypatch.setattr(sys, "argv", ["rnnterm", *map(str, arguments)])
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Answer(ended.value.code, told.out, told.err)

    return command


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """The runs folder of one small model, `cat`, trained by the command itself."""
    folder = tmp_path_factory.mktemp("trained")
    text = folder / "cat.txt"
    text.write_text("the cat [/red] sat\x1b[31m on the mat. " * 100, newline="")
    answer = run_command(
        "train", text, "--name", "cat", "--steps", 120, "--hidden-size", 24,
        "--set", "batch_size=4", "--set", "bptt=16", "--set", "learning_rate=0.02",
        env={"RNNTERM_RUNS": str(folder / "runs"), "RNNTERM_CACHE": str(folder / "cache")},
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return folder / "runs"


@pytest.fixture
def runs(trained, tmp_path, monkeypatch) -> Path:
    """A runs folder of this test's own, with the trained `cat` in it."""
    folder = tmp_path / "runs"
    shutil.copytree(trained, folder)
    monkeypatch.setenv("RNNTERM_RUNS", str(folder))
    return folder
