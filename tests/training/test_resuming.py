"""A run that goes on: exactly as if nothing had happened, or not at all."""

import os
import shutil

import numpy as np
import pytest
from small_training import SMALL, begin, train

import rnnterm
from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import (
    Checkpointed,
    Finished,
    Progressed,
)
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import is_locked
from rnnterm.runs.metrics import read_metrics
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.run import TrainingSession


def trainer_bytes(run: str, step: int) -> bytes:
    return (
        RunFolder(runs_root() / run)
        .checkpoints.joinpath(f"step-{step:07}", "trainer.safetensors")
        .read_bytes()
    )


def without_times(data: bytes) -> bytes:
    """The trainer's tensors; its counters hold clock times, which no two runs share."""
    size = int.from_bytes(data[:8], "little")
    return data[8 + size :]


def train_until(step: int, session: TrainingSession, report) -> None:
    """Train, and stop as soon as that step is taken."""

    def stop_there(event):
        report(event)
        if isinstance(event, Checkpointed) and event.step >= step:
            session.stop()

    session.train(stop_there)


def test_resuming_is_exact(text):
    settings = SMALL | {"dropout_output": 0.3, "num_layers": 2, "val_fraction": 0, "steps": 46}
    settings["checkpoint_every"] = 23
    events: dict[str, list] = {"whole": [], "parts": []}
    rnnterm.train(text, name="whole", report=events["whole"].append, **settings)
    session = begin(text, name="parts", **settings)
    train_until(23, session, events["parts"].append)
    assert max(event.step for event in events["parts"] if isinstance(event, Finished)) == 23
    rnnterm.train(name="parts", resume=True, report=events["parts"].append)
    assert without_times(trainer_bytes("whole", 46)) == without_times(trainer_bytes("parts", 46))
    whole, parts = (
        load_model(CheckpointStore(runs_root() / run / "checkpoints").all()[-1].model)
        for run in ("whole", "parts")
    )
    for name, tensor in whole.tensors.items():
        np.testing.assert_array_equal(parts.tensors[name], tensor)
    curves = [
        [(event.step, event.train_loss) for event in log if isinstance(event, Progressed)]
        for log in events.values()
    ]
    assert curves[0] == curves[1]


def test_resuming_finds_the_latest_run_on_a_corpus(text, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("something else entirely. " * 100)
    for name, corpus in (("older", text), ("newer", text), ("elsewhere", other)):
        train(corpus, name=name, steps=5)
    for age, name in enumerate(("elsewhere", "newer", "older")):
        metrics = runs_root() / name / "metrics.jsonl"
        os.utime(metrics, (1e9 - age, 1e9 - age))
    events: list = []
    rnnterm.train(text, resume=True, steps=8, report=events.append)
    assert (events[0].run, events[0].step) == ("newer", 5)
    sessions = {entry.session for entry in read_metrics(runs_root() / "newer" / "metrics.jsonl")}
    assert sessions == {1, 2}


def test_resuming_passes_over_a_damaged_checkpoint_and_says_so(text):
    train(text, name="hurt", steps=20, checkpoint_every="10", val_fraction=0)
    newest = CheckpointStore(runs_root() / "hurt" / "checkpoints").all()[-1]
    data = bytearray(newest.model.read_bytes())
    data[-1] ^= 1
    newest.model.write_bytes(data)
    events: list = []
    rnnterm.train(name="hurt", resume=True, steps=30, report=events.append)
    started = events[0]
    assert started.step == 10
    assert any("damaged" in note for note in started.notes)
    assert any("step 10" in note for note in started.notes)


def test_resuming_refuses_what_does_not_fit(text):
    train(text, name="fit", steps=5)
    with pytest.raises(UsageError, match="spent its budget"):
        rnnterm.train(name="fit", resume=True)
    for key, value in (("hidden_size", 17), ("batch_size", 5), ("val_fraction", 0.2)):
        with pytest.raises(UsageError, match=f"keeps its {key}"):
            rnnterm.train(name="fit", resume=True, steps=9, **{key: value})
    with pytest.raises(UsageError, match="keeps its recipe"):
        rnnterm.train(name="fit", resume=True, recipe="fast")
    assert rnnterm.train(name="fit", resume=True, steps=6, learning_rate=1e-4).steps == 6
    text.write_text("something else entirely. " * 100)
    with pytest.raises(RnntermError, match="has changed"):
        rnnterm.train(name="fit", resume=True, steps=9)


def test_resuming_a_run_that_was_just_deleted_makes_no_ghost(text):
    train(text, name="mine", steps=5)
    plan = TrainingPlan.resume(name="mine", settings={"steps": 9})
    shutil.rmtree(plan.folder.path)
    with pytest.raises(RnntermError, match="No such file"):
        TrainingSession(plan).train()
    assert list(runs_root().iterdir()) == []


@pytest.mark.parametrize("name", ["owner.json", "config.json", "metrics.jsonl"])
def test_what_cannot_be_written_on_a_resume_is_one_line(text, name, monkeypatch):
    train(text, name="mine", steps=5)
    plan = TrainingPlan.resume(name="mine", settings={"steps": 9})
    refused = runs_root() / "mine" / name
    config = plan.config()
    monkeypatch.setattr(TrainingPlan, "config", lambda plan: config)
    refused.unlink()
    refused.mkdir()
    with pytest.raises(RnntermError, match="mine"):
        TrainingSession(plan).train()
    assert not is_locked(plan.folder.path)
