"""Trainings that take a moment, for tests of what trainers do."""

import rnnterm
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.run import TrainingSession

SMALL = {
    "fitted": "",
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


def train(text, events=None, **settings):
    report = None if events is None else events.append
    return rnnterm.train(text, report=report, **(SMALL | settings))


def begin(text, name, **settings) -> TrainingSession:
    return TrainingSession(TrainingPlan.start(str(text), settings=SMALL | settings, name=name))
