"""Training through the Python API: it learns, resumes exactly, and survives trouble."""

import json
import math
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import rnnterm
from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.control import Inbox, send_request
from rnnterm.runs.events import (
    Answered,
    Checkpointed,
    Finished,
    Progressed,
    RolledBack,
    Started,
    Ticked,
    Validated,
    Validating,
)
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import hold_lock, is_locked
from rnnterm.runs.metrics import read_metrics
from rnnterm.training import learner as learner_module
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.recipe import Recipe
from rnnterm.training.run import TrainingSession
from rnnterm.training.state import Counters
from rnnterm.training.trainer import Trainer

SMALL = {
    "hidden_size": 16,
    "batch_size": 4,
    "bptt": 16,
    "log_every": 5,
    "warmup_steps": 5,
    "validate_every": "never",
    "checkpoint_every": "never",
    "sample_every": "never",
    "precision": "fp32",
}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "abc.txt"
    path.write_text("the cat sat on the mat. " * 100)
    return path


def train(text, events=None, **settings):
    report = None if events is None else events.append
    return rnnterm.train(text, report=report, **(SMALL | settings))


def test_a_small_network_learns_a_small_text_by_heart(text):
    result = train(text, name="cat", steps=300, learning_rate=0.02, hidden_size=32)
    assert result.reason == "finished"
    assert result.val_loss < 0.1
    assert result.bits_per_char == pytest.approx(result.val_loss / math.log(2))
    speaker = rnnterm.load("cat")
    assert speaker.generate("the cat", 9, top_k=1) == speaker.generate("the cat", 9, temperature=0)
    with pytest.raises(UsageError, match="top_p"):
        speaker.generate(top_p=2.0)
    with pytest.raises(UsageError, match="at least 0"):
        speaker.generate(length=-1)
    assert speaker.generate("the cat", 48, temperature=0) == (" sat on the mat. the cat" * 3)[:48]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("form", ["onehot", "embedding", "scalar"])
def test_every_cell_and_input_lowers_its_loss(text, cell, form):
    events: list = []
    train(text, events, steps=60, cell=cell, input=form, num_layers=2, dropout_between=0.1)
    losses = [event.train_loss for event in events if isinstance(event, Progressed)]
    assert losses[-1] < losses[0]


def test_the_windows_of_the_tutorial_train_and_speak(text):
    settings = {"epochs": 1, "hidden_size": 8, "batch_size": 64, "window": 20, "rng_seed": 3}
    result = rnnterm.train(text, recipe="tutorial", name="t", **settings)
    assert result.val_loss is None
    model = load_model(result.model)
    assert (model.spec.window, model.spec.input, model.vocab.lowercase) == (20, "scalar", True)
    sampled = rnnterm.load("t").generate("THE CAT SAT ON THE M", 500, temperature=0)
    assert len(sampled) == 500
    assert set(sampled) <= set(model.vocab.symbols)


def begin(text, name, **settings) -> TrainingSession:
    return TrainingSession(TrainingPlan.start(str(text), settings=SMALL | settings, name=name))


def weights_of(result) -> dict[str, np.ndarray]:
    return dict(load_model(result.model).tensors)


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


def test_a_checkpoint_tells_only_what_was_measured_there():
    counters = Counters(step=40, train_loss=1.5, val_loss=1.75, val_loss_step=40)
    assert counters.losses_here() == {"train_loss": 1.5, "val_loss": 1.75}
    counters.step, counters.loss_steps = 41, 1
    assert counters.losses_here() == {"train_loss": None, "val_loss": None}
    counters.reported_val_loss = 1.7
    assert counters.losses_here()["val_loss"] == 1.7


def test_a_model_file_tells_the_losses_that_its_manifest_tells(text):
    told = []

    def look(event):
        if isinstance(event, Checkpointed):
            for kept in CheckpointStore(runs_root() / "mine" / "checkpoints").all():
                training, facts = load_model(kept.model).training, kept.facts()
                assert {name: training[name] for name in facts} == facts
                told.append(tuple(facts.values()))

    rnnterm.train(text, name="mine", report=look, **SMALL | {
        "steps": 40, "validate_every": 20, "checkpoint_every": 7,
    })  # fmt: skip
    assert any(val is None for _, val in told)  # between validations
    assert any(train is None for train, _ in told)  # between points of the curve
    assert any(train and val for train, val in told)


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


def break_steps(monkeypatch, is_broken) -> None:
    """After those calls of `learn`, counted from 1, the weights hold NaN."""
    original, calls = learner_module.Learner.learn, []

    def learn(self, batch, rate):
        original(self, batch, rate)
        calls.append(batch)
        if is_broken(len(calls)):
            with torch.no_grad():
                self.model.head.bias += math.nan

    monkeypatch.setattr(learner_module.Learner, "learn", learn)


def test_a_loss_that_is_not_a_number_rolls_back_and_goes_on(text, monkeypatch):
    break_steps(monkeypatch, lambda call: call == 37)
    events: list = []
    # The checkpoint that falls due at step 42 is one of broken weights and must not be written.
    result = train(text, events, name="nan", steps=60, checkpoint_every="7", log_every=15)
    rolled = [event for event in events if isinstance(event, RolledBack)]
    assert rolled == [RolledBack(step=42, to_step=35, rate_scale=0.5)]
    assert result.steps == 60
    assert math.isfinite(result.train_loss)
    assert load_model(result.model)
    rates = {e.step: e.learning_rate for e in events if isinstance(e, Progressed)}
    assert rates[45] < rates[30] / 2


@pytest.mark.parametrize("duty", ["sample_every", "validate_every", None])
def test_a_loss_that_breaks_just_before_something_is_due_rolls_back_first(text, monkeypatch, duty):
    break_steps(monkeypatch, lambda call: call == 19)
    events: list = []
    settings = {duty: "19"} if duty else {}
    result = train(text, events, steps=19, checkpoint_every="6", log_every=10**6, **settings)
    assert [event.to_step for event in events if isinstance(event, RolledBack)] == [18]
    assert (result.steps, result.reason) == (19, "finished")
    assert math.isfinite(result.val_loss)


def test_a_short_budget_is_watched_several_times(text):
    events: list = []
    settings = {"validate_every": "15s", "log_every": 10**6}
    train(text, events, steps=0, time_budget="3s", **settings)
    assert sum(isinstance(event, Validated) for event in events) >= 4
    assert sum(isinstance(event, Ticked) for event in events) >= 3  # the screen keeps moving


def test_a_stop_during_the_last_reading_leaves_everything_saved(text):
    session = TrainingSession(
        TrainingPlan.start(str(text), settings=SMALL | {"steps": 20}, name="late")
    )
    events: list = []

    def stop_late(event):
        events.append(event)
        if isinstance(event, Validating):
            session.stop()

    result = session.train(stop_late)
    assert result.val_loss == result.best_val_loss  # the estimate stands
    assert load_model(result.model).training["step"] == 20
    assert rnnterm.train(name="late", resume=True, steps=25).steps == 25


def test_a_loss_that_never_recovers_ends_the_run_with_advice(text, monkeypatch):
    break_steps(monkeypatch, lambda call: call > 20)
    with pytest.raises(RnntermError, match="lower learning_rate"):
        train(text, steps=2000)


def test_stopping_saves_and_says_so(text):
    session = TrainingSession(
        TrainingPlan.start(str(text), settings=SMALL | {"steps": 10_000}, name="stopped")
    )

    def stop_soon(event):
        if isinstance(event, Progressed) and event.step >= 20:
            session.stop()

    result = session.train(stop_soon)
    assert (result.reason, result.steps) == ("stopped", 20)
    resumed = rnnterm.train(name="stopped", resume=True, steps=25)
    assert (resumed.reason, resumed.steps) == ("finished", 25)


def test_stopped_before_it_begins_a_new_run_leaves_nothing(text):
    session = begin(text, name="early", steps=20)
    session.stop()
    with pytest.raises(RnntermError, match="stopped before it began"):
        session.train()
    assert not runs_root().exists()


def test_a_request_made_while_a_run_is_resumed_is_heard(text, monkeypatch):
    train(text, name="mine", steps=5)
    whole = Trainer.resume

    def resume_and_be_asked(trainer):
        send_request(RunFolder(runs_root() / "mine"), "stop")
        return whole(trainer)

    monkeypatch.setattr(Trainer, "resume", resume_and_be_asked)
    result = rnnterm.train(name="mine", resume=True, steps=20_000)
    assert (result.reason, result.steps) == ("stopped", 6)


def test_requests_to_an_earlier_session_are_void(text):
    train(text, name="mine", steps=5)
    (runs_root() / "mine" / "control" / "0.json").write_text('{"request": "stop", "id": "old"}')
    assert rnnterm.train(name="mine", resume=True, steps=9).reason == "finished"


def answer_to_checkpoint(text, before, after) -> Answered:
    """How a trainer answers that request, made after a few steps, with what is done around it."""
    answers = []
    session = begin(text, name="mine", steps=10_000)

    def ask_then_stop(event):
        if isinstance(event, Progressed) and event.step == 5:
            before()
            send_request(RunFolder(runs_root() / "mine"), "checkpoint")
        if isinstance(event, Answered):
            answers.append(event)
            after()
            session.stop()

    session.train(ask_then_stop)
    (answer,) = answers
    return answer


def test_a_checkpoint_that_cannot_be_saved_is_answered_so(text):
    kept = runs_root() / "mine" / "checkpoints"
    away = kept.with_name("away")

    def replace():
        kept.rename(away)
        kept.touch()

    def put_back():
        kept.unlink()
        away.rename(kept)

    answer = answer_to_checkpoint(text, replace, put_back)
    assert "cannot write a checkpoint of mine" in answer.failure


def test_a_checkpoint_of_a_broken_loss_is_answered_so(text, monkeypatch):
    learners, learn, take = [], learner_module.Learner.learn, Inbox.take

    def learn_and_be_known(self, batch, rate):
        learners.append(self)
        learn(self, batch, rate)

    def break_and_take(inbox):
        taken = take(inbox)
        if taken:
            with torch.no_grad():
                learners[-1].model.head.bias += math.nan
        return taken

    monkeypatch.setattr(learner_module.Learner, "learn", learn_and_be_known)
    monkeypatch.setattr(Inbox, "take", break_and_take)
    answer = answer_to_checkpoint(text, lambda: None, lambda: None)
    assert (answer.step, "not a number" in answer.failure) == (0, True)


def test_a_paused_run_whose_folder_goes_away_ends(text):
    run = RunFolder(runs_root() / "mine")

    def pause_and_delete(event):
        if isinstance(event, Progressed) and event.step == 5:
            send_request(run, "pause")
        if isinstance(event, Answered):
            shutil.rmtree(run.path)

    with pytest.raises(RnntermError, match="folder of run mine is gone"):
        begin(text, name="mine", steps=10_000).train(pause_and_delete)


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


def test_a_run_has_one_trainer(text):
    train(text, name="mine", steps=5)
    with (
        hold_lock(runs_root() / "mine"),
        pytest.raises(RnntermError, match=f"process {os.getpid()}"),
    ):
        rnnterm.train(name="mine", resume=True, steps=9)


def test_the_log_holds_what_was_reported(text):
    events: list = []
    result = train(text, events, name="logged", steps=20)
    entries = read_metrics(runs_root() / "logged" / "metrics.jsonl")
    logged = [event for event in events if not isinstance(event, Ticked)]
    assert [entry.event for entry in entries] == logged
    assert [entry.seq for entry in entries] == list(range(len(logged)))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert entries[-1].event.val_loss == result.val_loss
    config = json.loads((runs_root() / "logged" / "config.json").read_text())
    assert Recipe.from_dict(config["recipe"]).steps == 20


def test_the_best_checkpoint_is_the_one_to_load(text):
    """A network that overfits: its last validation loss is not its lowest."""
    rng = np.random.default_rng(0)
    text.write_text("".join(rng.choice(list("abcdefgh"), 1500)))
    result = train(
        text, steps=400, hidden_size=64, learning_rate=0.02, validate_every="20", weight_decay=0
    )
    assert result.best_val_loss < result.val_loss
    assert result.bits_per_char == pytest.approx(result.best_val_loss / math.log(2))
    best = load_model(result.model)
    assert best.training["val_loss"] == pytest.approx(result.best_val_loss, abs=0.02)


def test_without_validation_the_best_is_by_training_loss(text, monkeypatch):
    """The weights are spoilt, though finite, after the checkpoint of step 80."""
    original = learner_module.Learner.learn

    def learn(self, batch, rate):
        original(self, batch, rate)
        if self.model.training and learn.step >= 80:
            with torch.no_grad():
                self.model.head.weight.zero_()
        learn.step += 1

    learn.step = 1
    monkeypatch.setattr(learner_module.Learner, "learn", learn)
    result = train(text, steps=120, val_fraction=0, checkpoint_every="20", learning_rate=0.02)
    assert "step-0000080" in str(result.model)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"batch_size": 500}, "lower batch_size"),
        ({"val_fraction": 0.0001}, "validation part"),
        ({"device": "cuda:9"}, "CUDA devices"),
        ({"device": "tpu"}, "no device"),
    ],
)
def test_what_cannot_be_trained_leaves_nothing_behind(text, settings, reason):
    with pytest.raises(RnntermError, match=reason):
        train(text, steps=5, **settings)
    assert not runs_root().exists()


def test_keras_initialization_and_forget_bias():
    spec = Recipe(steps=1, initialization="keras", forget_bias=1.0, hidden_size=12).spec(5)
    model = CharRNN(replace(spec, embedding_size=3))
    arrays = model.to_arrays()
    np.testing.assert_array_equal(arrays["rnn.0.bias_ih"][12:24], 1)
    assert not arrays["rnn.0.bias_ih"][:12].any()
    assert not arrays["rnn.0.bias_hh"].any()
    recurrent = arrays["rnn.0.weight_hh"]
    np.testing.assert_allclose(recurrent.T @ recurrent, np.eye(12), atol=1e-5)
    bound = math.sqrt(6 / (48 + 3))
    assert bound * 0.8 < np.abs(arrays["rnn.0.weight_ih"]).max() <= bound
