"""Resuming a run whose folder came from a stranger, and the modes of what a training leaves."""

import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from damaged_files import replaced_by
from hostile_runs import not_hanging
from installed import run_command
from safetensors import safe_open
from safetensors.numpy import load, save

import rnnterm
from rnnterm.errors import RnntermError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Event, Started
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.overview import summarize_run

SIZES = (
    "--steps", 20, "--hidden-size", 8, "--set", "batch_size=4", "--set", "bptt=16",
    "--set", "checkpoint_every=10", "--set", "val_fraction=0",
    "--set", "precision=fp32",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of one run, `mine`, trained by the command with the umask that lets everyone in."""
    folder = tmp_path_factory.mktemp("trained")
    text = folder / "cat.txt"
    text.write_text("the cat sat on the mat. " * 100)
    before = os.umask(0)
    try:
        options = ["--tensorboard"] if _has_tensorboard() else []
        answer = run_command(
            "train", text, "--name", "mine", *SIZES, *options,
            env={"RNNTERM_RUNS": str(folder / "data/runs"), "RNNTERM_CACHE": str(folder / "c")},
        )  # fmt: skip
    finally:
        os.umask(before)
    assert answer.code == 0, answer.err
    return folder / "data" / "runs"


def _has_tensorboard():
    from importlib.util import find_spec

    return find_spec("tensorboard") is not None


@pytest.fixture
def runs(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path / "runs")
    monkeypatch.setenv("RNNTERM_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def resumed(runs: Path) -> str:
    """Go on to step 30 within this process; returns what is noted at the start."""
    events: list[Event] = []
    with not_hanging():
        rnnterm.train(name="mine", resume=True, runs=runs, steps=30, report=events.append)
    (notes,) = (event.notes for event in events if isinstance(event, Started))
    return "\n".join(notes)


def refused(runs: Path) -> str:
    """What a resume within this process is refused with."""
    with pytest.raises(RnntermError) as caught:
        resumed(runs)
    assert caught.value.exit_code == 1
    return str(caught.value)


def modes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder.parent)): f"{stat.S_IMODE(path.lstat().st_mode):o}"
        for path in (folder, *folder.rglob("*"))
    }


def test_all_that_a_training_creates_is_private(trained):
    found = modes(trained)
    assert {"runs/mine/train.log", "runs/mine/.lock", "runs/mine/metrics.jsonl"} <= found.keys()
    assert any("safetensors" in name for name in found)
    assert any("tfevents" in name for name in found) == _has_tensorboard()
    wrong = {
        name: mode
        for name, mode in found.items()
        if mode != ("700" if (trained.parent / name).is_dir() else "600")
    }
    assert wrong == {}
    assert stat.S_IMODE(trained.parent.stat().st_mode) == 0o700


def test_an_open_folder_of_an_earlier_run_is_made_private_on_resume(runs):
    for path in (runs / "mine", *(runs / "mine").rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    resumed(runs)
    assert stat.S_IMODE((runs / "mine").stat().st_mode) == 0o700


def outside_of(folder: Path) -> Path:
    """What links lead to: files that must stay as they are."""
    target = folder / "outside"
    (target / "step-0000020").mkdir(parents=True)
    for name in ("1-2.json", "notes.json", ".x.0123abcd.tmp", "file", "step-0000020/notes"):
        (target / name).write_text('{"request": "stop", "id": "a"}\n')
    return target


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def led_outside(run: Path, entry: str, outside: Path) -> Iterator[None]:
    """An entry is a link to what must stay as it is."""
    target = outside if (run / entry).is_dir() else outside / "file"
    before = (content(outside), modes(outside))
    with replaced_by("link", run / entry, target):
        yield
    assert (content(outside), modes(outside)) == before


@pytest.mark.parametrize("entry", [".lock", "control", "checkpoints", "metrics.jsonl", "train.log"])
def test_a_resume_through_a_link_is_refused_in_one_line(runs, tmp_path, entry):
    with led_outside(runs / "mine", entry, outside_of(tmp_path)):
        error = refused(runs)
    assert len(error.splitlines()) == 1
    assert entry in error
    assert "it is a link" in error


# The trainer's process is the one that opens `train.log`.
@pytest.mark.parametrize("entry", ["checkpoints", "train.log"])
def test_the_command_refuses_such_a_resume_in_one_line(runs, tmp_path, entry):
    with led_outside(runs / "mine", entry, outside_of(tmp_path)):
        answer = run_command("train", "--resume", "--name", "mine", "--steps", 30)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1), answer.err
    assert entry in answer.err
    assert "it is a link" in answer.err


def test_a_link_that_leads_to_nothing_creates_nothing(runs, tmp_path):
    for entry in (".lock", "metrics.jsonl", "train.log"):
        kept = (runs / "mine" / entry).read_bytes()
        with replaced_by("link", runs / "mine" / entry, tmp_path / "new"):
            assert len(refused(runs).splitlines()) == 1
        (runs / "mine" / entry).unlink()
        (runs / "mine" / entry).write_bytes(kept)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", ["nested", "fifo", "link", "folder", "device", "socket", "NaN"])
def test_a_damaged_newest_manifest_makes_a_resume_go_on_from_the_one_before(runs, tmp_path, kind):
    run = RunFolder(runs / "mine")
    newest = CheckpointStore(run.checkpoints).all()[-1]
    manifest = newest.path / "manifest.json"
    if kind == "nested":
        manifest.write_text("[" * 100_000)
    elif kind == "NaN":  # which an earlier rnnterm wrote where there was no loss: no damage
        text = manifest.read_text().replace('"val_loss": null', '"val_loss": NaN')
        assert "NaN" in text
        manifest.write_text(text)
    else:
        with replaced_by(kind, manifest, outside_of(tmp_path) / "file"):
            pass  # it stays
    notes = resumed(runs)
    assert ("manifest.json" in notes) == (kind != "NaN")
    assert ("going on from the checkpoint of step 10" in notes) == (kind != "NaN")
    assert summarize_run(run).status.step == 30


def test_the_event_files_of_a_linked_folder_are_given_up(runs, tmp_path):
    if not _has_tensorboard():
        pytest.skip("TensorBoard is not installed")
    outside = outside_of(tmp_path)
    before = content(outside)
    with replaced_by("link", runs / "mine" / "tensorboard", outside):
        answer = run_command("train", "--resume", "--name", "mine", "--steps", 30, "--tensorboard")
    assert answer.code == 0, answer.err
    assert "tensorboard cannot be used: it is a link" in answer.err
    assert content(outside) == before


STATES = {
    "no numbers": lambda told: told["counters"].update(seconds="long"),
    "no machine": lambda told: told.pop("machine"),
    "marks": lambda told: told["counters"].update(marks={"sample": 3}),
    "a list of marks": lambda told: told["counters"].update(marks=[]),
    "a text of marks": lambda told: told["counters"].update(marks={"sample": [1, "x"]}),
    "a negative step": lambda told: told["counters"].update(step=-1),
    "a huge step": lambda told: told["counters"].update(step=10**400),
    "infinite seconds": lambda told: told["counters"].update(seconds=float("inf")),
    "NaN": lambda told: told["counters"].update(loss_sum=float("nan")),
    "a rate of 0": lambda told: told["counters"].update(rate_scale=0),
    "no device": lambda told: told["machine"].pop("device"),
    "a list as device": lambda told: told["machine"].update(device=["cpu"]),
    "no precision": lambda told: told["machine"].update(precision=None),
}


@pytest.mark.parametrize("kind", [*STATES, "nested", "no tensors"])
def test_a_state_that_fits_its_manifest_and_is_none_is_passed_over(runs, kind):
    checkpoints = CheckpointStore(RunFolder(runs / "mine").checkpoints)
    newest = checkpoints.all()[-1]
    with safe_open(newest.trainer, framework="numpy") as file:
        told = json.loads(file.metadata()["trainer"])
    STATES.get(kind, lambda told: None)(told)
    text = "[" * 100_000 if kind == "nested" else json.dumps(told)
    tensors = load(newest.trainer.read_bytes())
    if kind == "no tensors":
        tensors = {"x/y": np.zeros(2, np.float32)}
    resume_passes_over(runs, save(tensors, {"trainer": text}))


def resume_passes_over(runs: Path, trainer: bytes) -> None:
    """A resume says that the newest checkpoint, with this state, is no good, and uses another."""
    checkpoints = CheckpointStore(RunFolder(runs / "mine").checkpoints)
    newest = checkpoints.all()[-1]
    files = {"model.safetensors": newest.model.read_bytes(), "trainer.safetensors": trainer}
    checkpoints.save(newest.step, files, {}, best=False)
    notes = resumed(runs)
    assert f"{newest.path.name}: the trainer's state is damaged" in notes
    assert "going on from the checkpoint of step 10" in notes


BIAS = "optimizer/head.bias"
TENSORS = {
    "no generator": lambda tensors: tensors.pop("rng/torch"),
    "a short generator": lambda tensors: cut(tensors, "rng/torch"),
    "a generator of zeros": lambda tensors: change(tensors, "rng/torch", lambda each: each * 0),
    "floats as generator": lambda tensors: change(
        tensors, "rng/torch", lambda each: each.astype(np.float32)
    ),
    "no moment": lambda tensors: tensors.pop(f"{BIAS}/exp_avg"),
    "a short moment": lambda tensors: cut(tensors, f"{BIAS}/exp_avg"),
    "a moment of NaN": lambda tensors: change(
        tensors, f"{BIAS}/exp_avg", lambda each: each + np.float32("nan")
    ),
    "a square below 0": lambda tensors: change(
        tensors, f"{BIAS}/exp_avg_sq", lambda each: each - 1
    ),
    "whole numbers": lambda tensors: change(
        tensors, f"{BIAS}/exp_avg", lambda each: each.astype(np.int32)
    ),
    "a list of steps": lambda tensors: change(
        tensors, f"{BIAS}/step", lambda each: np.repeat(each, 3)
    ),
    "other streams": lambda tensors: change(tensors, "carried/0/0", lambda each: each[:, :2]),
    "half a state": lambda tensors: tensors.pop("carried/0/1"),
    "another layer": lambda tensors: tensors.update({"carried/1/0": tensors["carried/0/0"]}),
}


def change(tensors: dict, name: str, how) -> None:
    tensors[name] = np.ascontiguousarray(how(tensors[name]))


def cut(tensors: dict, name: str) -> None:
    change(tensors, name, lambda each: each[:-1])


@pytest.mark.parametrize("kind", TENSORS)
def test_a_state_whose_tensors_do_not_fit_is_passed_over(runs, kind):
    newest = CheckpointStore(RunFolder(runs / "mine").checkpoints).all()[-1]
    data = newest.trainer.read_bytes()
    with safe_open(newest.trainer, framework="numpy") as file:
        described = file.metadata()
    tensors = load(data)
    TENSORS[kind](tensors)
    resume_passes_over(runs, save(tensors, described))
