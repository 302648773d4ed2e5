"""Durations and counts, read and written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import UsageError
from rnnterm.quantities import counted, format_age, format_count, format_duration, parse_duration

UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("75s", 75),
        ("2m", 120),
        ("1h30m", 5400),
        ("1h30m15s", 5415),
        ("1h5s", 3605),
        ("1.5h", 5400),
        ("0.25s", 0.25),
        ("90", 90),
        ("0.5", 0.5),
        (" 2M\n", 120),
        ("0h0m1s", 1),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_its_units_add_up(hours: int, minutes: int, seconds: int) -> None:
    total = 3600 * hours + 60 * minutes + seconds
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == total


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "s", "m", "x", "1x", "1 h", "h1", "1m1h", "1s1s", "5m30", "1..5s", "--5"),
        *("0", "0s", "0h0m", "-1", "-5s", "nan", "inf", "-inf", "1e999", "9" * 400 + "s", "2:30"),
    ],
)
def test_what_is_no_duration_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert str(caught.value) == f"{text!r} is not a duration: write 75s, 2m or 1h30m"


@given(st.text())
def test_any_text_is_a_finite_duration_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except UsageError as error:
        assert repr(text) in str(error)
    else:
        assert 0 < seconds < math.inf


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (48, "0:48"),
        (59.6, "1:00"),
        (725, "12:05"),
        (3599.7, "1:00:00"),
        (12_000, "3:20:00"),
        (360_000, "100:00:00"),
        (-3, "0:00"),
        (math.inf, "-:--"),
        (math.nan, "-:--"),
    ],
)
def test_a_duration_is_written(seconds: float, written: str) -> None:
    assert format_duration(seconds) == written


@given(st.floats(0, 1e7))
def test_a_written_duration_is_right_to_the_second(seconds: float) -> None:
    fields = [int(field) for field in format_duration(seconds).split(":")]
    assert all(field < 60 for field in fields[1:])
    total = sum(field * 60**power for power, field in enumerate(reversed(fields)))
    assert abs(total - seconds) <= 0.5


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0"),
        (812, "812"),
        (999.4, "999"),
        (999.6, "1k"),
        (44_321, "44k"),
        (999_499, "999k"),
        (999_999, "1.0M"),
        (1_300_000, "1.3M"),
        (9_970_000, "10M"),
        (59_800_000, "60M"),
        (999_999_999, "1.0G"),
        (2e9, "2.0G"),
        (1.5e12, "1500G"),
    ],
)
def test_a_count_is_written(count: float, written: str) -> None:
    assert format_count(count) == written


@given(st.floats(0, 9.99e11) | st.integers(0, 10**9))
def test_a_written_count_is_short_and_right_to_its_last_digit(count: float) -> None:
    written = format_count(count)
    assert len(written) <= 4
    unit = UNITS.get(written[-1], 1)
    number = written.rstrip("kMG")
    last_digit = unit / 10 if "." in number else unit
    assert abs(float(number) * unit - count) <= last_digit / 2 * (1 + 1e-9)


def test_an_age_is_its_largest_unit() -> None:
    ages = {0: "0s", -5: "0s", 59.9: "59s", 60: "1m", 3599: "59m", 7200: "2h", 86400 * 400: "400d"}
    assert {seconds: format_age(seconds) for seconds in ages} == ages
    assert format_age(math.nan) == format_age(math.inf) == "–"


def test_one_thing_has_no_plural():
    assert [counted(n, "unit") for n in (0, 1, 2048)] == ["0 units", "1 unit", "2,048 units"]
