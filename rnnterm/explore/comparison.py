"""Two models, or two checkpoints of one, on the same text: who expected it better, and where.

Both read the same characters: those that both know. T characters are left.
"""

from dataclasses import dataclass

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import Doubles
from rnnterm.sampling.generator import line_start
from rnnterm.scoring.lines import ScoredText, score_text


@dataclass(frozen=True)
class Stretch:
    """A piece of the text on which one model did much better.

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
        """The `count` stretches on which they differ most, those of the most bits first.

        A stretch is where one model leads throughout: its neighbours are as near as makes no
        difference, or better for the other.
        """
        leads = np.sign(np.where(np.abs(self.difference) < _NO_DIFFERENCE, 0, self.difference))
        edges = np.append(np.flatnonzero(np.diff(leads, prepend=np.nan)), len(leads))
        sums = np.add.reduceat(np.append(self.difference, 0.0), edges)[:-1]
        order = np.argsort(-np.abs(sums), kind="stable")[:count]
        return [
            Stretch(int(edges[n]), int(edges[n + 1]), float(sums[n]))
            for n in order
            if leads[edges[n]]
        ]


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
