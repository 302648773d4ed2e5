"""The classic view of a text: fixed windows, each with the character that comes next.

Nothing here is copied from the corpus: windows and targets are strided views of its indices, and
one-hot rows are made for the batch that asks.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rnnterm.text.vocab import Ids

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Windows of `length` characters, one every `stride`, each with its next character.

    Attributes:
        inputs: indices, shape (n, length); a view of the text.
        targets: the character after each window, shape (n,); a view of the text.
    """

    inputs: npt.NDArray[np.unsignedinteger]
    targets: Ids
    length: int
    stride: int

    @classmethod
    def over(cls, ids: Ids, length: int = 100, stride: int = 1) -> "Windows":
        """The windows of a text that has a next character for each; none if it is too short."""
        if len(ids) <= length:
            return cls(np.empty((0, length), ids.dtype), ids[:0], length, stride)
        # The last window would have no target, hence the text without its last character.
        inputs = np.lib.stride_tricks.sliding_window_view(ids[:-1], length)[::stride]
        return cls(inputs, ids[length::stride], length, stride)

    def __len__(self) -> int:
        return len(self.targets)


def one_hot(ids: npt.NDArray[np.unsignedinteger], symbol_count: int) -> Floats:
    """Rows with a single 1 at each index: (...) indices become (..., symbol_count)."""
    rows = np.zeros((*ids.shape, symbol_count), np.float32)
    np.put_along_axis(rows, ids[..., np.newaxis].astype(np.intp), 1.0, axis=-1)
    return rows


def scalar(ids: npt.NDArray[np.unsignedinteger], symbol_count: int) -> Floats:
    """The tutorials' input: index / number of symbols in [0, 1), (...) becomes (..., 1)."""
    return (ids[..., np.newaxis] / np.float32(symbol_count)).astype(np.float32)
