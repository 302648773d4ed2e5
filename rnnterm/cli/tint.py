"""How sure the network was, as a tint: plain where it was, towards orange where it was surprised.

One direction of one colour-blind safe hue, and the most surprising characters are bold and
underlined too, so that it reads in 256 colours, on light and dark, and in a photograph.
"""

LEVELS = (
    (0.5, ""),
    (0.2, "38;5;223"),
    (0.05, "38;5;215"),
    (0.01, "38;5;208"),
    (0.0, "1;4;38;5;202"),
)
"""From the surest down: the lowest probability of a level, and its SGR parameters."""


def tint_of(probability: float) -> str:
    """The SGR parameters for a character of that probability; empty for the surest."""
    return next(code for lowest, code in LEVELS if probability >= lowest)
