"""How surprised a model was by a character, in levels that a screen can tint."""

SURPRISES = (0.5, 0.2, 0.05, 0.01)
"""The lowest probability of each level but the last, from the least surprised."""


def surprise_of(probability: float) -> int:
    """How surprised a model was that gave a character this probability: 0 (not at all) to 4."""
    return sum(probability < lowest for lowest in SURPRISES)
