"""Ticks at 1, 2 and 5 inside the range, with labels that say exactly where they are."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnterm.plotting.scale import Scale, Tick

UNITS = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
FINITE = st.floats(allow_nan=False)


def ticks_of(low: float, high: float, most: int = 6, *, log: bool = False) -> list[Tick]:
    return Scale.around(low, high, log=log).ticks(most, lambda _: True)


def labels(low: float, high: float, most: int = 6, *, log: bool = False) -> list[str]:
    return [tick.label for tick in ticks_of(low, high, most, log=log)]


def value_of(label: str) -> float:
    unit = UNITS.get(label[-1], 1.0)
    return float(label.rstrip("kMGT")) * unit


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 5, ["0", "1", "2", "3", "4", "5"]),
        (1.3, 4.2, ["1.5", "2.0", "2.5", "3.0", "3.5", "4.0"]),
        (-1, 1, ["-1.0", "-0.5", "0", "0.5", "1.0"]),
        (0, 9120, ["0", "2000", "4000", "6000", "8000"]),
        (0, 44_000, ["0", "10k", "20k", "30k", "40k"]),
        (0, 1.6e6, ["0", "500k", "1M", "1.5M"]),
        (1e6, 1e6 + 4, ["1M", "1.000001M", "1.000002M", "1.000003M", "1.000004M"]),
        (0, 3e-8, ["0", "5e-9", "1e-8", "1.5e-8", "2e-8", "2.5e-8", "3e-8"][::2]),
        (-2e300, 2e300, ["-2e300", "-1e300", "0", "1e300", "2e300"]),
    ],
)
def test_linear_ticks(low: float, high: float, expected: list[str]) -> None:
    assert labels(low, high) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (
            1e-3,
            1e3,
            7,
        ),
        (1, 60, 6),
    ],
)
def test_logarithmic_ticks_are_as_many_as_fit(low: float, high: float, expected: int) -> None:
    assert len(labels(low, high, 8, log=True)) == expected


def test_logarithmic_ticks_go_by_decades_or_1_2_5() -> None:
    assert labels(1e-3, 1e3, 8, log=True) == ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]
    assert labels(1, 60, 8, log=True) == ["1", "2", "5", "10", "20", "50"]
    assert labels(1e-14, 1e3, 7, log=True) == ["1e-12", "1e-9", "1e-6", "0.001", "1", "1000"]
    assert labels(1.31, 1.48, 4, log=True) == ["1.35", "1.40", "1.45"]


@given(FINITE, FINITE, st.integers(1, 30))
def test_ticks_are_multiples_of_1_2_5_inside_the_range(one: float, other: float, most: int) -> None:
    scale = Scale.around(min(one, other), max(one, other))
    ticks = scale.ticks(most, lambda _: True)
    values = [tick.value for tick in ticks]
    assert len(ticks) <= most
    assert all(scale.low <= value <= scale.high for value in values)
    assert values == sorted(set(values))
    if len(values) > 2:
        step = (values[-1] - values[0]) / (len(values) - 1)
        mantissa = step / 10 ** math.floor(math.log10(step) + 1e-6)
        assert min(abs(mantissa - digit) for digit in (1, 2, 5)) < 1e-4


@given(st.floats(5e-324, 1.7e308), st.floats(5e-324, 1.7e308), st.integers(1, 30))
def test_logarithmic_ticks_are_inside_too(one: float, other: float, most: int) -> None:
    scale = Scale.around(min(one, other), max(one, other), log=True)
    ticks = scale.ticks(most, lambda _: True)
    values = [tick.value for tick in ticks]
    assert len(ticks) <= most
    assert all(scale.low <= value <= scale.high for value in values)
    assert values == sorted(set(values))


@given(FINITE, FINITE, st.booleans())
def test_a_label_says_the_value_of_its_tick(one: float, other: float, log: bool) -> None:
    low, high = min(one, other), max(one, other)
    if log and low <= 0:
        low, high = 1e-5, 1 + abs(high)
    for tick in ticks_of(low, high, log=log):
        assert value_of(tick.label) == pytest.approx(tick.value, rel=1e-12)
        assert len(tick.label) <= 16


@given(FINITE, FINITE, st.booleans(), st.lists(st.floats()))
@example(1e-309, 1e-309, True, [])  # smaller than what is told apart
def test_a_scale_has_a_finite_place_or_none_for_every_value_inside(
    one: float, other: float, log: bool, values: list[float]
) -> None:
    low, high = min(one, other), max(one, other)
    if log and low <= 0:
        low, high = 1e-5, 1 + abs(high)
    scale = Scale.around(low, high, log=log)
    assert scale.low < scale.high
    places = scale.places(values)
    for value, place in zip(values, places.tolist(), strict=True):
        if scale.low <= value <= scale.high:
            assert -1e-9 <= place <= 1 + 1e-9
    np.testing.assert_allclose(scale.places([scale.low, scale.high]), [0, 1], atol=1e-9)


def test_equal_ends_are_widened_and_no_values_have_a_scale() -> None:
    assert Scale.around(2, 2) == Scale(1.8, 2.2)
    assert Scale.around(0, 0) == Scale(-1, 1)
    assert Scale.around(math.nan, math.nan) == Scale(0, 1)
    assert Scale.around(math.nan, math.nan, log=True) == Scale(1, 10, True)


@pytest.mark.parametrize(("low", "high", "log"), [(2, 1, False), (0, 1, True), (-1, 1, True)])
def test_what_is_no_range_is_refused(low: float, high: float, log: bool) -> None:
    with pytest.raises(ValueError, match="no axis goes"):
        Scale.around(low, high, log=log)


def test_a_place_and_its_value_are_inverse() -> None:
    for scale in (Scale(-3, 5), Scale(0.01, 100, log=True)):
        for place in (0.0, 0.25, 0.5, 1.0):
            assert float(scale.places(scale.value_at(place))) == pytest.approx(place)


def test_ticks_that_do_not_fit_make_way_for_fewer() -> None:
    scale = Scale(0, 10)
    assert [tick.value for tick in scale.ticks(20, lambda ticks: len(ticks) < 4)] == [0, 5, 10]
    assert scale.ticks(0, lambda _: True) == []
    assert scale.ticks(9, lambda _: False) == []
