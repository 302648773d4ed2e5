"""The number format that a device trains in."""

import pytest
import torch

from rnnterm.errors import UsageError
from rnnterm.training import machine
from rnnterm.training.machine import pick_precision
from rnnterm.training.recipe import load_recipe

CPU = torch.device("cpu")


def recipe_of(precision: str):
    return load_recipe().with_values({"precision": precision})


@pytest.mark.parametrize("faster", ["fp32", "bf16"])
def test_a_cpu_takes_what_is_asked_for_or_the_faster_one(monkeypatch, faster):
    monkeypatch.setattr(machine, "_product_seconds", lambda name, *sizes: 1 + (name != faster))
    assert pick_precision(recipe_of("auto"), CPU) == faster
    assert pick_precision(recipe_of("fp32"), CPU) == "fp32"
    assert pick_precision(recipe_of("bf16"), CPU) == "bf16"


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_gpu_takes_fp32_alone(kind):
    device = torch.device(kind)
    assert pick_precision(recipe_of("auto"), device) == "fp32"
    with pytest.raises(UsageError, match="leave it at auto"):
        pick_precision(recipe_of("bf16"), device)
