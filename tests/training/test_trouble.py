"""A disk that fills up, a folder that goes away, a loss that diverges: said, and nothing lost."""

import math
import os
import shutil

import pytest
import torch

import rnnterm
from rnnterm.errors import DivergedError, RnntermError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Checkpointed, Failed, Finished, Progressed, Troubled
from rnnterm.runs.folder import RunFolder, list_runs, runs_root
from rnnterm.runs.metrics import read_metrics
from rnnterm.runs.overview import summarize_run
from rnnterm.training import learner as learner_module
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.run import TrainingSession

SMALL = {
    "hidden_size": 16,
    "batch_size": 4,
    "bptt": 16,
    "log_every": 5,
    "validate_every": "never",
    "sample_every": "never",
    "checkpoint_every": 10,
    "precision": "fp32",
}


def at_step(step: int, act):
    """A listener that does something once, when the curve has reached a step."""
    done = []

    def listen(event):
        if isinstance(event, Progressed) and event.step >= step and not done:
            done.append(step)
            act()

    return listen


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_for_a_while_costs_checkpoints_only(text, monkeypatch):
    with monkeypatch.context() as patch:
        fill = at_step(15, lambda: patch.setattr(os, "fsync", full))
        free = at_step(35, patch.undo)

        def report(event):
            fill(event)
            free(event)

        result = rnnterm.train(text, name="mine", steps=60, report=report, **SMALL)
    assert (result.reason, result.steps) == ("finished", 60)
    events = [entry.event for entry in read_metrics(runs_root() / "mine" / "metrics.jsonl")]
    troubled = [event for event in events if isinstance(event, Troubled)]
    assert [event.step for event in troubled] == [20, 30]
    assert all("No space left" in event.trouble for event in troubled)
    saved = {event.step for event in events if isinstance(event, Checkpointed)}
    assert saved == {0, 10, 40, 50, 60}
    undisturbed = rnnterm.train(text, name="other", steps=60, **SMALL)
    assert undisturbed.val_loss == result.val_loss


def test_a_best_that_could_not_be_kept_is_not_remembered_as_best(text, monkeypatch):
    """Its weights are gone: a later, worse loss must be free to become the best one kept."""
    settings = SMALL | {"checkpoint_every": "never", "validate_every": 10}
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", os.fsync)
        lowest = at_step(15, lambda: patch.setattr(os, "fsync", full))
        back = at_step(25, patch.undo)

        def report(event):
            lowest(event)
            back(event)

        rnnterm.train(text, name="mine", steps=40, learning_rate=0.02, report=report, **settings)
    store = CheckpointStore(runs_root() / "mine" / "checkpoints")
    assert store.best().step in (10, 30, 40)
    assert store.best().facts()["val_loss"] is not None


def test_a_disk_that_stays_full_fails_with_the_last_good_checkpoint(text, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(RnntermError, match="No space left"):
        fill = at_step(15, lambda: patch.setattr(os, "fsync", full))
        rnnterm.train(text, name="mine", steps=40, report=fill, **SMALL)
    run = RunFolder(runs_root() / "mine")
    assert (summarize_run(run).state, summarize_run(run).status.step) == ("crashed", 40)
    assert CheckpointStore(run.checkpoints).newest_verified()[0].step == 10
    assert rnnterm.train(name="mine", resume=True).steps == 40


def test_a_disk_that_is_full_at_once_leaves_no_run(text, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(RnntermError, match="No space left"):
        patch.setattr(os, "fsync", full)
        rnnterm.train(text, name="mine", steps=40, **SMALL)
    assert list_runs(runs_root()) == []
    assert not runs_root().exists()


@pytest.mark.parametrize("when", [12, 38])
def test_a_run_folder_that_goes_away_ends_the_training(text, when):
    remove = at_step(when, lambda: shutil.rmtree(runs_root() / "mine"))
    with pytest.raises(RnntermError, match="mine"):
        rnnterm.train(text, name="mine", steps=40, report=remove, **SMALL)
    assert list_runs(runs_root()) == []


def test_a_loss_that_never_recovers_is_told_apart_from_a_crash(text, monkeypatch):
    learn = learner_module.Learner.learn

    def broken(self, batch, rate):
        learn(self, batch, rate)
        with torch.no_grad():
            self.model.head.bias += math.nan

    monkeypatch.setattr(learner_module.Learner, "learn", broken)
    with pytest.raises(DivergedError):
        rnnterm.train(text, name="mine", steps=40, **SMALL)
    summary = summarize_run(RunFolder(runs_root() / "mine"))
    assert summary.state == "diverged"
    assert "learning_rate" in summary.status.error


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you …")]
)
def test_too_little_memory_is_one_line(text, monkeypatch, error):
    def hungry(self, batch, rate):
        raise error

    monkeypatch.setattr(learner_module.Learner, "learn", hungry)
    with pytest.raises(RnntermError, match="not enough memory"):
        rnnterm.train(text, name="mine", steps=40, **SMALL)
    entries = read_metrics(runs_root() / "mine" / "metrics.jsonl")
    assert isinstance(entries[-1].event, Failed)
    assert "batch_size" in entries[-1].event.error


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("writes", [0, 40])
def test_event_files_that_cannot_be_written_cost_no_training(text, monkeypatch, writes):
    """They are written by a thread of TensorBoard's, whose failure comes out at a later event."""
    pytest.importorskip("tensorboard")
    from tensorboard.summary.writer.record_writer import RecordWriter

    write, written = RecordWriter.write, []

    def fill(writer, data):
        written.append(data)
        if len(written) > writes:
            full()
        write(writer, data)

    monkeypatch.setattr(RecordWriter, "write", fill)
    settings = SMALL | {"steps": 100, "log_every": 1}
    plan = TrainingPlan.begin(str(text), name="mine", settings=settings, tensorboard=True)
    assert TrainingSession(plan).train().reason == "finished"
    events = [entry.event for entry in read_metrics(runs_root() / "mine" / "metrics.jsonl")]
    (troubled,) = [event for event in events if isinstance(event, Troubled)]
    assert "TensorBoard: No space left on device" in troubled.trouble
    assert summarize_run(plan.folder).state == "finished"


def test_a_folder_for_event_files_that_cannot_be_made_costs_no_training(text):
    pytest.importorskip("tensorboard")
    rnnterm.train(text, name="mine", steps=5, **SMALL)
    (runs_root() / "mine" / "tensorboard").touch()
    plan = TrainingPlan.begin(
        None, name="mine", resume=True, settings={"steps": 20}, tensorboard=True
    )
    events: list = []
    assert TrainingSession(plan).train(events.append).steps == 20
    assert sum(isinstance(event, Troubled) for event in events) == 1


def test_event_files_for_tensorboard(text):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events: list = []
    for steps in (20, 40):
        plan = TrainingPlan.begin(
            str(text) if steps == 20 else None,
            name="mine",
            resume=steps > 20,
            settings=(SMALL if steps == 20 else {}) | {"steps": steps},
            tensorboard=True,
        )
        TrainingSession(plan).train(events.append)
    written = EventAccumulator(str(runs_root() / "mine" / "tensorboard"))
    written.Reload()
    curve = written.Scalars("loss/train")
    told = [event for event in events if isinstance(event, Progressed)]
    assert [point.step for point in curve] == [event.step for event in told]
    assert [p.value for p in curve] == pytest.approx([event.train_loss for event in told])
    assert isinstance(events[-1], Finished)
    assert {"loss/val", "learning_rate", "chars_per_second"} <= set(written.Tags()["scalars"])
