import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.forecast.intervals import (
    adaptive_widths_by_lead,
    conformal_width,
    coverage_by_lead,
    rolling_widths,
    widths_by_lead,
)

ERRORS = st.lists(st.floats(0, 1e6), min_size=1, max_size=60).map(np.array)


@given(ERRORS, st.floats(0.05, 0.95))
def test_enough_of_the_known_errors_fit_into_the_width(errors, level):
    width = conformal_width(errors, level)
    needed = math.ceil((len(errors) + 1) * level)
    assert (errors <= width).sum() >= min(needed, len(errors))
    if math.isfinite(width):
        assert (errors < width).sum() < needed


def test_too_few_errors_make_no_interval():
    assert conformal_width(np.ones(8), 0.9) == math.inf
    assert conformal_width(np.ones(9), 0.9) == 1
    assert conformal_width(np.array([np.nan, *np.ones(8)]), 0.9) == math.inf


def test_an_interval_knows_no_later_error():
    rng = np.random.default_rng(0)
    before, errors = rng.random(30), rng.random(20)
    changed = errors.copy()
    changed[10:] = 1000
    assert (
        rolling_widths(before, errors, 0.9)[:11] == rolling_widths(before, changed, 0.9)[:11]
    ).all()
    assert rolling_widths(before, changed, 0.9)[19] > rolling_widths(before, errors, 0.9)[19]


def test_intervals_follow_a_noise_that_grows():
    rng = np.random.default_rng(1)
    before, errors = np.abs(rng.normal(size=500)), np.abs(rng.normal(size=3000)) * 3
    late = (errors <= rolling_widths(before, errors, 0.9))[1000:].mean()
    assert late == pytest.approx(0.9, abs=0.02)


def test_later_forecasts_are_never_told_more_surely():
    errors = np.random.default_rng(2).random((50, 12))
    errors[5:, 8:] = np.nan  # too few that far ahead
    widths = widths_by_lead(errors, 0.9)
    assert (np.diff(widths) >= 0).all()
    assert np.isfinite(widths).all()
    assert np.isinf(widths_by_lead(np.empty((0, 3)), 0.9)).all()


def test_intervals_by_lead_know_no_later_error():
    rng = np.random.default_rng(4)
    errors = rng.random((60, 5))
    origins = np.arange(60) * 3
    changed = errors.copy()
    changed[30:] = 1000.0
    changed[29, 3:] = 1000.0  # which come later than the thirtieth origin
    before = adaptive_widths_by_lead(origins, errors, 180, 0.9)
    after = adaptive_widths_by_lead(origins, changed, 180, 0.9)
    np.testing.assert_array_equal(before[:31], after[:31])
    assert (after[-1] > before[-1]).all()
    assert np.isinf(before[:9]).all()
    assert (np.diff(before[20:], axis=1) >= 0).all()


def test_intervals_by_lead_follow_errors_that_grow():
    rng = np.random.default_rng(5)
    errors = np.abs(rng.normal(size=(600, 3))) * np.linspace(1, 4, 600)[:, np.newaxis]
    widths = adaptive_widths_by_lead(np.arange(600), errors, 600, 0.9)
    adapted = coverage_by_lead(widths[200:-1], errors[200:])
    plain = np.array([widths_by_lead(errors[:row], 0.9) for row in range(200, 600)])
    assert adapted == pytest.approx([0.9] * 3, abs=0.03)
    assert (coverage_by_lead(plain, errors[200:]) < 0.85).all()


def test_coverage_by_lead_counts_what_can_be_judged():
    errors = np.array([[1.0, 2.0, np.nan], [3.0, 2.0, np.nan]])
    widths = np.array([[2.0, np.inf, 1.0], [2.0, 2.0, 1.0]])
    told = coverage_by_lead(widths, errors)
    assert told[:2].tolist() == [0.5, 1.0]
    assert np.isnan(told[2])


@given(st.integers(1, 40), st.integers(0, 40), st.floats(0.1, 0.95))
def test_widths_by_lead_are_those_of_each_lead(count, missing, level):
    errors = np.random.default_rng(count).random((count, 3))
    errors[: min(missing, count), 1] = np.nan
    widths = widths_by_lead(errors, level)
    alone = [conformal_width(column, level) for column in errors.T]
    if math.isfinite(alone[0]):
        known = np.where(np.isfinite(alone), alone, 0)
        np.testing.assert_array_equal(widths, np.maximum.accumulate(known))
    else:
        assert np.isinf(widths).all()
