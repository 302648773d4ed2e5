"""The two maps of a character model: character to index and back."""

from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.wording import shorten

Ids = npt.NDArray[np.unsignedinteger]
"""Character indices, shape (length,), of the narrowest unsigned type that holds the vocabulary."""


def ids_dtype(symbol_count: int) -> np.dtype[np.unsignedinteger]:
    """The narrowest unsigned integer that can index `symbol_count` symbols."""
    return np.min_scalar_type(max(symbol_count - 1, 0))


def fold_character(char: str) -> str:
    """The lower-case form of one character, where that is one character; else the character.

    `str.lower` on whole texts looks at neighbours and can change the length (`İ`); a map between
    single characters cannot depend on where a stream is cut.
    """
    lowered = char.lower()
    return lowered if len(lowered) == 1 else char


class Vocabulary:
    """Sorted symbols, each character's index its position among them.

    With `lowercase`, text is folded before it is looked up, so a model trained on folded text
    takes seeds as people type them.
    """

    def __init__(self, symbols: Iterable[str], *, lowercase: bool = False) -> None:
        self.symbols = "".join(sorted(set(symbols)))
        self.lowercase = lowercase

    @classmethod
    def of_file(cls, symbols: Any, *, lowercase: Any) -> "Vocabulary":
        """The vocabulary that a file describes, where every index counts on its order.

        Raises RnntermError, naming what is wrong, unless the symbols are single characters, sorted
        and each there once.
        """
        if not isinstance(symbols, str | list) or not all(isinstance(one, str) for one in symbols):
            raise RnntermError("its vocabulary is no text of symbols")
        if not isinstance(lowercase, bool):
            raise RnntermError("its vocabulary does not say whether it is of lower case")
        for place, symbol in enumerate(symbols):
            if len(symbol) != 1 or "\ud800" <= symbol <= "\udfff":
                shown = shorten(ascii(symbol), 40)
                raise RnntermError(f"symbol {place} of its vocabulary, {shown}, is no character")
        for place, (before, symbol) in enumerate(pairwise(symbols), start=1):
            if before == symbol or before > symbol:
                how = "there twice" if symbol in symbols[:place] else "out of order"
                raise RnntermError(f"symbol {place} of its vocabulary, {symbol!a}, is {how}")
        return cls(symbols, lowercase=lowercase)

    def __len__(self) -> int:
        return len(self.symbols)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Vocabulary)
            and self.symbols == other.symbols
            and self.lowercase == other.lowercase
        )

    def __hash__(self) -> int:
        return hash((self.symbols, self.lowercase))

    @cached_property
    def char_to_index(self) -> dict[str, int]:
        """Every symbol's index."""
        return {char: index for index, char in enumerate(self.symbols)}

    @property
    def index_to_char(self) -> dict[int, str]:
        """Every index's symbol."""
        return dict(enumerate(self.symbols))

    def encode(self, text: str) -> Ids:
        """The indices of `text`, shape (len(text),).

        Raises RnntermError where the vocabulary lacks a character: `unknown_in` names them.
        """
        lookup = self.char_to_index
        try:
            indices = [lookup[char] for char in self.fold(text)]
        except KeyError as missing:
            raise RnntermError(
                f"the vocabulary of {len(self)} symbols has no {missing.args[0]!a}"
            ) from None
        return np.array(indices, dtype=ids_dtype(len(self)))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of an iterable of indices."""
        return "".join(self.symbols[index] for index in ids)

    def fold(self, text: str) -> str:
        """`text` in lower case if this vocabulary is."""
        return "".join(map(fold_character, text)) if self.lowercase else text

    def unknown_in(self, text: str) -> str:
        """The distinct characters of `text` that this vocabulary lacks, in order of appearance."""
        known = self.char_to_index
        return "".join(dict.fromkeys(char for char in self.fold(text) if char not in known))

    def keep_known(self, text: str) -> str:
        """`text` without the characters that this vocabulary lacks."""
        known = self.char_to_index
        return "".join(char for char in self.fold(text) if char in known)
