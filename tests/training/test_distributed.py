"""One run on two processes, as torch's launcher starts them: it learns what one process learns."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file

import rnnterm
from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import Checkpoint, CheckpointStore
from rnnterm.runs.events import Progressed, Started
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.metrics import read_metrics
from rnnterm.training.world import World

pytestmark = pytest.mark.xdist_group("distributed")  # where the two processes are
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
RNNTERM = ["-m", "rnnterm", "train"]
SMALL = {
    "fitted": "",
    "hidden_size": 16,
    "num_layers": 2,
    "batch_size": 4,
    "bptt": 16,
    "log_every": 5,
    "warmup_steps": 5,
    "anneal": "constant",
    "learning_rate": 0.01,
    "epsilon": 1e-4,  # lest Adam divide a rounding error by a gradient of its own size
    "validate_every": "never",
    "checkpoint_every": 20,
    "sample_length": 0,
    "precision": "fp32",
    "device": "cpu",
    "threads": 1,
    "steps": 40,
}
DROPOUT = {"dropout_between": 0.2, "dropout_output": 0.2}
WINDOWS = {"batching": "windows", "window": 20, "stride": 3, "val_fraction": 0}


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "cat.txt"
    path.write_text("the cat sat on the mat. and there it lay. " * 60)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """For what is made before the folders of a single test."""
    return tmp_path_factory.mktemp("cache")


def options(settings: dict) -> list[str]:
    return [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]


def start(*arguments: str | Path) -> subprocess.Popen:
    return subprocess.Popen(
        [*LAUNCHER, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


Train = Callable[..., list[tuple[int, str]]]


@pytest.fixture(scope="module")
def train(cache) -> Iterator[Train]:
    """Trains on two processes that the launcher did not start, for what needs none of it.

    Gives exit code and standard error of each; with `differing`, arguments of its own to each.
    """
    command = [sys.executable, str(Path(__file__).with_name("rank.py"))]
    ranks = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    def on_both(*arguments: str | Path, differing: tuple[str, str] = ("", "")):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            world = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
        world |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        world["RNNTERM_CACHE"] = str(cache)
        for rank, process in enumerate(ranks):
            own = [differing[rank]] if differing[rank] else []
            request = {
                "environment": world | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                "arguments": [*own, *map(str, arguments)],
            }
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        return [tuple(json.loads(process.stdout.readline())) for process in ranks]

    yield on_both
    for process in ranks:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


def trained_on_two(train: Train, text: Path, runs: Path, settings: dict) -> RunFolder:
    ended = train(text, "--name", "two", "--runs-dir", runs, *options(SMALL | settings))
    assert [code for code, _ in ended] == [0, 0], ended
    return RunFolder(runs / "two")


def trained_on_one(text: Path, runs: Path, settings: dict) -> RunFolder:
    rnnterm.train(text, name="one", runs=runs, **(SMALL | settings))
    return RunFolder(runs / "one")


@pytest.fixture(scope="module")
def two(train, text, tmp_path_factory) -> RunFolder:
    return trained_on_two(train, text, tmp_path_factory.mktemp("two"), {})


@pytest.fixture(scope="module")
def one(text, cache, tmp_path_factory) -> RunFolder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNTERM_CACHE", str(cache))
        return trained_on_one(text, tmp_path_factory.mktemp("one"), {})


def half_done(run: RunFolder, runs: Path) -> RunFolder:
    """A copy of a run of 40 steps that lost its last checkpoint: it resumes at step 20."""
    shutil.copytree(run.path, runs / run.name)
    shutil.rmtree(runs / run.name / "checkpoints/step-0000040")
    return RunFolder(runs / run.name)


def newest(run: RunFolder) -> Checkpoint:
    return CheckpointStore(run.checkpoints).newest_verified()[0]


def losses(run: RunFolder) -> list[float]:
    """The points of the curve; of two at the same step the newer one."""
    points = [e.event for e in read_metrics(run.metrics) if isinstance(e.event, Progressed)]
    return list({point.step: point.train_loss for point in points}.values())


def notes_of_the_last_start(run: RunFolder) -> tuple[str, ...]:
    return [e.event for e in read_metrics(run.metrics) if isinstance(e.event, Started)][-1].notes


def assert_equal_but_for_rounding(run: RunFolder, other: RunFolder) -> None:
    assert newest(run).step == newest(other).step == 40
    np.testing.assert_allclose(losses(run), losses(other), atol=1e-5)
    weights, others = load_model(newest(run).model).tensors, load_model(newest(other).model).tensors
    for name, tensor in weights.items():
        np.testing.assert_allclose(tensor, others[name], atol=1e-5, err_msg=name)
    state, other_state = load_file(newest(run).trainer), load_file(newest(other).trainer)
    for name in state:
        if not name.startswith("rng/"):
            np.testing.assert_allclose(state[name], other_state[name], atol=1e-5, err_msg=name)


def test_streams_on_two_processes_learn_what_one_learns(one, two):
    assert len(losses(one)) == 8
    assert losses(one)[-1] < losses(one)[0]
    assert_equal_but_for_rounding(one, two)
    carried = load_file(newest(two).trainer)["carried/0/0"]
    assert carried.shape == (1, SMALL["batch_size"], SMALL["hidden_size"])


@pytest.mark.parametrize("in_last_batch", [1, 3])
def test_windows_on_two_processes_learn_what_one_learns(train, text, tmp_path, in_last_batch):
    """Of one window in the last batch one process gets none, of three the other gets more."""
    windows = 44 + in_last_batch
    shorter = tmp_path / "short.txt"
    shorter.write_text(text.read_text()[: 20 + 3 * (windows - 1) + 1])
    one = trained_on_one(shorter, tmp_path, WINDOWS)
    assert_equal_but_for_rounding(one, trained_on_two(train, shorter, tmp_path, WINDOWS))


def test_two_processes_resume_exactly(train, text, tmp_path):
    whole = trained_on_two(train, text, tmp_path / "whole", DROPOUT)
    halves = half_done(whole, tmp_path / "again")
    ended = train("--resume", "--name", "two", "--runs-dir", tmp_path / "again")
    assert [code for code, _ in ended] == [0, 0], ended
    assert notes_of_the_last_start(halves) == ()
    assert losses(halves) == losses(whole)
    for file in ("model", "trainer"):
        tensors = load_file(getattr(newest(halves), file))
        expected = load_file(getattr(newest(whole), file))
        assert tensors.keys() == expected.keys()
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(tensor, expected[name], err_msg=name)
    masks = {bytes(tensors[name]) for name in ("rng/torch", "rng/rank1/torch")}
    assert len(masks) == 2  # the processes drop different units


def test_another_number_of_processes_goes_on_and_says_what_stays_exact(train, two, one, tmp_path):
    to_one, to_two = half_done(two, tmp_path / "to-one"), half_done(one, tmp_path / "to-two")
    rnnterm.train(name="two", resume=True, runs=tmp_path / "to-one")
    ended = train("--resume", "--name", "one", "--runs-dir", tmp_path / "to-two")
    assert [code for code, _ in ended] == [0, 0], ended
    for resumed, change in ((to_one, "was 2, is 1"), (to_two, "was 1, is 2")):
        assert_equal_but_for_rounding(resumed, one)
        (note,) = notes_of_the_last_start(resumed)
        assert note.startswith(f"world_size {change}: weights, optimizer")
        assert "dropout masks and the last digits of sums do not" in note


def said_by_rnnterm(err: str) -> list[str]:
    """Its own error lines, without what the launcher adds."""
    return [line for line in err.splitlines() if line.startswith("rnnterm: ")]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"batch_size": 5}, "multiple of 2"), ({"device": "mps"}, "auto, cuda or cpu")],
)
def test_what_two_processes_cannot_share_is_refused_before_anything_is_written(
    text, tmp_path, settings, reason
):
    leader = World(rank=0, local_rank=0, size=2, local_size=2)
    with leader.made_current(), pytest.raises(UsageError, match=reason):
        rnnterm.train(text, runs=tmp_path / "runs", **(SMALL | settings))
    assert not (tmp_path / "runs").exists()


def test_half_an_environment_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(UsageError, match="torchrun"):
        World.from_environment()


def test_a_process_with_another_text_is_named(train, text, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("something else. " * 100)
    ended = train(
        "--runs-dir", tmp_path / "runs", *options(SMALL), differing=(str(text), str(other))
    )
    assert 0 not in [code for code, _ in ended]
    (line,) = said_by_rnnterm(ended[0][1])
    assert "process 1 cannot take part" in line
    assert "another text" in line
    assert not (tmp_path / "runs").exists()


def endless(text: Path, runs: Path) -> tuple[subprocess.Popen, dict[str, psutil.Process]]:
    """A run that is learning, and its processes by rank."""
    settings = options(SMALL | {"steps": 10**6, "checkpoint_every": "never"})
    process = start(*RNNTERM, text, "--name", "long", "--runs-dir", runs, *settings)
    assert process.stderr
    for line in process.stderr:
        if "chars/s" in line:
            break
    children = psutil.Process(process.pid).children()
    return process, {child.environ()["RANK"]: child for child in children}


def test_a_signal_to_all_saves_and_a_closed_terminal_means_nothing(text, tmp_path):
    process, ranks = endless(text, tmp_path)
    for child in ranks.values():
        os.kill(child.pid, signal.SIGHUP)
    metrics = RunFolder(tmp_path / "long").metrics
    size = metrics.stat().st_size
    wait_until(lambda: metrics.stat().st_size > size)
    process.terminate()  # the launcher hands it to every process
    out, err = process.communicate(timeout=60)
    assert "run    long stopped" in out
    assert said_by_rnnterm(err) == []
    stopped = newest(RunFolder(tmp_path / "long")).step
    assert stopped > 0
    result = rnnterm.train(name="long", resume=True, runs=tmp_path, steps=stopped + 1)
    assert result.steps == stopped + 1


def wait_until(holds) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
