"""Baselines are made of the past alone, and measured as the books say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.forecast.baselines import (
    autoregression,
    baselines,
    find_period,
    last_value,
    mean,
    seasonal_naive,
)
from rnnterm.forecast.measures import measure
from rnnterm.forecast.series import noisy_sine, sunspots


def test_simple_baselines_stand_beside_what_they_are_for():
    values = np.array([1.0, 2, 4, 8, 16])
    np.testing.assert_array_equal(last_value(values), [np.nan, 1, 2, 4, 8])
    np.testing.assert_array_equal(seasonal_naive(values, 3), [np.nan, np.nan, np.nan, 1, 2])
    np.testing.assert_array_equal(mean(values, 2), [1.5] * 5)


def test_an_autoregression_finds_the_rule_of_a_series():
    values = np.empty(300)
    values[:2] = 1.0, -0.5
    for at in range(2, 300):
        values[at] = 1.6 * values[at - 1] - 0.9 * values[at - 2] + 3
    predictions = autoregression(values * 1000 + 5, 80, 2)
    assert np.isnan(predictions[:2]).all()
    np.testing.assert_allclose(predictions[2:], values[2:] * 1000 + 5, rtol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(60, 119))
def test_nothing_looks_ahead(seed, changed):
    """What comes later changes neither a prediction before it nor, after the split, any fit."""
    values = np.random.default_rng(seed).normal(size=120)
    later = values.copy()
    later[changed:] += 7
    for one, other in zip(baselines(values, 60, 5, 4), baselines(later, 60, 5, 4), strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(
            one.predictions[: changed + 1], other.predictions[: changed + 1]
        )


def test_all_that_a_series_is_long_enough_for():
    values = sunspots().values
    named = {each.name: each.predictions for each in baselines(values, 2256, 24)}
    assert list(named) == ["last value", "seasonal 127", "mean", "AR(12)", "AR(24)"]
    scaled = measure("last value", named["last value"], values, 2256).test.scaled_rmse
    assert scaled == pytest.approx(0.0792, abs=5e-5)
    short = baselines(np.arange(20.0), 16, 5, 100)
    assert [each.name for each in short] == ["last value", "mean"]
    assert "seasonal 4" in [each.name for each in baselines(values[:40], 30, 3, 4)]


def test_the_period_of_a_season():
    assert find_period(np.tile([1.0, 5, 2, 8, 3, 9, 4], 8)) == 7
    assert find_period(np.arange(100.0) + np.tile([0.0, 9, 3, 1], 25)) == 4
    assert 300 < find_period(noisy_sine().values[:900]) < 328
    noise = np.random.default_rng(0).normal(size=1000)
    assert find_period(noise) is None
    assert find_period(np.cumsum(noise)[:50]) is None or find_period(np.cumsum(noise)[:50]) <= 25
    assert find_period(np.ones(40)) is None
    assert find_period(np.arange(5.0)) is None


def test_measures():
    values = np.array([0.0, 2, 0, 2, 0, 4])
    row = measure("x", np.array([np.nan, 1, 1, 1, 3, 0]), values, 4)
    assert row.train == measure("x", np.array([np.nan, 3, -1, 3, np.nan, np.nan]), values, 4).train
    assert (row.train.rmse, row.train.mae, row.train.mase, row.train.count) == (1, 1, 0.5, 3)
    assert row.test.rmse == pytest.approx(math.sqrt((9 + 16) / 2))
    assert row.test.scaled_rmse == pytest.approx(row.test.rmse / 4)
    assert (row.test.mae, row.test.mase) == (3.5, 1.75)


def test_copying_has_a_mase_of_one_where_it_trains():
    values = np.random.default_rng(3).normal(size=50)
    assert measure("copy", last_value(values), values, 30).train.mase == pytest.approx(1)


def test_nothing_predicted_measures_nothing():
    none = measure("none", np.full(9, np.nan), np.arange(9.0), 5).test
    assert none.count == 0
    assert math.isnan(none.rmse)


def test_huge_and_tiny_values_are_measured():
    values = np.array([1.0, 3, 2, 5, 4])
    plain = measure("x", last_value(values), values, 3).test.rmse
    for size in (1e-200, 1e150):
        assert measure("x", last_value(values * size), values * size, 3).test.rmse / size == (
            pytest.approx(plain)
        )
