"""Samples as they grow: what may be shown already, and why each ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rnnterm.nn.modelfile import Model
from rnnterm.sampling.generator import Reader, draw
from rnnterm.sampling.loops import LOOP_SIGHT, find_loop
from rnnterm.sampling.strategies import Strategy

_LOOK_FOR_LOOPS_EVERY = 64


class Writing:
    """One sample.

    Attributes:
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
        self._length, self._stops = length, tuple(stops)
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
        full = len(self.characters) >= self._length
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
    growing = {number for number, writing in enumerate(writings) if writing.done_reason is None}
    draws = draw(model, seed, strategy, rng_seed, samples=len(writings), network=network)
    while growing:
        one = next(draws)
        scores = one.log_probabilities().tolist() if scored else []
        for number in sorted(growing):
            writing = writings[number]
            if scored:
                writing.log_probabilities.append(scores[number])
            before = writing.shown
            symbol = model.vocab.symbols[one.indices[number]]
            piece = writing.add(symbol, ends_at_loops=ends_at_loops)
            if piece:
                yield Piece(number, piece, writing.log_probabilities[before : writing.shown])
            if writing.done_reason is not None:
                growing.discard(number)
