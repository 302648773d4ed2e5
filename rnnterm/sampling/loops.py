"""Finding the loop that a text has run into."""

import numpy as np

_LONGEST = 200  # characters in the repeated unit
_REPEATS = 3
_SHORTEST_RUN = 60
LOOP_SIGHT = _LONGEST * _REPEATS
"""Characters from the end of a text that are enough to find any loop."""


def find_loop(text: str) -> str | None:
    """The unit that the end of a text repeats over and over, or None.

    A run counts from three repeats and 60 characters on; of several units the shortest is named,
    begun at the place where the run begins.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    for length in range(1, min(_LONGEST, len(codes) // _REPEATS) + 1):
        # The end runs with this period as far back as each character equals the one a unit before.
        differs = np.flatnonzero(codes[length:] != codes[:-length])
        begin = int(differs[-1]) + 1 if len(differs) else 0
        run = len(codes) - begin
        if run >= max(_REPEATS * length, _SHORTEST_RUN):
            return text[begin : begin + length]
    return None
