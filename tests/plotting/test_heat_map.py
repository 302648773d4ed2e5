"""Heat maps: levels where the values are, peaks that survive pooling, glyphs without colours."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rnnterm.plotting.heat import MOST_LEVELS, HeatMap, Look, Pooling, heat_map


def halves(heat: HeatMap) -> list[list[int | None]]:
    """The level of every half cell, top row first."""
    rows: list[list[int | None]] = []
    for styles in heat.grid.styles.tolist():
        pairs = [heat.pair(style) for style in styles]
        rows += [[upper for upper, _ in pairs], [lower for _, lower in pairs]]
    return rows


def test_two_rows_share_a_cell() -> None:
    heat = heat_map([[-1, 0, 1], [1, 0, -1], [0.5, -0.5, np.nan]], 4, 2, levels=5)
    assert halves(heat) == [
        [0, 2, 4, None],
        [4, 2, 0, None],
        [3, 1, None, None],
        [None, None, None, None],
    ]
    assert heat.grid.lines() == ["▀▀▀ ", "▀▀  "]


def test_a_level_alone_in_the_lower_half_is_drawn() -> None:
    heat = heat_map([[np.nan], [1.0]], 1, 1, levels=3)
    assert heat.pair(int(heat.grid.styles[0, 0])) == (None, 2)
    assert heat.grid.lines() == ["▀"]


def test_a_peak_keeps_its_sign_when_pooled() -> None:
    values = np.zeros((64, 100))
    values[10, 3], values[40, 90] = -1, 1
    levels = halves(heat_map(values, 10, 4, levels=3))
    assert [(row, column) for row in range(8) for column in range(10) if levels[row][column] != 1]
    assert levels[1][0] == 0
    assert levels[5][9] == 2
    assert sum(row.count(1) for row in levels) == 78


def test_a_mean_is_of_what_is_there() -> None:
    heat = heat_map([[0.0, 1.0, np.nan, np.nan]], 2, 1, levels=5, pooling="mean")
    assert halves(heat)[0] == [3, None]


def test_a_zoom_is_one_to_one() -> None:
    values = np.linspace(-1, 1, 600).reshape(20, 30)
    heat = heat_map(values, 4, 2, levels=25, rows=slice(8, 12), columns=slice(5, 9))
    expected = np.rint((values[8:12, 5:9] + 1) / 2 * 24).astype(int)
    assert halves(heat) == expected.tolist()
    assert heat.row_edges.tolist() == [8, 9, 10, 11, 12]
    assert [heat.column_of(index) for index in (4, 5, 8, 9)] == [None, 0, 3, None]


def test_a_column_of_values_is_found_in_a_pooled_map() -> None:
    heat = heat_map(np.zeros((2, 200)), 50, 1)
    assert [heat.column_of(index) for index in (0, 3, 4, 41, 199, 200)] == [
        *(0, 0, 1, 10, 49, None)
    ]


def test_signs_and_strengths_read_without_color() -> None:
    row = [np.linspace(-1, 1, 9)]
    assert heat_map(row, 9, 1, levels=9, look="glyphs").grid.lines() == ["≡=-· ░▒▓█"]
    assert heat_map(row, 9, 1, levels=9, look="ascii").grid.lines() == ["%=-. +x*#"]
    up = [np.linspace(0, 1, 6)]
    assert heat_map(up, 6, 1, low=0, levels=6, look="glyphs").grid.lines() == [" ·░▒▓█"]


def test_what_is_beyond_the_range_has_its_ends() -> None:
    heat = heat_map([[-9, 9, -np.inf, np.inf]], 4, 1, levels=3)
    assert halves(heat)[0] == [0, 2, 0, 2]


def test_pairs_stay_few_enough_for_a_screen() -> None:
    rng = np.random.default_rng(0)
    heat = heat_map(rng.uniform(-1, 1, (100, 200)), 200, 50, levels=MOST_LEVELS)
    assert 500 < len(np.unique(heat.grid.styles)) <= MOST_LEVELS**2
    assert int(heat.grid.styles.max()) < 1000


@given(
    arrays(
        st.sampled_from([np.float32, np.float64]),
        array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=30),
    ),
    st.integers(-1, 20),
    st.integers(-1, 12),
    st.sampled_from(get_args(Look)),
    st.sampled_from(get_args(Pooling)),
)
def test_any_values_fill_any_size(
    values: np.ndarray, width: int, height: int, look: Look, pooling: Pooling
) -> None:
    heat = heat_map(values, width, height, look=look, pooling=pooling)
    lines = heat.grid.lines()
    assert [len(line) for line in lines] == [max(0, width)] * max(0, height)
    assert "".join(lines).isascii() or look != "ascii"
    assert int(heat.grid.styles.min(initial=0)) >= 0


@given(
    arrays(np.float64, (17, 23), elements=st.floats(-1, 1)),
    st.integers(1, 23),
    st.integers(1, 17),
)
def test_a_pooled_peak_is_the_farthest_from_zero(
    values: np.ndarray, width: int, height: int
) -> None:
    heat = heat_map(values, width, height, levels=25, look="glyphs")
    for row in range(len(heat.row_edges) - 1):
        for column in range(len(heat.column_edges) - 1):
            piece = values[
                heat.row_edges[row] : heat.row_edges[row + 1],
                heat.column_edges[column] : heat.column_edges[column + 1],
            ]
            level = int(heat.grid.styles[row, column]) - 1
            assert abs(level / 12 - 1) == pytest.approx(np.abs(piece).max(), abs=1 / 24 + 1e-9)


@pytest.mark.parametrize(
    "given_",
    [{"low": 1}, {"high": np.inf}, {"low": np.nan}, {"levels": 1}, {"levels": 27}, {"levels": 4}],
)
def test_what_is_no_scale_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a heat map"):
        heat_map([[0.0]], 1, 1, **given_)  # type: ignore[arg-type]


def test_a_single_row_of_numbers_is_no_map() -> None:
    with pytest.raises(ValueError, match="shape"):
        heat_map([0.0, 1.0], 1, 1)
