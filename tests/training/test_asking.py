"""What trainers are asked: to stop, to pause, to save; one trainer a run."""

import math
import os
import shutil

import pytest
import torch
from small_training import SMALL, begin, train

import rnnterm
from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import load_model
from rnnterm.runs.control import Inbox, send_request
from rnnterm.runs.events import (
    Answered,
    Progressed,
    Validating,
)
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import hold_lock
from rnnterm.training import learner as learner_module
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.run import TrainingSession
from rnnterm.training.trainer import Trainer


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


def test_a_run_has_one_trainer(text):
    train(text, name="mine", steps=5)
    with (
        hold_lock(runs_root() / "mine"),
        pytest.raises(RnntermError, match=f"process {os.getpid()}"),
    ):
        rnnterm.train(name="mine", resume=True, steps=9)
