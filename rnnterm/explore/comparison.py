"""Two models, or two checkpoints of one, on the same text: who expected it better, and where.

Both read the same characters: those that both know. T characters are left.
"""

import re
from dataclasses import dataclass

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import Doubles
from rnnterm.sampling.generator import line_start
from rnnterm.scoring.lines import ScoredText, score_text


@dataclass(frozen=True)
class Stretch:
    """A word of the text and what ends it.

    Attributes:
        start, stop: its characters, from 0; `stop` is the first after.
        bits: by how many bits in all the second model was more surprised; below zero, the first.
    """

    start: int
    stop: int
    bits: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """What each character of a text cost two models.

    Attributes:
        text: the characters that both read, as they were given.
        first, second: each model's surprisals and expectations, of T characters.
        left_out: the distinct characters of the text that one of them does not know.
        left_out_count: how many characters of the text those are.
    """

    text: str
    first: ScoredText
    second: ScoredText
    left_out: str
    left_out_count: int

    def __len__(self) -> int:
        return len(self.text)

    @property
    def difference(self) -> Doubles:
        """By how many bits each character surprised the second model more, shape (T,)."""
        difference: Doubles = self.second.surprisals - self.first.surprisals
        return difference

    @property
    def bits_per_char(self) -> float:
        """The mean difference; above zero the first model is the better one."""
        return float(self.difference.mean())

    def largest(self, count: int) -> list[Stretch]:
        """The `count` words on which they differ most, those of the most bits first."""
        differences = self.difference
        words = [
            Stretch(*match.span(), float(differences[slice(*match.span())].sum()))
            for match in _WORD.finditer(self.text)
        ]
        differing = [word for word in words if abs(word.bits) >= _NO_DIFFERENCE]
        return sorted(differing, key=lambda word: -abs(word.bits))[:count]


_WORD = re.compile(r"\S{1,40}\s?|\s")  # and what ends it, which the models had to expect as well
_NO_DIFFERENCE = 0.1  # bits


def compare_models(first: Model, second: Model, text: str) -> Comparison:
    """Let two models read a text, each as it reads when it generates.

    Raises RnntermError for a text without a character that both know.
    """
    is_known = [
        one in first.vocab.char_to_index and other in second.vocab.char_to_index
        for one, other in zip(first.vocab.fold(text), second.vocab.fold(text), strict=True)
    ]
    known = "".join(char for char, kept in zip(text, is_known, strict=True) if kept)
    if not known:
        why = "has no character that both models know" if text else "is empty"
        raise RnntermError(f"the text to compare on {why}; give another text")
    left_out = [char for char, kept in zip(text, is_known, strict=True) if not kept]
    return Comparison(
        known,
        score_text(first, known, line_start(first)),
        score_text(second, known, line_start(second)),
        "".join(dict.fromkeys(left_out)),
        len(left_out),
    )
