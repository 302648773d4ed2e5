"""Surprisal: how many bits each character of a text costs a model, and which lines cost most.

Surprisal is -log2 of the probability that the model gave the character that came: 0 where it was
sure of it, 1 for a coin toss, 6 and more where something else was meant to be there.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import Doubles
from rnnterm.scoring.reading import log_likelihoods, text_predictions
from rnnterm.text.vocab import Ids, Vocabulary

_NATS_PER_BIT = math.log(2)
_EXPECTED = 3  # candidates kept a character: one may be the character that came


@dataclass(frozen=True)
class ScoredLine:
    """One line of a text; n characters, its line end among them where it has one.

    Attributes:
        number: from 1.
        text: its characters, without the line end.
        surprisals: bits a character, shape (n,); NaN for one that the model does not know.
        start: where in the text it begins.
    """

    number: int
    text: str
    surprisals: Doubles
    start: int

    @property
    def bits(self) -> float:
        """The surprisals' sum."""
        return float(np.nansum(self.surprisals))

    @property
    def unknown(self) -> int:
        """How many of its characters the model does not know."""
        return int(np.count_nonzero(np.isnan(self.surprisals)))

    @property
    def mean_bits(self) -> float:
        """Bits per character that the model knows; NaN where it knows none."""
        known = len(self.surprisals) - self.unknown
        return self.bits / known if known else math.nan

    @property
    def peak(self) -> int:
        """Which of its characters was the most surprising; one must be known."""
        return int(np.nanargmax(self.surprisals))


@dataclass(frozen=True)
class Candidate:
    """A character that might have come next, and the probability that the model gave it."""

    char: str
    probability: float


@dataclass(frozen=True)
class ScoredText:
    """A text and what each of its T characters cost.

    Attributes:
        text: as it was given.
        surprisals: bits a character, shape (T,); NaN for one that the model does not know.
        vocab: the model's.
        unknown_symbols: the distinct characters of the text that it does not know.
        expected: the indices of the likeliest characters, the first likeliest, shape (T, K).
        chances: their probabilities, shape (T, K).
    """

    text: str
    surprisals: Doubles
    vocab: Vocabulary
    unknown_symbols: str
    expected: Ids
    chances: Doubles

    @property
    def unknown(self) -> int:
        """How many characters the model does not know; they are passed over."""
        return int(np.isnan(self.surprisals).sum())

    @property
    def characters(self) -> int:
        """How many characters were read."""
        return len(self.text) - self.unknown

    @property
    def bits(self) -> float:
        """What the whole text cost."""
        return float(np.nansum(self.surprisals))

    @property
    def nats(self) -> float:
        """The same in nats."""
        return self.bits * _NATS_PER_BIT

    @property
    def bits_per_char(self) -> float:
        """The mean surprisal."""
        return self.bits / self.characters

    @cached_property
    def lines(self) -> list[ScoredLine]:
        """The lines in reading order."""
        lines, start = [], 0
        for number, line in enumerate(self.text.split("\n"), 1):
            # The line end is part of what was to be expected, and the last line may have none.
            stop = min(start + len(line) + 1, len(self.text))
            if start < stop:
                lines.append(ScoredLine(number, line, self.surprisals[start:stop], start))
            start = stop
        return lines

    def expected_instead(self, place: int) -> list[Candidate]:
        """The likeliest characters at a place but for the one that came, the likeliest first."""
        candidates = [
            Candidate(self.vocab.symbols[index], float(chance))
            for index, chance in zip(self.expected[place], self.chances[place], strict=True)
        ]
        came = self.vocab.fold(self.text[place])
        return [one for one in candidates if one.char != came][: _EXPECTED - 1]

    def most_surprising(self, count: int | None = None, min_length: int = 1) -> list[ScoredLine]:
        """The `count` lines of the highest mean surprisal, or all, the highest first.

        Lines of less than `min_length` characters, and those without a known one, are left out.
        """
        eligible = [
            line
            for line in self.lines
            if len(line.text) >= min_length and not math.isnan(line.mean_bits)
        ]
        return sorted(eligible, key=lambda line: -line.mean_bits)[:count]


def score_text(model: Model, text: str, before: str) -> ScoredText:
    """The surprisal of every character of `text`, read as the model reads when it generates.

    `before` is the one character that is taken to stand before the text. Characters that the model
    does not know are passed over, as if the text did not have them.

    Raises RnntermError for a text without a character that the model knows.
    """
    vocab = model.vocab
    ids = vocab.encode(before + vocab.keep_known(text))
    if len(ids) == 1:
        raise RnntermError("the model knows no character of this text: there is nothing to score")
    known = vocab.char_to_index
    places = np.flatnonzero([char in known for char in vocab.fold(text)])
    kept = min(_EXPECTED, len(vocab))
    surprisals = np.full(len(text), np.nan)
    expected, chances = np.zeros((len(text), kept), ids.dtype), np.zeros((len(text), kept))
    start = 0
    for piece in text_predictions(model, ids[:-1]):
        stop = start + len(piece)
        here = places[start:stop]
        given = log_likelihoods([piece], ids[start + 1 : stop + 1])
        likeliest = _likeliest(piece, kept)
        surprisals[here] = np.abs(given) / _NATS_PER_BIT  # of numbers at most 0, and never -0
        expected[here] = likeliest
        chances[here] = np.exp(np.take_along_axis(piece, likeliest, axis=1))
        start = stop
    return ScoredText(text, surprisals, vocab, vocab.unknown_in(text), expected, chances)


def _likeliest(log_probabilities: Doubles, count: int) -> npt.NDArray[np.intp]:
    """The indices of the highest `count` of V values a row, highest first: (T, V) to (T, count)."""
    some = np.argpartition(-log_probabilities, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(log_probabilities, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)
