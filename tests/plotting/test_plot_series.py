"""A series seen in few columns: nothing lost, nothing invented, at a cost set by the view."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.plotting.series import Point, Series, moving_mean

VALUES = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])


def plain_extremes(values: list[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (math.nan, math.nan)


@given(st.lists(VALUES, max_size=700), st.integers(1, 40), st.data())
def test_each_column_has_the_extremes_of_its_points(
    values: list[float], count: int, data: st.DataObject
) -> None:
    series = Series.counted(values)
    start = data.draw(st.integers(0, max(0, len(values) - 1)))
    end = data.draw(st.integers(start + 1, len(values) + 5))
    seen = series.columns(start, end, count)
    edges = np.linspace(start, end, count + 1)
    for column, (left, right) in enumerate(pairwise(edges)):
        is_last = column == count - 1
        inside = [
            value for x, value in enumerate(values) if left <= x < right or (is_last and x == right)
        ]
        if inside:
            low, high = plain_extremes(inside)
            np.testing.assert_array_equal([seen.low[column], seen.high[column]], [low, high])


@given(st.lists(VALUES, max_size=600), st.lists(st.integers(0, 300), max_size=6))
def test_points_added_in_pieces_are_the_same_series(values: list[float], cuts: list[int]) -> None:
    whole, grown = Series.counted(values), Series()
    borders = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    for start, end in pairwise(borders):
        grown.extend(range(start, end), values[start:end])
    np.testing.assert_array_equal(grown.y, whole.y)
    for start, end in ((0, 600), (17, 293)):
        np.testing.assert_array_equal(grown.extremes(start, end), whole.extremes(start, end))


@given(st.lists(VALUES, min_size=1, max_size=600), st.data())
def test_what_was_undone_is_forgotten(values: list[float], data: st.DataObject) -> None:
    last = data.draw(st.integers(0, len(values) - 1))
    series = Series.counted(values)
    series.columns(0, 10, 5)
    series.cut_after(last)
    series.extend([last, last + 1], [7.0, -7.0])
    expected = Series([*range(last + 1), last, last + 1], [*values[: last + 1], 7.0, -7.0])
    np.testing.assert_array_equal(series.y, expected.y)
    np.testing.assert_array_equal(series.extremes(), expected.extremes())
    np.testing.assert_array_equal(series.columns(0, 10, 5).high, expected.columns(0, 10, 5).high)


def test_columns_without_points_have_the_line_between() -> None:
    seen = Series([0, 10], [0.0, 10.0]).columns(0, 10, 10)
    np.testing.assert_allclose(seen.low, [0, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 10])


def test_a_zoomed_line_comes_from_the_point_outside() -> None:
    seen = Series([0, 10], [0.0, 10.0]).columns(4, 6, 2)
    np.testing.assert_allclose(seen.high, [4.5, 5.5])


def test_a_missing_value_leaves_a_gap_that_no_line_crosses() -> None:
    seen = Series([0, 5, 10], [1.0, math.nan, 1.0]).columns(0, 10, 10)
    assert np.flatnonzero(np.isfinite(seen.low)).tolist() == [0, 9]


def test_a_logarithm_sees_only_what_is_positive() -> None:
    series = Series.counted([1.0, 0.0, -2.0, 4.0])
    np.testing.assert_array_equal(series.positive.y, [1.0, np.nan, np.nan, 4.0])
    series.extend([4], [-1.0])
    assert len(series.positive) == 5
    positive = Series.counted([1.0, math.nan, 2.0])
    assert positive.positive is positive


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([2, 1], [0, 0]),
        ([0, math.nan], [0, 0]),
        ([math.nan], [0]),
        ([0, math.inf], [0, 0]),
        ([-math.inf, 0], [0, 0]),
        ([0, 1], [0]),
        ([[0, 1]], [[0, 1]]),
    ],
)
def test_what_is_no_series_is_refused(x: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match="x "):
        Series(x, y)


def test_points_before_the_end_are_refused_and_change_nothing() -> None:
    series = Series([0, 1], [5, 6])
    with pytest.raises(ValueError, match="must not fall"):
        series.extend([0.5], [7])
    assert series.x.tolist() == [0, 1]
    assert series.y.tolist() == [5, 6]


def test_the_nearest_point_is_read_off() -> None:
    series = Series([0, 10, 40], [1, 2, 3])
    assert Series().nearest(3) is None
    assert [series.nearest(x) for x in (-5, 4, 6, 24, 26, 99)] == [
        Point(0, 1),
        Point(0, 1),
        Point(10, 2),
        Point(10, 2),
        Point(40, 3),
        Point(40, 3),
    ]


@given(st.lists(VALUES, max_size=60), st.integers(1, 70))
def test_a_moving_mean_is_the_mean_of_the_window(values: list[float], window: int) -> None:
    means = moving_mean(values, window)
    assert len(means) == len(values)
    for index, value in enumerate(values):
        inside = values[max(0, index - window + 1) : index + 1]
        finite = [one for one in inside if math.isfinite(one)]
        if math.isfinite(value):
            assert means[index] == pytest.approx(sum(finite) / len(finite), abs=1e-6)
        else:
            assert math.isnan(means[index])


def test_one_huge_value_harms_only_its_windows() -> None:
    means = moving_mean([1.0, 1e300, 1.0, 1.0, 1.0, 1.0], 3)
    np.testing.assert_array_equal(means[[0, 4, 5]], [1.0, 1.0, 1.0])


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        moving_mean([1.0], 0)


def test_a_view_of_a_million_points_costs_what_its_width_costs() -> None:
    series = Series.counted(np.sin(np.arange(1_000_000)))
    few = Series.counted(np.sin(np.arange(2_000)))

    def seconds(one: Series) -> float:
        times = []
        for zoom in range(20):  # another view each time: none is remembered
            start = time.perf_counter()
            one.columns(zoom, len(one) - 1, 240)
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(series) < 10 * seconds(few)
