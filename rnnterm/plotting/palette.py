"""Colours that stay apart for colour-blind eyes: RGB, and the nearest of a terminal's 256."""

from itertools import pairwise

RGB = tuple[int, int, int]

SERIES: tuple[RGB, ...] = (
    (230, 159, 0),  # orange
    (86, 180, 233),  # sky blue
    (0, 158, 115),  # bluish green
    (204, 121, 167),  # reddish purple
    (240, 228, 66),  # yellow
    (0, 114, 178),  # blue
    (213, 94, 0),  # vermilion
    (153, 153, 153),  # grey, in the place of black, which a dark screen swallows
)
"""Okabe and Ito's categorical colours, those easiest to tell apart first."""

SIGNED: tuple[RGB, ...] = (
    (8, 48, 107),
    (66, 133, 190),
    (158, 202, 225),
    (247, 247, 247),
    (253, 190, 133),
    (241, 125, 45),
    (217, 72, 1),
)
"""Blue below zero, white at zero, orange above; full blue is also much darker than full orange."""

SEQUENTIAL: tuple[RGB, ...] = (
    (247, 247, 247),
    (253, 190, 133),
    (241, 125, 45),
    (217, 72, 1),
    (127, 39, 4),
)
"""White at nothing, through orange to brown, for values of one sign."""

SIGNED_256 = (17, 25, 32, 74, 117, 153, 231, 223, 216, 215, 208, 202, 166)
"""`SIGNED` for 256 colours: picked by eye, because nearest colours stray into purple and pink."""

SEQUENTIAL_256 = (231, 223, 216, 215, 208, 202, 166, 130, 94)
"""`SEQUENTIAL` for 256 colours."""

_CUBE = (0, 95, 135, 175, 215, 255)
_XTERM: tuple[RGB, ...] = (
    *((red, green, blue) for red in _CUBE for green in _CUBE for blue in _CUBE),
    *((grey, grey, grey) for grey in range(8, 239, 10)),
)
_XTERM_FIRST = 16  # those before are the user's own theme


def ramp(anchors: tuple[RGB, ...], levels: int) -> tuple[RGB, ...]:
    """`levels` colours at equal distances along the anchors (at least two of each)."""
    if levels < 2 or len(anchors) < 2:
        raise ValueError("a ramp needs two anchors and two levels")
    segments = list(pairwise(anchors))
    colors = []
    for level in range(levels):
        place = level * len(segments) / (levels - 1)
        index = min(int(place), len(segments) - 1)
        colors.append(_blend(*segments[index], place - index))
    return tuple(colors)


def ramp_256(anchors: tuple[int, ...], levels: int) -> tuple[int, ...]:
    """`levels` of the colour indices, evenly; of more than there are, some come twice."""
    if levels < 2:
        raise ValueError("a ramp needs two levels")
    return tuple(
        anchors[round(level * (len(anchors) - 1) / (levels - 1))] for level in range(levels)
    )


def rgb_256(index: int) -> RGB:
    """What the colour of an index from 16 to 255 looks like."""
    return _XTERM[index - _XTERM_FIRST]


def _blend(one: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (
        round(start + (end - start) * share) for start, end in zip(one, other, strict=True)
    )
    return red, green, blue


def nearest_256(color: RGB) -> int:
    """The index (16 to 255) of the nearest colour that terminals with 256 colours agree on."""
    return _XTERM_FIRST + min(range(len(_XTERM)), key=lambda index: _distance(_XTERM[index], color))


def _distance(one: RGB, other: RGB) -> float:
    """How different two colours look: squared distance, weighted by the mean red (redmean)."""
    red = (one[0] + other[0]) / 512
    weights = (2 + red, 4.0, 3 - red)
    return sum(weight * (a - b) ** 2 for weight, a, b in zip(weights, one, other, strict=True))
