"""A text that goes on for ever, while its model, its strategy and its seed may change.

What a screen shows of a model that speaks without end: the last characters with how surprised the
model was, in bounded memory; the networks' states of fewer, so that stepping back stays free.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rnnterm.nn.modelfile import Model
from rnnterm.sampling.steering import Candidate, Steering, save_text
from rnnterm.sampling.strategies import Strategy

LETTERS_KEPT = 20_000
_SLACK = 1_000  # so that letters are let go of many at a time
_STATES_KEPT = 1_000
_FORGET_EVERY = 250
_SEED_READ = 2_000  # characters of a long seed that a model reads
_TAIL_READ = 200  # characters of a text that another model goes on from
_RATE_SECONDS = 2.0

_TOP_KS = (1, 2, 3, 5, 10, 20, 40)
_HOTTEST = 5.0


class Letter(NamedTuple):
    """A character of the text.

    Attributes:
        probability: what the model gave it, before any temperature; None in the seed.
    """

    char: str
    probability: float | None


class LiveText:
    """A seed and what models wrote after it, a little more with each call.

    The same arguments and the same calls make the same text, but for where a time limit cut.

    Attributes:
        model: who writes.
    """

    def __init__(
        self,
        model: Model,
        seed: str,
        strategy: Strategy,
        rng_seed: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """See `restart` for the seed; `clock` tells seconds."""
        self.model = model
        self._strategy, self._rng_seed, self._clock = strategy, rng_seed, clock
        self._marks: deque[tuple[float, int]] = deque()
        self.restart(seed)

    # What it is

    @property
    def letters(self) -> tuple[Letter, ...]:
        """The last letters, about `LETTERS_KEPT` of them, from the seed's first on."""
        return tuple(self._letters)

    def text(self) -> str:
        """The letters as a text."""
        return "".join(letter.char for letter in self._letters)

    def save(self, path: Path) -> None:
        """Write the text into a new file; raises as `save_text` does."""
        save_text(path, self.text())

    @property
    def is_behind(self) -> bool:
        """Whether the model has yet to read some of the text before it can go on."""
        return bool(self._unread)

    @property
    def chars_per_second(self) -> float:
        """How fast the text grew over the last seconds; 0 where it did not."""
        if len(self._marks) < 2:
            return 0.0
        seconds = self._marks[-1][0] - self._marks[0][0]
        return (sum(count for _, count in self._marks) - self._marks[0][1]) / max(seconds, 1e-9)

    def candidates(self, count: int) -> list[Candidate]:
        """The `count` likeliest next characters; none while the model is behind."""
        return [] if self._unread else self._steering.candidates(count)

    # What may change at any time

    @property
    def strategy(self) -> Strategy:
        """How the next character is chosen."""
        return self._strategy

    @strategy.setter
    def strategy(self, strategy: Strategy) -> None:
        self._strategy = self._steering.strategy = strategy

    def restart(self, seed: str) -> None:
        """Begin again with a seed; characters that the model does not know are left out.

        An empty seed starts where a line starts. Of a long one the model reads the end.
        """
        seed = self.model.vocab.keep_known(seed)
        self._letters = [Letter(char, None) for char in seed]
        self._seed_length = len(seed)
        self._turn = 0
        self._let_go()
        self._read_again(_SEED_READ)

    def speak(self, model: Model) -> None:
        """Let another model go on from the end of the text, as far as it knows its characters."""
        self.model = model
        self._read_again(_TAIL_READ)

    # Writing and moving

    def grow(self, count: int, seconds: float = math.inf) -> list[Letter]:
        """Let the model write up to `count` characters, for about `seconds` at most.

        While the model is behind it reads instead.
        """
        until = self._clock() + seconds
        grown: list[Letter] = []
        if self._catch_up(until):
            while len(grown) < count:
                self._steering.sample()
                grown.append(self._take())
                if self._clock() >= until:
                    break
        self._measure(len(grown))
        return grown

    def forward(self) -> Letter:
        """Go forward again by one character, or let the model write one."""
        self._catch_up()
        if not self._steering.forward():
            self._steering.sample()
        return self._take()

    def pick(self, char: str) -> Letter:
        """Write a character of the person's choice.

        Raises UsageError for one that the model does not know.
        """
        self._catch_up()
        self._steering.pick(char)
        return self._take()

    def back(self) -> Letter | None:
        """Take the last character back, unless it is the seed's; returns it."""
        if len(self._letters) <= self._seed_length:
            return None
        letter = self._letters.pop()
        if self.model.vocab.keep_known(letter.char):
            if self._unread or self._steering.here.parent is None:
                self._read_again(_TAIL_READ)
            else:
                self._steering.back()
        return letter

    # Inside

    def _take(self) -> Letter:
        """The letter that steering has just come to becomes the text's last."""
        step = self._steering.here
        letter = Letter(step.char, step.probability)
        self._letters.append(letter)
        self._let_go()
        self._steps += 1
        if self._steps % _FORGET_EVERY == 0:
            self._steering.forget(_STATES_KEPT)
        return letter

    def _let_go(self) -> None:
        """Drop the oldest letters once there are too many."""
        if len(self._letters) > LETTERS_KEPT + _SLACK:
            self._seed_length = max(0, self._seed_length - len(self._letters) + LETTERS_KEPT)
            del self._letters[:-LETTERS_KEPT]

    def _read_again(self, count: int) -> None:
        """Have the model read the last `count` characters that it knows."""
        tail = self.model.vocab.keep_known("".join(one.char for one in self._letters[-count:]))
        # A model of windows reads one at a time anyway; any other may need several calls.
        at_once = len(tail) if self.model.spec.window else 1
        rng_seed = self._rng_seed + self._turn  # the first way out of a seed is always the same
        self._steering = Steering(self.model, tail[:at_once], self._strategy, rng_seed)
        self._unread = deque(tail[at_once:])
        self._turn += 1
        self._steps = 0

    def _catch_up(self, until: float = math.inf) -> bool:
        """Read what was not read yet, or some of it; whether all of it is read."""
        while self._unread:
            self._steering.pick(self._unread.popleft())
            if self._clock() >= until:
                break
        return not self._unread

    def _measure(self, count: int) -> None:
        now = self._clock()
        if self._marks and now - self._marks[-1][0] > _RATE_SECONDS / 2:
            self._marks.clear()  # it stood still meanwhile
        self._marks.append((now, count))
        while now - self._marks[0][0] > _RATE_SECONDS:
            self._marks.popleft()


# Steps by which a person turns the knobs of a strategy


def warmer(strategy: Strategy, steps: int) -> Strategy:
    """The temperature so many tenths higher, or lower; above 0."""
    temperature = round(strategy.temperature + steps / 10, 1)
    return replace(strategy, temperature=min(max(temperature, 0.1), _HOTTEST))


def wider_top_p(strategy: Strategy, steps: int) -> Strategy:
    """Top-p so many twentieths higher, or lower."""
    return replace(strategy, top_p=min(max(round(strategy.top_p + steps / 20, 2), 0.05), 1.0))


def wider_top_k(strategy: Strategy, steps: int) -> Strategy:
    """The next larger top-k, or smaller; beyond the largest it is off."""
    places = (*_TOP_KS, 0)
    nearest = [place for place, top_k in enumerate(places) if top_k >= strategy.top_k]
    here = nearest[0] if strategy.top_k and nearest else len(places) - 1
    return replace(strategy, top_k=places[min(max(here + steps, 0), len(places) - 1)])
