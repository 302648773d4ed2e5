import subprocess
import sys

import numpy as np
import pytest

from rnnterm.errors import UsageError
from rnnterm.forecast.plan import RECIPES, ForecastPlan, plan_for

VALUES = np.sin(np.arange(400.0))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_survives_json(recipe):
    plan = plan_for(recipe, horizon=7)
    assert ForecastPlan.from_dict(plan.to_dict()) == plan
    assert plan.recipe == recipe


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"horizon": -1}, "horizon"),
        ({"window": 2.5}, "window"),
        ({"units": 0}, "units"),
        ({"cell": "transformer"}, "cell"),
        ({"activation": "linear"}, "activation"),
        ({"split": 0.0}, "split"),
        ({"split": 10.5}, "split"),
        ({"split": float("nan")}, "split"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"level": 1.0}, "level"),
        ({"validation": 1.0}, "validation"),
        ({"seeds": True}, "seeds"),
        ({"as_features": True}, "features"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_value_out_of_range_is_named(values, named):
    with pytest.raises(UsageError, match=named) as failure:
        plan_for("good", **values)
    assert "\n" not in str(failure.value)


def test_an_unknown_recipe_is_named():
    with pytest.raises(UsageError, match="sunspots-tutorial"):
        plan_for("best")


def test_values_left_open_are_the_recipes():
    assert plan_for("sunspots-tutorial", units=None, epochs=3) == ForecastPlan.from_dict(
        RECIPES["sunspots-tutorial"].to_dict() | {"epochs": 3}
    )


@pytest.mark.parametrize(
    "values",
    [
        {"window": 300, "horizon": 200},
        {"window": 200, "horizon": 1},
        {"split": 400.0, "horizon": 1},
        {"split": 2.0, "horizon": 1},
    ],
)
def test_a_series_too_short_is_refused_in_one_line(values):
    with pytest.raises(UsageError) as failure:
        plan_for("good", **values).settled(VALUES)
    assert "\n" not in str(failure.value)


def test_the_test_part_decides_nothing():
    plan = plan_for("good", horizon=5)
    changed = VALUES.copy()
    changed[320:] = 1e6
    assert plan.settled(VALUES) == plan.settled(changed)


def test_small_changes_are_learnt_as_changes():
    walk = np.cumsum(np.random.default_rng(0).normal(size=400))
    noise = np.random.default_rng(0).normal(size=400)
    assert plan_for("good", horizon=5).settled(walk).residual == "on"
    assert plan_for("good", horizon=5).settled(noise).residual == "off"


def test_a_short_series_gets_a_shorter_window():
    assert plan_for("good", horizon=12).settled(VALUES[:100]).window < 64


def test_a_plan_needs_no_numpy():
    code = "import sys, rnnterm.forecast.plan; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
