"""Bars, sparklines and progress: exact widths, shares to the eighth, nothing raised."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.plotting.bars import Bar, bar, bar_chart, progress_bar, sparkline
from rnnterm.plotting.cells import AXIS

SIZES = st.integers(-2, 60)


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0, "    "),
        (1e-9, "▏   "),
        (0.25, "▇   "),
        (0.5, "▇▇  "),
        (0.53125, "▇▇▏ "),
        (0.9, "▇▇▇▋"),
        (1, "▇▇▇▇"),
        (7, "▇▇▇▇"),
        (-1, "    "),
        (math.nan, "    "),
    ],
)
def test_a_bar_has_eighths(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


@given(st.floats(), SIZES, st.booleans())
def test_a_bar_has_its_width(share: float, width: int, ascii_only: bool) -> None:
    drawn = bar(share, width, ascii_only=ascii_only)
    assert len(drawn) == max(0, width)
    assert drawn.isascii() or not ascii_only
    assert bool(drawn.strip()) == (share > 0 and width > 0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_has_a_shorter_bar(one: float, other: float) -> None:
    eighths = " ▏▎▍▌▋▊▉▇"
    lengths = [sum(map(eighths.index, bar(share, 10))) for share in sorted((one, other))]
    assert lengths[0] <= lengths[1]


def test_a_chart_of_bars_has_columns() -> None:
    chart = bar_chart(
        [Bar("'a'", 0.41, ".41", 2), Bar("'o'", 0.2, ".2"), Bar("'␣'", 0.001, ".001")], 20
    )
    assert chart.lines() == [
        "'a'  .41 ▇▇▇▇▌      ",
        "'o'   .2 ▇▇▎        ",
        "'␣' .001 ▏          ",
    ]
    assert ("▇▇▇▇▌", 2) in chart.runs(0)
    assert chart.runs(0)[0] == ("'a'", AXIS)


@given(
    st.lists(st.builds(Bar, st.text(max_size=5), st.floats(), st.text(max_size=5))),
    SIZES,
    st.booleans(),
)
def test_any_bars_fill_exactly_their_width(bars: list[Bar], width: int, ascii_only: bool) -> None:
    lines = bar_chart(bars, width, ascii_only=ascii_only).lines()
    assert [len(line) for line in lines] == [max(0, width)] * len(bars)
    assert "".join(lines).isascii() or not ascii_only


def test_a_sparkline() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 8, math.nan, 1], 6) == "▁█ ▁  "
    assert sparkline([1, 2, 3], 3, low=1, high=8) == "▁▂▃"
    assert sparkline([0, 1], 2, ascii_only=True) == "_#"
    assert sparkline([], 3) == "   "


def test_a_spike_among_many_shows() -> None:
    values = [0.0] * 10_000
    values[4321] = 1.0
    assert sparkline(values, 20).count("█") == 1


@given(st.lists(st.floats()), SIZES, st.booleans())
def test_any_sparkline_has_its_width(values: list[float], width: int, ascii_only: bool) -> None:
    drawn = sparkline(values, width, ascii_only=ascii_only)
    assert len(drawn) == max(0, width)
    assert drawn.isascii() or not ascii_only


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0, "─────"),
        (0.61, "━━━──"),
        (0.7, "━━━╸─"),
        (0.99, "━━━━╸"),
        (1, "━━━━━"),
        (math.nan, "─────"),
    ],
)
def test_progress_is_heavy_and_never_full_too_early(share: float, drawn: str) -> None:
    assert progress_bar(share, 5).lines() == [drawn]


@given(st.floats(), SIZES)
def test_progress_has_its_width_in_ascii(share: float, width: int) -> None:
    (line,) = progress_bar(share, width, ascii_only=True).lines()
    assert len(line) == max(0, width)
    assert line.isascii()
