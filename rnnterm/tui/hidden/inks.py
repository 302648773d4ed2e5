"""Colours for values of both signs: blue below zero, orange above, in the theme's surroundings.

Strong values are marked beside their colour, so that they are told apart without one.
"""

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from rnnterm.plotting.palette import (
    SEQUENTIAL,
    SEQUENTIAL_256,
    SIGNED,
    SIGNED_256,
    ramp,
    ramp_256,
    rgb_256,
)

LEVELS = 13
"""Of a map; its cells have two, and a style for each pair."""
TINTS = 5
"""Of a text, on each side of zero."""

_ORANGE, _BLUE = Color(241, 125, 45), Color(40, 100, 170)
_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)
_BRIGHT = 0.42  # as Textual measures it; from here on, black stands out more


def ramp_of(widget: Widget, *, signed: bool) -> tuple[Color, ...]:
    """The colour of each level of a map, as the terminal can show it."""
    system = widget.app.console.color_system
    if system == "truecolor" or system is None:
        colors = ramp(SIGNED if signed else SEQUENTIAL, LEVELS)
    else:
        indices = ramp_256(SIGNED_256 if signed else SEQUENTIAL_256, LEVELS)
        colors = tuple(rgb_256(index) for index in indices)
    return tuple(Color(*color) for color in colors)


def tint_styles(widget: Widget) -> dict[int, Style]:
    """The style of each tint of a text, -`TINTS` to `TINTS`; bold far above, underlined below."""
    looks = widget.visual_style
    plain, back = looks.rich_style, looks.background or _BLACK
    styles = {0: plain}
    for tint in range(-TINTS, TINTS + 1):
        mark = Style(bold=tint >= TINTS - 1 or None, underline=tint <= 1 - TINTS or None)
        if not tint or widget.app.no_color:
            styles[tint] = plain + mark
            continue
        ground = back.blend(_ORANGE if tint > 0 else _BLUE, abs(tint) / TINTS)
        ink = contrast(ground)
        styles[tint] = plain + Style(color=ink.rich_color, bgcolor=ground.rich_color) + mark
    return styles


def bar_styles(widget: Widget) -> dict[int, Style]:
    """The style of a bar of each tint, -`TINTS` to `TINTS`; bold far above."""
    looks = widget.visual_style
    plain, back, ink = looks.rich_style, looks.background or _BLACK, looks.foreground or _WHITE
    styles = {}
    for tint in range(-TINTS, TINTS + 1):
        bar = back.blend(ink, 0.5).blend(_ORANGE if tint > 0 else _BLUE, abs(tint) / TINTS)
        mark = Style(bold=tint >= TINTS - 1 or None)
        no_color = widget.app.no_color
        styles[tint] = plain + mark + (Style() if no_color else Style(color=bar.rich_color))
    return styles


def contrast(ground: Color) -> Color:
    """Black or white, whichever reads better on a colour."""
    return _BLACK if ground.brightness > _BRIGHT else _WHITE
