"""Samples as they grow: what may be shown already, and why each ended."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.sampling.beam import beam_search
from rnnterm.sampling.generator import Reader, draw
from rnnterm.sampling.loops import LOOP_SIGHT, find_loop
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.vocab import Vocabulary

_LOOK_FOR_LOOPS_EVERY = 64

Step = tuple[Sequence[str], Sequence[float] | None]
"""One character for each sample, and their log-probabilities where they are known."""


class Writing:
    """One sample.

    Attributes:
        length: characters at which it is done.
        characters: what it holds so far; once done, without the stop text that ended it.
        log_probabilities: what the network gave each, in nats; empty if nobody asked.
        shown: how many characters have been handed out.
        done_reason: None while it grows; `length`, `stop: 'x'`, or `loop of 4: 'tee '` if it ended
            at a loop or, at its full length, was found to be in one.
    """

    def __init__(self, length: int, stops: Sequence[str] = ()) -> None:
        self.characters: list[str] = []
        self.log_probabilities: list[float] = []
        self.shown = 0
        self.done_reason = "length" if length == 0 else None
        self.length, self._stops = length, _longest_first(stops)
        self._tail = ""
        self._tail_length = max(LOOP_SIGHT, *map(len, self._stops), 0)

    @property
    def text(self) -> str:
        """All of its characters."""
        return "".join(self.characters)

    @property
    def mean_log_probability(self) -> float | None:
        """Mean nats per character that the network gave this text."""
        scored = self.log_probabilities[: len(self.characters)]
        return sum(scored) / len(scored) if scored else None

    def add(self, char: str, *, ends_at_loops: bool = False) -> str:
        """Take one more character; what may now be shown, holding back the start of a stop text."""
        self.characters.append(char)
        self._tail = (self._tail + char)[-self._tail_length :]
        self.done_reason = self._reason_to_end(ends_at_loops=ends_at_loops)
        held = 0 if self.done_reason else self._held_back()
        piece = "".join(self.characters[self.shown : len(self.characters) - held])
        self.shown += len(piece)
        return piece

    def _reason_to_end(self, *, ends_at_loops: bool) -> str | None:
        for stop in self._stops:
            if self._tail.endswith(stop):
                del self.characters[-len(stop) :]
                return f"stop: {stop!r}"
        full = len(self.characters) >= self.length
        look = full or (ends_at_loops and len(self.characters) % _LOOK_FOR_LOOPS_EVERY == 0)
        unit = find_loop(self._tail) if look else None
        if unit is not None:
            return f"loop of {len(unit)}: {unit!r}"
        return "length" if full else None

    def _held_back(self) -> int:
        """Characters at the end that a stop text may begin with."""
        if not self._stops:
            return 0
        begun = (
            size
            for stop in self._stops
            for size in range(1, len(stop))
            if self._tail.endswith(stop[:size])
        )
        return max(begun, default=0)


def _longest_first(stops: Sequence[str]) -> list[str]:
    if "" in stops:
        raise UsageError("a stop text cannot be empty")
    return sorted(stops, key=len, reverse=True)


@dataclass(frozen=True)
class Piece:
    """More of one sample that may be shown, with its characters' log-probabilities if asked for."""

    number: int
    text: str
    log_probabilities: Sequence[float]


def write(
    model: Model,
    seed: str,
    strategy: Strategy,
    rng_seed: int,
    writings: Sequence[Writing],
    *,
    scored: bool = False,
    ends_at_loops: bool = False,
    network: Reader | None = None,
) -> Iterator[Piece]:
    """Let the samples `writings` grow until each is done, piece by piece as it can be shown.

    With `scored`, the network's log-probabilities are kept too.
    """
    symbols = model.vocab.symbols

    def steps() -> Iterator[Step]:
        draws = draw(model, seed, strategy, rng_seed, samples=len(writings), network=network)
        for one in draws:
            scores = one.log_probabilities().tolist() if scored else None
            yield [symbols[index] for index in one.indices.tolist()], scores

    return grow(writings, steps(), ends_at_loops=ends_at_loops)


def write_beam(
    model: Model, seed: str, width: int, writing: Writing, *, ends_at_loops: bool = False
) -> Iterator[Piece]:
    """Let one sample grow along the result of a beam search."""
    text, log_probabilities = beam_search(model, seed, writing.length, width)
    steps = (([char], [gain]) for char, gain in zip(text, log_probabilities, strict=True))
    return grow([writing], steps, ends_at_loops=ends_at_loops)


def grow(
    writings: Sequence[Writing], steps: Iterator[Step], *, ends_at_loops: bool
) -> Iterator[Piece]:
    """Add each step's characters to their samples, until all are done."""
    growing = [number for number, writing in enumerate(writings) if writing.done_reason is None]
    while growing:
        characters, scores = next(steps)
        for number in growing:
            writing = writings[number]
            if scores is not None:
                writing.log_probabilities.append(scores[number])
            before = writing.shown
            piece = writing.add(characters[number], ends_at_loops=ends_at_loops)
            if piece:
                yield Piece(number, piece, writing.log_probabilities[before : writing.shown])
        growing = [number for number in growing if writings[number].done_reason is None]


def fold_stops(stops: Iterable[str], vocab: Vocabulary) -> tuple[tuple[str, ...], str]:
    """Stop texts as the model writes them, and the characters among them that it never does."""
    folded = tuple(map(vocab.fold, stops))
    return folded, vocab.unknown_in("".join(folded))
