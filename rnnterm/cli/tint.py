"""How sure the network was, as a tint: plain where it was, towards orange where it was surprised.

One direction of one colour-blind safe hue, and the most surprising characters are bold and
underlined too, so that it reads in 256 colours, on light and dark, and in a photograph.
"""

from rnnterm.sampling.surprise import SURPRISES, surprise_of

_CODES = ("", "38;5;223", "38;5;215", "38;5;208", "1;4;38;5;202")
LEVELS = tuple(zip((*SURPRISES, 0.0), _CODES, strict=True))
"""From the surest down: the lowest probability of a level, and its SGR parameters."""


def tint_of(probability: float) -> str:
    """The SGR parameters for a character of that probability; empty for the surest."""
    return _CODES[surprise_of(probability)]
