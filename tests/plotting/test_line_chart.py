"""Line charts: pictures, spikes and gaps that show, sizes that hold, nothing raised."""

import math
import re
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rnnterm.plotting.cells import AXIS, BLANK, CURSOR, RULE
from rnnterm.plotting.lines import Band, Bounds, Line, LineChart, Rule, Spots, line_chart
from rnnterm.plotting.series import Series

ANY = st.floats()
SIZES = st.integers(-2, 90)

LOSS = [
    "4 ┤⡇",
    "  │⠘⢄",
    "  │ ⠈⢢",
    "3 ┤   ⠑⢄",
    "  │     ⠣⡀",
    "  │      ⠈⠑⠤⣀",
    "2 ┤┄┄┄┄┄┄┄┄┄┄⠑⠢⠤⣀⣀┄┄┄┄┄┄┄┄┄┄┄┄ 5-gram 1.67 ┄",
    "  │               ⠉⠉⠒⠒⠒⠢⠤⠤⠤⠤⠤⠤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀",
    "  └┬────────┬────────┬────────┬────────┬────",
    "   0      2000     4000     6000     8000",
]

LOG_LOSS = [
    "4 +*",
    "  |***",
    "3 +  ***",
    "  |     **",
    "2 +       ***",
    "  |          ****",
    "  |              ********",
    "  |                     ********************",
    "  ++--------+--------+--------+--------+----",
    "   0      2000     4000     6000     8000",
]

FORECAST = [
    " 1 ┤     ⣀⠤⠤⢄⡀                        ⢀⠤⠤⣀⡀░░",
    "   │  ⢀⠔⠊    ⠈⠢⣀                   ⢀⠔⠉┊  ░⠈⠢⡀░░",
    "   │ ⡠⠃        ⠈⠢⡀                ⡠⠊  ┊ now ⠈⠢⡀░░",
    " 0 ┤⠜            ⠑⡄             ⢀⠎    ┊      ░⠘⢄░░",
    "   │              ⠈⠣⡀          ⡤⠃     ┊       ░⠈⠢⡀",
    "   │                ⠈⠢⡀      ⡠⠋       ┊        ░░⠑",
    "-1 ┤                  ⠈⠒⠤⠤⠤⠔⠊         ┊         ░░",
    "   │                                  ┊          ░",
    "   └┬──────────┬───────────┬──────────┬──────────┬",
    "    0         10          20         30         40",
]


def chart_of(y: list[float], width: int = 40, height: int = 10, **given_: object) -> LineChart:
    return line_chart([Line(Series.counted(y), 1)], width, height, **given_)  # type: ignore[arg-type]


def data_columns(chart: LineChart, style: int) -> list[int]:
    """The columns of the data's frame in which a style appears."""
    found = np.flatnonzero((chart.grid.styles == style).any(axis=0)) - chart.frame.left
    return [int(column) for column in found]


def picture(chart: LineChart) -> list[str]:
    return [line.rstrip() for line in chart.grid.lines()]


def falling_loss() -> Series:
    steps = np.arange(0, 9001, 100.0)
    return Series(steps, 1.3 + 2.9 * np.exp(-steps / 1500))


def test_a_falling_loss() -> None:
    chart = line_chart([Line(falling_loss(), 1)], 44, 10, rules=[Rule(1.67, "5-gram 1.67")])
    assert picture(chart) == LOSS


def test_the_same_on_a_logarithmic_axis_in_ascii() -> None:
    chart = line_chart([Line(falling_loss(), 1)], 44, 10, log=True, ascii_only=True)
    assert picture(chart) == LOG_LOSS


def test_a_forecast_with_its_band() -> None:
    past, future = np.arange(0, 31.0), np.arange(30, 41.0)
    mean, spread = np.sin(future / 4), (future - 30) / 12
    chart = line_chart(
        [Line(Series(past, np.sin(past / 4)), 1), Line(Series(future, mean), 2)],
        50,
        10,
        bands=[Band(Series(future, mean - spread), Series(future, mean + spread), 3)],
        uprights=[Rule(30, "now")],
    )
    assert picture(chart) == FORECAST
    assert set(np.unique(chart.grid.styles).tolist()) == {AXIS, RULE, BLANK, 1, 2, 3}


def test_a_straight_line_is_diagonal_and_unbroken() -> None:
    chart = chart_of([0, 1], 8, 4)
    assert chart.grid.lines() == ["      ⡠⠊", "    ⡠⠊  ", "  ⡠⠊    ", "⡠⠊      "]


def test_an_empty_chart_is_a_frame_without_figures() -> None:
    for y in ([], [math.nan] * 3):
        text = "".join(chart_of(y, y_range=(None, None)).grid.lines()[:-1])
        assert not any(char.isdigit() for char in text)
    assert "└" in "".join(line_chart([], 40, 10).grid.lines())


def test_one_point_and_equal_points_show() -> None:
    assert sum("•" in line for line in chart_of([3.0]).grid.lines()) == 1
    flat = chart_of([2.0, 2.0, 2.0])
    (row,) = (row for row in range(8) if 1 in flat.grid.styles[row])
    assert (flat.grid.styles[row] == 1).sum() == flat.frame.width


@given(st.integers(0, 19_999), st.sampled_from([-1.0, 1.0]), st.booleans())
def test_a_spike_of_one_point_in_thousands_shows(
    place: int, height: float, ascii_only: bool
) -> None:
    y = np.zeros(20_000)
    y[place] = height
    chart = chart_of(y.tolist(), 60, 12, y_range=(-1, 1), ascii_only=ascii_only)
    row = 0 if height > 0 else chart.frame.height - 1
    expected = chart.frame.left + min(
        int(place / 19_999 * chart.frame.width), chart.frame.width - 1
    )
    assert np.flatnonzero(chart.grid.styles[row] == 1).tolist() == [expected]


def test_missing_values_leave_a_gap() -> None:
    y = [1.0] * 100
    y[40:60] = [math.nan] * 20
    chart = chart_of(y, 50, 4, x_axis=False)
    width = chart.frame.width
    drawn = data_columns(chart, 1)
    assert drawn[0] == 0
    assert drawn[-1] == width - 1
    missing = set(range(width)) - set(drawn)
    assert missing == set(range(min(missing), max(missing) + 1))
    assert len(missing) == pytest.approx(0.2 * width, abs=2)


def test_zero_and_below_are_gaps_on_a_logarithmic_axis() -> None:
    chart = chart_of([1, 10, 0, -5, 100, 1000], 60, 12, log=True)
    drawn = data_columns(chart, 1)
    middle = chart.frame.width // 2
    assert not {middle - 2, middle, middle + 2} & set(drawn)
    assert chart.y_scale.low == 1
    assert chart.y_scale.high == 1000


def test_later_lines_lie_over_earlier_ones() -> None:
    same = Series.counted([1, 2, 3])
    styles = line_chart([Line(same, 1), Line(same, 2)], 30, 8).grid.styles
    assert 1 not in styles
    assert 2 in styles


def test_a_dash_tells_lines_apart_but_hides_no_spike() -> None:
    y = [0.0] * 200
    y[100] = 5.0
    solid = line_chart([Line(Series.counted(y), 1)], 60, 8)
    dashed = line_chart([Line(Series.counted(y), 1, dash=(2, 6))], 60, 8)
    assert (dashed.grid.styles == 1).sum() < (solid.grid.styles == 1).sum()
    for row in range(solid.frame.height - 1):
        assert solid.grid.lines()[row] == dashed.grid.lines()[row]


def test_a_zoom_shows_its_part_and_fits_it() -> None:
    y = [float(value) for value in range(1000)]
    chart = chart_of(y, 60, 12, x_range=(200, 300))
    assert (chart.x_scale.low, chart.x_scale.high) == (200, 300)
    assert (chart.y_scale.low, chart.y_scale.high) == (200, 300)
    assert len(data_columns(chart, 1)) == chart.frame.width
    half = chart_of(y, 60, 12, x_range=(None, 100), y_range=(-50, None))
    assert (half.x_scale.low, half.x_scale.high) == (0, 100)
    assert (half.y_scale.low, half.y_scale.high) == (-50, 100)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(24, 120))
def test_labels_of_x_stay_apart_and_inside(start: float, length: float, width: int) -> None:
    chart = line_chart([Line(Series([start, start + length], [0, 1]), 1)], width, 8)
    axis, labels = chart.grid.lines()[-2:]
    marks = [place for place, char in enumerate(axis) if char == "┬"]
    found = [(match.start(), match.end()) for match in re.finditer(r"\S+", labels)]
    assert len(found) == len(marks)
    for mark, (begin, end) in zip(marks, found, strict=True):
        assert begin - 1 <= mark <= end
    assert all(after[0] - before[1] >= 2 for before, after in pairwise(found))


def test_what_is_outside_the_given_range_is_not_drawn() -> None:
    for height in (1, 2, 10):
        for ascii_only in (False, True):
            chart = chart_of([5, 5, 5], 40, height, y_range=(0, 1), ascii_only=ascii_only)
            assert 1 not in chart.grid.styles


@pytest.mark.parametrize("log", [False, True])
def test_the_largest_and_smallest_floats_are_drawn(log: bool) -> None:
    chart = chart_of([5e-324, 1.0, 1.7e308], log=log)
    assert 1 in chart.grid.styles[0]
    assert 1 in chart.grid.styles[chart.frame.height - 1]
    assert 1 in chart_of([5e-324], log=log).grid.styles


def test_the_axis_reaches_a_rule_and_the_rule_is_named_once() -> None:
    chart = line_chart([Line(falling_loss(), 1)], 60, 12, rules=[Rule(0.5, "floor", 7)])
    assert chart.y_scale.low == 0.5
    text = "".join(chart.grid.lines())
    assert text.count("floor") == 1
    assert 7 in chart.grid.styles
    above = line_chart([Line(falling_loss(), 1)], 60, 12, rules=[Rule(99)], y_range=(0, 5))
    assert RULE not in above.grid.styles


def test_a_label_never_hides_a_line() -> None:
    flat = Series.counted([1.0] * 50)
    rules = [Rule(1.0, "a rule just under the line")]
    plain = line_chart([Line(flat, 1)], 50, 9)
    named = line_chart([Line(flat, 1)], 50, 9, rules=rules)
    assert (named.grid.styles == 1).sum() == (plain.grid.styles == 1).sum()
    assert "a rule just under the line" in "".join(named.grid.lines())


def test_text_of_a_label_cannot_drive_the_terminal() -> None:
    chart = line_chart([], 50, 9, rules=[Rule(1.0, "\x1b[31m日\n")])
    text = "".join(chart.grid.lines())
    assert "␛[31m?␊" in text
    assert "\x1b" not in text


def test_the_cursor_marks_the_nearest_points() -> None:
    series = Series([0, 10, 20], [1, 5, 3])
    chart = line_chart([Line(series, 4)], 50, 12, cursor=11)
    ((row, column),) = np.argwhere(chart.grid.codes == ord("●")).tolist()
    assert chart.grid.styles[row, column] == 4
    assert row == 0
    assert chart.x_at(column) == pytest.approx(10, abs=0.5)
    assert CURSOR in chart.grid.styles
    for beyond in (21.0, -1.0, math.nan):
        assert CURSOR not in line_chart([Line(series, 4)], 50, 12, cursor=beyond).grid.styles


def test_a_mouse_column_has_an_x_only_over_the_data() -> None:
    chart = chart_of([1, 2, 3], 50, 10)
    assert chart.x_at(chart.frame.left - 1) is None
    assert chart.x_at(50) is None
    assert chart.x_at(chart.frame.left) == pytest.approx(0, abs=0.05)
    assert chart.x_at(49) == pytest.approx(2, abs=0.05)


def test_a_small_chart_keeps_its_data_and_drops_its_axes() -> None:
    small = chart_of([1, 2, 3], 6, 2)
    assert (small.frame.width, small.frame.height) == (6, 2)
    assert AXIS not in small.grid.styles
    low = chart_of([1, 2, 3], 40, 4)
    assert low.frame.height == 4
    assert "┤" in "".join(low.grid.lines())


@pytest.mark.parametrize("given_", [{"x_range": (2, 1)}, {"y_range": (2, 1)}])
def test_a_range_that_falls_is_refused(given_: dict[str, Bounds]) -> None:
    with pytest.raises(ValueError, match="no axis goes"):
        chart_of([1, 2], **given_)


@pytest.mark.parametrize("dash", [(0, 1), (1, -1)])
def test_a_dash_of_nothing_is_refused(dash: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="dash"):
        Line(Series(), 1, dash)


@given(
    points=st.lists(st.lists(st.tuples(ANY.filter(math.isfinite), ANY)), max_size=3),
    width=SIZES,
    height=st.integers(-2, 30),
    log=st.booleans(),
    ascii_only=st.booleans(),
    reference=ANY,
    label=st.text(max_size=8),
)
def test_any_numbers_fill_any_size(
    *,
    points: list[list[tuple[float, float]]],
    width: int,
    height: int,
    log: bool,
    ascii_only: bool,
    reference: float,
    label: str,
) -> None:
    all_series = []
    for pairs in points:
        pairs.sort(key=lambda pair: pair[0])
        all_series.append(Series([x for x, _ in pairs], [y for _, y in pairs]))
    lines = [Line(series, style) for style, series in enumerate(all_series, start=1)]
    chart = line_chart(
        lines,
        width,
        height,
        bands=[Band(one, other, 9) for one, other in pairwise(all_series)],
        rules=[Rule(reference, label)],
        uprights=[Rule(reference, label)],
        cursor=reference,
        log=log,
        ascii_only=ascii_only,
    )
    text = chart.grid.lines()
    assert [len(line) for line in text] == [max(0, width)] * max(0, height)
    assert "".join(text).isascii() or not ascii_only
    assert "\x1b" not in "".join(text)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=300), st.integers(12, 80))
@example([0.0, 475204849.8575595, 475204849.8575595], 12)  # a * (1 - s) + a * s > a
def test_a_line_without_gaps_has_none(y: list[float], width: int) -> None:
    chart = chart_of(y, width, 8)
    assert data_columns(chart, 1) == list(range(chart.frame.width))


def test_painting_a_million_points_again_costs_what_a_thousand_cost() -> None:
    def seconds(count: int) -> float:
        y = np.sin(np.arange(count) / count * 20)
        lines = [Line(Series.counted(y), 1)]
        times = []
        for _ in range(20):
            start = time.perf_counter()
            line_chart(lines, 120, 30)
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(1_000_000) < 5 * seconds(1_000)


def test_spots_stand_at_their_points_and_never_crowd():
    few = Spots(Series([0, 5, 10], [0, 1, 0]), 3, "7")
    chart = line_chart([], 40, 12, spots=[few])
    assert "".join(chart.grid.lines()).count("7") == 3
    assert {style for row in range(12) for text, style in chart.grid.runs(row) if "7" in text} == {
        3
    }
    many = Spots(Series.counted(np.sin(np.arange(100_000))), 3, "7")
    for x_range in ((None, None), (20_000, 30_000), (17, 17.5)):
        chart = line_chart([], 40, 12, spots=[many], x_range=x_range)
        assert "".join(chart.grid.lines()).count("7") <= 10
    gaps = Spots(Series([1, 2, 3], [np.nan, -1, 1]), 3, "7")
    assert "".join(line_chart([], 40, 12, spots=[gaps], log=True).grid.lines()).count("7") == 1
    assert "7" not in "".join(line_chart([], 40, 12, spots=[Spots(Series(), 3, "7")]).grid.lines())
