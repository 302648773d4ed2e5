"""Which units follow a feature; the probe; saturated gates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import QUOTE_UNIT, quote_model, quoted_text, random_model

from rnnterm.errors import RnntermError
from rnnterm.explore.features import FEATURES, Feature, Measured, measure_feature
from rnnterm.explore.probe import fit_probe
from rnnterm.explore.reading import read_text
from rnnterm.explore.saturation import Saturation, measure_saturation, saturation_plot
from rnnterm.explore.units import agreement, rank_units, score_units

YES_NO, NUMBER = FEATURES["space"], FEATURES["line-position"]


@pytest.fixture(scope="module")
def quotes():
    """A text with quotations as a model read it that has a unit for them."""
    reading = read_text(quote_model(), quoted_text(1500))
    return reading, measure_feature("quotes", reading.text)


def test_the_planted_unit_is_found_first(quotes):
    reading, measured = quotes
    inside = reading.values(0, "h")[:, QUOTE_UNIT] > 0.1
    np.testing.assert_array_equal(inside, measured.values)  # it does what it was made to do
    for name in ("h", "c"):
        best, second, *_ = rank_units(reading, 0, name, measured)
        assert best.unit == QUOTE_UNIT
        assert best.score == 1
        assert abs(second.score) < 0.9


def test_the_probe_needs_the_planted_unit_only(quotes):
    reading, measured = quotes
    probe = fit_probe(reading.values(0, "h"), measured)
    assert probe.units[0] == QUOTE_UNIT
    assert len(probe.units) <= 3
    assert probe.held_out > 0.99
    assert abs(probe.control) < 0.3
    assert probe.train_characters + probe.held_out_characters < len(reading)


def test_a_probe_joins_what_no_unit_has_alone():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3000, 10))
    number = values[:, 2] - values[:, 7]
    for feature, target in ((NUMBER, number), (YES_NO, (number > 0.5).astype(float))):
        measured = Measured(feature, target)
        probe = fit_probe(values, measured)
        assert np.abs(score_units(values, measured)).max() < 0.85
        assert probe.held_out > 0.97
        assert set(probe.units[:2]) == {2, 7}
        assert abs(probe.control) < 0.15


def test_noise_says_nothing():
    rng = np.random.default_rng(1)
    measured = Measured(YES_NO, (rng.random(1000) < 0.2).astype(float))
    probe = fit_probe(rng.normal(size=(1000, 30)), measured)
    assert abs(probe.held_out) < 0.25


def test_a_probe_without_enough_text_says_so():
    values = np.random.default_rng(1).normal(size=(40, 3))
    lonely = np.zeros(40)
    lonely[3] = 1
    with pytest.raises(RnntermError, match="longer text"):
        fit_probe(values, Measured(YES_NO, lonely))


numbers = st.integers(-3, 3).map(float)


@given(st.lists(st.tuples(numbers, st.booleans()), min_size=2, max_size=30))
def test_the_score_of_a_yes_no_feature_counts_pairs(pairs):
    values = np.array([value for value, _ in pairs])
    flags = np.array([float(flag) for _, flag in pairs])
    if flags.min() == flags.max():
        return
    won = [np.sign(a - b) for a in values[flags == 1] for b in values[flags == 0]]
    assert agreement(values, Measured(YES_NO, flags)) == pytest.approx(np.mean(won))


def test_the_score_of_a_number_is_a_rank_correlation():
    position = Measured(NUMBER, np.array([0.0, 1, 2, 3, 4]))
    rising = np.array([1.0, 2, 50, 51, 1e6])
    assert agreement(rising, position) == pytest.approx(1)
    assert agreement(-rising, position) == pytest.approx(-1)
    assert agreement(np.zeros(5), position) == 0
    assert agreement(np.array([1.0, 0, 0, 0, 0]), position) == pytest.approx(-(0.5**0.5))


def test_saturation_is_a_share_of_steps():
    reading = read_text(quote_model(), quoted_text(400))
    quotes = reading.text.count('"') / len(reading)
    by_gate = {one.gate: one for one in measure_saturation(reading, 0)}
    assert list(by_gate) == ["i", "f", "o"]
    assert by_gate["f"].right[QUOTE_UNIT] == pytest.approx(1 - quotes)
    assert by_gate["f"].left[QUOTE_UNIT] == pytest.approx(quotes)
    assert by_gate["o"].right[QUOTE_UNIT] == 1
    assert QUOTE_UNIT in by_gate["o"].most_open(16)[:8]
    gru = measure_saturation(read_text(random_model("gru"), "abc"), 0)
    assert [one.gate for one in gru] == ["r", "z"]
    with pytest.raises(RnntermError, match="no gates"):
        measure_saturation(read_text(random_model("rnn"), "abc"), 0)


def test_the_saturation_plot_has_its_dots_in_the_corners():
    corners = Saturation("f", np.array([1.0, 0, 0]), np.array([0.0, 1, 0]))
    grid = saturation_plot(corners, 40, 12, ascii_only=True)
    (rows, columns) = np.nonzero(grid.styles == 1)
    assert {chr(code) for code in grid.codes[rows, columns]} == {"."}
    top, bottom = rows.min(), rows.max()
    assert (top, bottom) == (0, 9)  # the axis takes two
    assert columns[rows == top].tolist() == [columns.min()]
    assert columns[rows == bottom].tolist() == [columns.min(), 39]
    braille = saturation_plot(corners, 40, 12)
    assert (braille.styles == 1).sum() == 3
    assert saturation_plot(corners, 0, 0).lines() == []


def test_a_feature_of_ones_own_can_be_scored():
    feature = Feature("odd", "yes-no", "every other", lambda text: np.arange(len(text)) % 2.0)
    reading = read_text(random_model("gru", hidden=3), "abcabdh gfe")
    scores = rank_units(reading, 0, "z", Measured(feature, feature.measure(reading.text)))
    sizes = [abs(one.score) for one in scores]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(one.unit for one in scores) == [0, 1, 2]
