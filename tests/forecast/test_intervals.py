import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.forecast.intervals import (
    conformal_width,
    rolling_coverage_by_lead,
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


def test_coverage_by_lead_counts_only_values_that_had_come():
    errors = np.ones((40, 2))
    errors[20:] = 5.0
    origins = np.arange(40) * 10
    coverage = rolling_coverage_by_lead(origins, errors, 200, 0.9)
    # The first two of the twenty large errors lie outside; from then on the width is theirs.
    assert coverage == pytest.approx([0.9, 0.9], abs=0.06)
    assert (coverage < 1).all()


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
