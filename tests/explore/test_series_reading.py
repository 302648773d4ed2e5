"""A forecaster read step by step says what it says in one go, and its numbers add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_forecasters import VALUES, forecaster

from rnnterm.errors import UsageError
from rnnterm.explore import series as series_module
from rnnterm.explore.equations import equations
from rnnterm.explore.series import place_of, read_series, remarks, stretch_before
from rnnterm.forecast.remembered import remembered_series
from rnnterm.forecast.series import TimeSeries, sunspots
from rnnterm.forecast.steps import Steps

WAVES = TimeSeries("waves", VALUES)
KINDS = [
    ("good", "lstm", "on"), ("good", "gru", "on"), ("good", "rnn", "on"), ("good", "gru", "off"),
    ("sunspots-tutorial", "rnn", "off"), ("sunspots-tutorial", "lstm", "off"),
    ("sine-tutorial", "rnn", "off"), ("sine-tutorial", "gru", "off"),
]  # fmt: skip


def made(recipe="good", cell="lstm", residual="on", **more):
    return forecaster(recipe, cell=cell, residual=residual, **more)


def reading_of(one, place, count=None):
    return read_series(one, WAVES, stretch_before(one, WAVES, place, count))


@pytest.mark.parametrize(("recipe", "cell", "residual"), KINDS)
@pytest.mark.parametrize("place", [30, 100, 101, 107, 159])
def test_its_forecasts_are_the_forecasters_own(recipe, cell, residual, place):
    one = made(recipe, cell, residual)
    reading = reading_of(one, place)
    step = reading.step_before(place)
    told = one.scaler.unscale(one.one_step(one.scaler.scale(VALUES)), mean=True)
    assert reading.is_warm(step)
    assert reading.forecasts[step] == pytest.approx(told[place], abs=1e-5)
    assert reading.came(step) == VALUES[place]
    for at in range(len(reading)):  # all that it forecasts while it reads, not this one alone
        if reading.is_warm(at) and reading.came(at) is not None:
            assert reading.forecasts[at] == pytest.approx(told[reading.place(at) + 1], abs=1e-5)


@pytest.mark.parametrize(("recipe", "cell", "residual"), KINDS)
def test_beyond_the_end_it_is_the_forecast_that_the_tab_shows(recipe, cell, residual):
    one = made(recipe, cell, residual)
    reading = reading_of(one, len(WAVES))
    scaled, origin = one.scaler.scale(VALUES), np.array([len(VALUES)])
    for network in range(3):
        alone = one.alone(network)
        told = alone.scaler.unscale(alone.recursive(scaled, origin, 1)[0], mean=True)[0]
        assert reading.forecasts_of_each[-1, network] == pytest.approx(told, abs=1e-5)
    told = one.scaler.unscale(one.recursive(scaled, origin, 1)[0], mean=True)[0]
    assert reading.forecasts[-1] == pytest.approx(told, abs=1e-5)
    assert reading.came(len(reading) - 1) is None
    assert reading.next_label(len(reading) - 1) == "160"


@pytest.mark.parametrize(("recipe", "cell", "residual"), KINDS)
def test_every_number_follows_from_those_beside_it(recipe, cell, residual):
    one = made(recipe, cell, residual)
    reading = reading_of(one, 100)
    for network in range(3):
        for step in range(len(reading)):
            for unit in range(4):
                for told in equations(reading, network, unit, step):
                    traced = reading.values(network, told.name)[step, unit]
                    assert told.value == pytest.approx(traced, abs=1e-5)
            *_, forecast = reading.output_equations(network, step)
            traced = reading.trace.outputs + reading.trace.direct
            assert forecast.value == pytest.approx(traced[step, network], abs=1e-5)
            read_out = reading.output_equations(network, step)[0]
            shares = sum(one.share for one in reading.unit_shares(network, step))
            assert shares == pytest.approx(read_out.terms[0].value, abs=1e-9)


def test_a_window_of_features_is_one_step_from_a_state_of_zeros():
    reading = reading_of(made("sine-tutorial", "rnn", "off"), 50)
    assert len(reading) == 1
    assert reading.label(0) == "46 … 49"
    (told,) = equations(reading, 0, 2, 0)
    assert told.terms[1].symbol == "U h"
    assert told.terms[1].value == 0
    assert "recurrent weights U meet a state of zeros" in " ".join(remarks(reading))
    assert not remarks(reading_of(made("sunspots-tutorial", "rnn", "off"), 50))


def test_what_can_be_read():
    one = made()
    assert stretch_before(one, WAVES, 160) == (152, 160)
    assert stretch_before(one, WAVES, 30) == (16, 31)
    assert stretch_before(one, WAVES, 30, 20) == (10, 30)
    assert "a little different" in remarks(reading_of(one, 160, 160))[0]
    for place, count, why in [(7, None, "reads 8 values"), (161, None, "not for 161"),
                              (30, 31, "30 values before"), (30, 0, "not 0")]:  # fmt: skip
        with pytest.raises(UsageError, match=why):
            stretch_before(one, WAVES, place, count)
    with pytest.raises(UsageError, match="has 3 values"):
        stretch_before(one, TimeSeries("short", VALUES[:3]), 3)
    other = TimeSeries("other", VALUES + 1)
    assert "not what this forecaster learnt" in remarks(read_series(one, other, (0, 15)))[0]


def test_too_many_values_are_refused(monkeypatch):
    monkeypatch.setattr(series_module, "LONGEST", 100)
    with pytest.raises(UsageError, match="at most 100"):
        reading_of(made(), 120, 101)


def test_a_bundled_series_is_remembered_if_it_is_the_one():
    spots = sunspots()
    one = forecaster(series="sunspots", values=spots.values)
    np.testing.assert_array_equal(remembered_series(one).values, spots.values)
    with pytest.raises(UsageError, match="another sunspots"):
        remembered_series(forecaster(series="sunspots"))
    with pytest.raises(UsageError, match="learnt waves"):
        remembered_series(forecaster())


STEPS = [
    Steps(), Steps(first=1), Steps("number", 0.5, 0.25), Steps("year", -70, 1),
    Steps("month", -2652, 1), Steps("month", 3, 3), Steps("day", 10_000, 7),
    Steps("weekday", 5000, 1), Steps("millisecond", 9e11, 900_000), Steps("millisecond", 0, 1),
]  # fmt: skip


@given(st.sampled_from(STEPS), st.integers(0, 5000))
def test_a_step_is_found_by_its_label(steps, index):
    assert steps.index(steps.label(index)) == index


@pytest.mark.parametrize("written", ["", "now", "today", "NaT", "x", "1748-12", "1983-13", "inf"])
def test_what_is_no_step_is_not_found(written):
    assert Steps("month", -2652, 1).index(written) is None
    with pytest.raises(UsageError, match="no step"):
        place_of(sunspots(), written)
    assert Steps().index(written.replace("1748-12", "-1").replace("1983-13", "1.5")) is None
