"""Reading a text in pieces, so that a screen may stop it between any two."""

from collections.abc import Callable
from dataclasses import replace

from rnnterm.explore.reading import Reading, read_text
from rnnterm.explore.unrolled import LONGEST
from rnnterm.nn.modelfile import Model

_PIECE = 1_000


def read_while(model: Model, text: str, is_wanted: Callable[[], bool]) -> Reading | None:
    """`read_text`, as long as it is wanted; None once it is not.

    Raises RnntermError as `read_text` does.
    """
    known = model.vocab.keep_known(text)
    if len(known) <= _PIECE:
        return read_text(model, text)
    reading = read_text(model, known[:_PIECE])
    for start in range(_PIECE, min(len(known), LONGEST), _PIECE):
        if not is_wanted():
            return None
        reading = reading.extended(known[start : start + _PIECE][: LONGEST - start])
    unknown, left_out = model.vocab.unknown_in(text), max(0, len(known) - LONGEST)
    return replace(reading, unknown=unknown, left_out=left_out)
