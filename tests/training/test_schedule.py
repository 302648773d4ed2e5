"""Budgets and learning rates."""

import math

import pytest

from rnnterm.training.recipe import load_recipe
from rnnterm.training.schedule import Budget, learning_rate


def test_an_epoch_budget_is_one_of_steps():
    recipe = load_recipe("fast").with_values({"epochs": 2.5})
    assert Budget.of(recipe, steps_per_epoch=101) == Budget(steps=253)


def test_progress_and_eta():
    timed, counted = Budget(seconds=80), Budget(steps=200)
    assert timed.progress(999, 20) == 0.25
    assert timed.progress(0, 100) == 1
    assert counted.progress(50, 1e9) == 0.25
    assert timed.eta(0, 20, 0) == 60
    assert counted.eta(50, 0, 10) == 15
    assert math.isnan(counted.eta(0, 0, 0))


@pytest.mark.parametrize(("anneal", "middle"), [("cosine", 0.5), ("linear", 0.5), ("constant", 1)])
def test_the_rate_rises_and_then_falls_to_its_end(anneal, middle):
    recipe = load_recipe("fast").with_values(
        {"anneal": anneal, "learning_rate": 0.01, "warmup_steps": 10, "final_rate": 0.0}
    )
    assert learning_rate(recipe, 0, 0) == pytest.approx(0.001)
    assert learning_rate(recipe, 9, 0) == pytest.approx(0.01)
    assert learning_rate(recipe, 500, 0.5) == pytest.approx(0.01 * middle)
    assert learning_rate(recipe, 999, 1) == pytest.approx(0 if anneal != "constant" else 0.01)


def test_a_final_rate_is_where_the_fall_ends():
    recipe = load_recipe("fast").with_values({"learning_rate": 0.01, "final_rate": 0.1})
    assert learning_rate(recipe, 10_000, 1) == pytest.approx(0.001)
