"""Training through the Python API: it learns, keeps what it promised, and rolls back."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import SMALL, train

import rnnterm
from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import (
    Checkpointed,
    Finished,
    Progressed,
    RolledBack,
    Started,
    Ticked,
    Validated,
)
from rnnterm.runs.folder import runs_root
from rnnterm.runs.metrics import read_metrics
from rnnterm.training import learner as learner_module
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.recipe import Recipe
from rnnterm.training.state import Counters


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


def test_a_loss_that_never_recovers_ends_the_run_with_advice(text, monkeypatch):
    break_steps(monkeypatch, lambda call: call > 20)
    with pytest.raises(RnntermError, match="lower learning_rate"):
        train(text, steps=2000)


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
