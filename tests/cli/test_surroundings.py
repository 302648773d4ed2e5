"""What surrounds a command: signals, full disks, folders that go away."""

import signal
import subprocess
import time

import psutil
import pytest
from installed import COMMAND, run_command

from rnnterm.bundled import bundled_folder
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunFolder, list_runs, runs_root
from rnnterm.runs.reader import RunReader


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
        "train", str(text), "--name", "otter", "--time-budget", "10m", "--hidden-size", "8",
        "--set", "batch_size=4", "--set", "checkpoint_every=200",
    )  # fmt: skip
    for line in process.stderr:
        if "chars/s" in line:
            # At one blow: the trainer writes into it, which a deletion may meet half-way.
            (runs_root() / "otter").rename(tmp_path / "away")
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert str(runs_root() / "otter") in err.splitlines()[-1]
    assert "was deleted or moved away" in err.splitlines()[-1]
    assert "--resume" not in err


def until(condition):
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("how", [[], ["--detach"]])
def test_interrupted_before_the_run_begins_nothing_is_left(text, number, how):
    process = begin("train", str(text), "--name", "otter", "--time-budget", "10m", *how)
    trainers = until(psutil.Process(process.pid).children)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "rnnterm: interrupted"
    assert not any(trainer.is_running() for trainer in trainers)
    assert list_runs(runs_root()) == []


def block_requests(run: RunFolder) -> None:
    """From now on nobody can leave a request, as where the disk is full."""
    run.control.rename(run.path / "elsewhere")
    run.control.touch()


def test_where_no_request_can_be_left_a_signal_stops_the_run_all_the_same(text):
    small = ["--hidden-size", "8", "--set", "batch_size=4", "--time-budget", "10m"]
    for name, follower in (("followed", None), ("asked", ["stop", "asked"])):
        process = begin("train", str(text), "--name", name, *small)
        said = next(line for line in process.stderr if "chars/s" in line)
        run = RunFolder(runs_root() / name)
        block_requests(run)
        if follower is None:
            process.send_signal(signal.SIGINT)
        else:
            assert run_command(*follower).code == 0
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, (said, err)
        stopped = RunReader(run).catch_up()
        assert stopped.state == "stopped"
        newest = CheckpointStore(run.checkpoints).newest_verified()[0]
        assert newest.step == stopped.status.step > 0
    answer = run_command("pause", "asked")
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)


def shell(line: str) -> subprocess.CompletedProcess:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("asked", ["--help", "--version", "models", "train --help", "runs show -h"])
@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_help_that_nobody_can_read_is_a_failure(asked, where):
    done = shell(f"{COMMAND} {asked} {where}")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_work_is_done_though_nothing_can_be_said(text, tmp_path, where):
    model = tmp_path / "m.npz"
    small = "--steps 3 --hidden-size 8 --set batch_size=4 --set bptt=8"
    for line, code in (
        (f"train {text} --name quiet {small}", 0),
        (f"models export quiet {model}", 0),
        (f"models export quiet {model}", 2),
        ("generate --model quiet --length 5", 0),
        ("generate --model quiet --length 5 >/dev/full", 1),
        ("generate --model nonesuch", 2),
    ):
        done = shell(f"{COMMAND} {line} {where}")
        assert (done.returncode, done.stderr) == (code, ""), line
    assert model.is_file()


def test_a_closed_stream_is_not_written_to_as_a_file(tmp_path):
    """Else the file opened first would have its number, and hold what was said."""
    line = f"{COMMAND} models export shakespeare {tmp_path}/m.safetensors 2>&- >&- <&-"
    assert shell(line).returncode == 0
    bundled = bundled_folder("checkpoints") / "shakespeare.safetensors"
    assert load_model(tmp_path / "m.safetensors").spec == load_model(bundled).spec


def test_memory_that_is_not_there_is_one_line(text):
    line = f"ulimit -v 6000000; {COMMAND} train {text} --hidden-size 20000 --steps 1"
    done = shell(line)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert "memory" in last or " GB to train" in last
    assert "Traceback" not in done.stderr
    assert "DefaultCPUAllocator" not in done.stderr
