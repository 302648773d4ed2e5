"""The command, and one small model that it trained."""

import shutil
from pathlib import Path

import pytest
from installed import run_command


@pytest.fixture
def rnnterm():
    return run_command


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
