"""The series that travel with rnnterm, and the time axis of any."""

import csv

import numpy as np
import pytest

from rnnterm.bundled import bundled_folder
from rnnterm.errors import UsageError
from rnnterm.forecast.series import TimeSeries, noisy_sine, open_series, sunspots
from rnnterm.forecast.steps import Steps
from rnnterm.forecast.suited import suited_plan


def test_the_noisy_sine():
    series = open_series("sine")
    steps = np.arange(2000)
    noise = series.values - np.sin(0.02 * steps)
    assert (len(series), series.split) == (2000, 900)
    assert noise.min() >= 0
    assert noise.max() <= 1
    assert noise.std() == pytest.approx(series.noise_floor, rel=0.05)
    assert series.noise_floor == pytest.approx(0.288675)
    np.testing.assert_array_equal(noisy_sine().values, series.values)
    assert not np.array_equal(noisy_sine(seed=2).values, series.values)
    assert noisy_sine(noise=0).values == pytest.approx(np.sin(0.02 * steps))
    assert noisy_sine(n=100, split=900).split == 45


@pytest.mark.parametrize(
    "wrong", [{"frequency": 0.0}, {"frequency": float("nan")}, {"noise": -1.0}, {"n": 3}]
)
def test_a_sine_that_cannot_be(wrong):
    with pytest.raises(UsageError):
        noisy_sine(**wrong)


def test_the_sunspots():
    series = sunspots()
    with (bundled_folder("corpora") / "sunspots.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    assert series.values.tolist() == [float(value) for _, value in rows]
    assert series.describe() == "sunspots · 2,820 months, 1749-01 to 1983-12"
    assert [series.steps.label(at) for at in (0, 105, 2819)] == ["1749-01", "1757-10", "1983-12"]
    years, what = series.steps.axis(len(series))
    assert what == "year"
    assert years[0] == 1749
    assert years[-1] == pytest.approx(1983 + 11 / 12)


@pytest.mark.parametrize(
    ("steps", "named", "label"),
    [
        (Steps(), "steps", "5"),
        (Steps("number", 0.5, 0.1), "steps of 0.1", "1"),
        (Steps("month", -12), "months", "1969-06"),
        (Steps("month", 0, 12), "years", "1975-01"),
        (Steps("weekday", 0), "weekdays", "1970-01-12"),
        (Steps("millisecond", 0, 3_600_000), "hours", "1970-01-01T05:00:00"),
        (Steps("millisecond", 0, 250), "steps of 250 milliseconds", "1970-01-01T00:00:01.250"),
    ],
)
def test_steps(steps, named, label):
    assert (steps.named, steps.label(5)) == (named, label)


def test_an_axis_of_years_or_of_steps():
    assert Steps("day", 0).axis(3)[1] == "days"
    years, what = Steps("day", 31).axis(2000)
    assert what == "year"
    assert years[0] == pytest.approx(1970 + 31 / 365.2425)
    assert Steps("number", 1).axis(3)[0].tolist() == [1, 2, 3]


def test_a_plan_suits_its_series():
    plan = suited_plan(noisy_sine())
    assert plan.train_length(2000) == 900
    assert suited_plan(noisy_sine(), split=0.5).train_length(2000) == 1000
    short = suited_plan(TimeSeries("short", np.sin(np.arange(60.0))))
    assert short.horizon == 12
    assert short.window < 20
    assert suited_plan(sunspots(), "sunspots-tutorial", horizon=5).horizon == 5
    with pytest.raises(UsageError, match="--horizon"):
        suited_plan(noisy_sine(), horizon=1990)
