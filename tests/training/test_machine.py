"""The number format that a device trains in."""

import numpy as np
import pytest
import torch

from rnnterm.errors import UsageError
from rnnterm.training import machine
from rnnterm.training.batches import Batch
from rnnterm.training.learner import Learner
from rnnterm.training.machine import pick_precision
from rnnterm.training.recipe import load_recipe

CPU = torch.device("cpu")


def recipe_of(precision: str):
    return load_recipe().with_values({"precision": precision})


@pytest.mark.parametrize("faster", ["fp32", "bf16"])
def test_a_cpu_takes_what_is_asked_for_or_the_faster_one(monkeypatch, faster):
    monkeypatch.setattr(machine, "_product_seconds", lambda name, *sizes: 1 + (name != faster))
    monkeypatch.setattr(machine, "can_train_in_bf16", lambda cell: True)
    assert pick_precision(recipe_of("auto"), CPU) == faster
    assert pick_precision(recipe_of("fp32"), CPU) == "fp32"
    assert pick_precision(recipe_of("bf16"), CPU) == "bf16"


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_gpu_takes_fp32_alone(kind):
    device = torch.device(kind)
    assert pick_precision(recipe_of("auto"), device) == "fp32"
    with pytest.raises(UsageError, match="leave it at auto"):
        pick_precision(recipe_of("bf16"), device)


def test_a_cpu_without_bf16_takes_fp32_and_refuses_what_it_cannot_do(monkeypatch):
    monkeypatch.setattr(machine, "_product_seconds", lambda name, *sizes: 1 + (name != "bf16"))
    monkeypatch.setattr(machine, "can_train_in_bf16", lambda cell: False)
    assert pick_precision(recipe_of("auto"), CPU) == "fp32"
    with pytest.raises(UsageError, match="this processor cannot train an lstm in bf16"):
        pick_precision(recipe_of("bf16"), CPU)


def test_what_is_said_of_bf16_is_so():
    machine.can_train_in_bf16.cache_clear()
    recipe = load_recipe().with_values({"hidden_size": 16, "batch_size": 2, "bptt": 4})
    rows = np.zeros((2, 5), np.uint8)
    learner = Learner(recipe, recipe.spec(3), CPU, "bf16")
    batch = Batch(0, rows[:, :-1], rows[:, 1:], fresh=True)
    if machine.can_train_in_bf16("lstm"):
        learner.learn(batch, 0.01)
        assert learner.is_finite()
    else:
        with pytest.raises(RuntimeError, match="primitive"):
            learner.learn(batch, 0.01)
