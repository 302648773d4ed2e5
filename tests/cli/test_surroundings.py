"""What surrounds a command: signals, full disks, folders that go away."""

import signal
import subprocess

import pytest
from installed import COMMAND

from rnnterm.runs.folder import runs_root


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "abc.txt"
    path.write_text("the cat sat on the mat. " * 100)
    return path


def begin(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_an_interrupted_stream_ends_with_130_and_one_line():
    process = begin("generate", "--length", "100000000")
    assert process.stdout.read(50)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip().splitlines() == ["rnnterm: interrupted"]


def test_a_full_disk_is_one_line(text):
    """A limit on file sizes stands in for the disk: writing beyond it fails in the same way."""
    line = f"ulimit -f 8; {COMMAND} train {text} --name full --steps 5 --hidden-size 200"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot write a checkpoint" in done.stderr.splitlines()[-1]
    assert not list((runs_root() / "full" / "checkpoints").glob(".*"))


def test_a_run_folder_that_goes_away_is_one_line(text, tmp_path):
    process = begin(
        "train", str(text), "--name", "gone", "--time-budget", "10m", "--hidden-size", "8",
        "--set", "batch_size=4", "--set", "checkpoint_every=200",
    )  # fmt: skip
    for line in process.stderr:
        if "chars/s" in line:
            # At one blow: the trainer writes into it, which a deletion may meet half-way.
            (runs_root() / "gone").rename(tmp_path / "away")
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "gone" in err.splitlines()[-1]
