"""Colours that can be told apart, whatever the eyes and the terminal."""

from itertools import pairwise

import pytest

from rnnterm.plotting.palette import (
    RGB,
    SEQUENTIAL,
    SEQUENTIAL_256,
    SERIES,
    SIGNED,
    SIGNED_256,
    nearest_256,
    ramp,
    ramp_256,
    rgb_256,
)


def luminance(color: RGB) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("levels", [3, 9, 17, 25])
def test_the_signed_ramp_darkens_away_from_white_on_both_sides(levels: int) -> None:
    lights = [luminance(color) for color in ramp(SIGNED, levels)]
    middle = levels // 2
    assert all(one < other for one, other in pairwise(lights[: middle + 1]))
    assert all(one > other for one, other in pairwise(lights[middle:]))
    assert ramp(SIGNED, levels)[middle] == (247, 247, 247)


def test_the_ends_of_the_signed_ramp_differ_in_brightness_too() -> None:
    negative, positive = luminance(SIGNED[0]), luminance(SIGNED[-1])
    assert (positive + 0.05) / (negative + 0.05) > 2.5


def test_blue_is_below_zero_and_orange_above() -> None:
    colors = ramp(SIGNED, 25)
    assert all(blue > red for red, _, blue in colors[:12])
    assert all(red > blue for red, _, blue in colors[13:])


def test_a_ramp_of_one_sign_only_darkens() -> None:
    lights = [luminance(color) for color in ramp(SEQUENTIAL, 12)]
    assert all(one > other for one, other in pairwise(lights))


def test_a_ramp_keeps_its_ends() -> None:
    assert ramp(((0, 0, 0), (100, 200, 50)), 3) == ((0, 0, 0), (50, 100, 25), (100, 200, 50))
    with pytest.raises(ValueError, match="two"):
        ramp(SIGNED, 1)


@pytest.mark.parametrize(
    ("color", "index"),
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
        ((255, 0, 0), 196),
        ((0, 0, 255), 21),
        ((8, 8, 8), 232),
        ((128, 128, 128), 244),
        ((95, 135, 175), 67),
    ],
)
def test_the_nearest_of_256(color: RGB, index: int) -> None:
    assert nearest_256(color) == index


def test_series_stay_apart_in_256_colors() -> None:
    assert len({nearest_256(color) for color in SERIES}) == len(SERIES)


@pytest.mark.parametrize("levels", [3, 9, 13])
def test_the_signed_ramp_of_256_colors_darkens_on_both_sides_of_white(levels: int) -> None:
    lights = [luminance(rgb_256(index)) for index in ramp_256(SIGNED_256, levels)]
    middle = levels // 2
    assert all(one < other for one, other in pairwise(lights[: middle + 1]))
    assert all(one > other for one, other in pairwise(lights[middle:]))
    assert lights[middle] == pytest.approx(1)
    assert (lights[-1] + 0.05) / (lights[0] + 0.05) > 2.5


@pytest.mark.parametrize("levels", [17, 25])
def test_more_levels_than_colors_keep_zero_white(levels: int) -> None:
    indices = ramp_256(SIGNED_256, levels)
    assert len(indices) == levels
    assert indices[levels // 2] == 231
    assert (indices[0], indices[-1]) == (SIGNED_256[0], SIGNED_256[-1])


def test_the_sequential_ramp_of_256_colors_only_darkens() -> None:
    lights = [luminance(rgb_256(index)) for index in ramp_256(SEQUENTIAL_256, 9)]
    assert all(one > other for one, other in pairwise(lights))
    with pytest.raises(ValueError, match="two"):
        ramp_256(SEQUENTIAL_256, 1)


@pytest.mark.parametrize("index", [16, 67, 231, 232, 255])
def test_a_color_of_the_256_is_its_own_nearest(index: int) -> None:
    assert nearest_256(rgb_256(index)) == index
