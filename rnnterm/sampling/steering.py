"""Generation with a hand on the wheel: a tree of everything that was tried.

Each character that was written keeps the network's state after it. So stepping back, forward or
into another branch costs nothing, and writing one more costs one step, however long the text is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import NetworkState
from rnnterm.nn.softmax import softmax
from rnnterm.sampling.generator import line_start
from rnnterm.sampling.strategies import Strategy
from rnnterm.terminal import pipe_text


@dataclass(eq=False, slots=True)
class Step:
    """A character of the tree, and what the network knows after reading it.

    Attributes:
        char: the character; empty at the root, where the seed ends.
        probability: what the model gave the character, before any temperature.
        logits: scores of the next character, shape (V,).
        state: the network's state.
        depth: characters since the seed.
        children: the branches that begin here, oldest first.
        chosen: the place among the children of the branch that was used last.
        is_stop: whether the person took the wheel here: a move began or ended.
    """

    char: str
    probability: float
    logits: Array = field(repr=False)
    state: NetworkState = field(repr=False)
    parent: "Step | None" = field(default=None, repr=False)
    depth: int = 0
    children: "list[Step]" = field(default_factory=list, repr=False)
    chosen: int = 0
    is_stop: bool = False

    @property
    def next(self) -> "Step | None":
        """The step along the branch that was used last; None where nothing was written yet."""
        return self.children[self.chosen] if self.children else None


@dataclass(frozen=True)
class Candidate:
    """A character that may come next.

    Attributes:
        probability: the model's own.
        chance: how often it would be chosen at the temperature in force.
    """

    char: str
    probability: float
    chance: float


class Steering:
    """A text that grows by a person's picks and a model's choices, and forgets no branch of it.

    Moves along the tree return the characters they passed. The same arguments and the same moves
    make the same text.

    Attributes:
        seed: what the text begins with, as the model reads it.
        here: the step after which the next character comes.
        strategy: how the model chooses.
    """

    def __init__(self, model: Model, seed: str, strategy: Strategy, rng_seed: int) -> None:
        """Read the seed; an empty one starts where a line starts.

        Raises RnntermError for a seed with characters that the model does not know.
        """
        self.model = model
        self.seed = model.vocab.fold(seed)
        self.strategy = strategy
        self._rng = np.random.default_rng(rng_seed)
        self._prompt = model.vocab.encode(seed or line_start(model)).tolist()
        logits, state = self._read(self._prompt)
        self.here = Step("", 1.0, logits, state, is_stop=True)

    @property
    def temperature(self) -> float:
        """Divides the scores before the model chooses."""
        return self.strategy.temperature

    @temperature.setter
    def temperature(self, temperature: float) -> None:
        self.strategy = replace(self.strategy, temperature=temperature)

    # What comes next

    def candidates(self, count: int) -> list[Candidate]:
        """The `count` likeliest next characters, likeliest first."""
        logits = self.here.logits
        probabilities, chances = softmax(logits), softmax(logits, self.temperature)
        likeliest = np.argsort(-logits, kind="stable")[:count]
        symbols = self.model.vocab.symbols
        return [
            Candidate(symbols[index], float(probabilities[index]), float(chances[index]))
            for index in likeliest
        ]

    # Writing

    def pick(self, text: str) -> str:
        """Write characters of the person's choice, or go where they were written before.

        Raises UsageError, with nothing written, if the model does not know one of them.
        """
        if unknown := self.model.vocab.unknown_in(text):
            raise UsageError(f"the model does not know {unknown!a}: pick another character")
        indices = iter(self.model.vocab.encode(text).tolist())
        return self._move(lambda: self._step_to(next(indices)), len(text))

    def sample(self) -> str:
        """Let the model choose one character."""
        return self.run(1)

    def run(self, count: int) -> str:
        """Let the model write `count` characters."""
        return self._move(
            lambda: self._step_to(self.strategy.choose(self.here.logits, self._rng)), count
        )

    # Moving

    def back(self, count: int = 1) -> str:
        """Step back by `count` characters, or to the seed."""
        passed = self._behind(count)
        for step in passed:
            self.here = step.parent or step
        return _spell(reversed(passed))

    def forward(self, count: int = 1) -> str:
        """Step forward by `count` characters along the branches used last, or to their end."""
        passed = list(islice(_ahead_of(self.here), count))
        self.here = passed[-1] if passed else self.here
        return _spell(passed)

    def undo(self) -> str:
        """Step back to where the last move began."""
        return self.back(_until_stop(step.parent for step in self._path_back()))

    def redo(self) -> str:
        """Step forward to where the next move ended."""
        return self.forward(_until_stop(_ahead_of(self.here)))

    def turn(self, places: int) -> None:
        """Have another branch lie ahead: the one so many places on; the first follows the last."""
        if self.here.children:
            self.here.chosen = (self.here.chosen + places) % len(self.here.children)

    # Looking

    def text(self) -> str:
        """The seed and all that was written up to here."""
        return self.seed + _spell(reversed(list(self._path_back())))

    def trail(self, count: int) -> list[Step]:
        """The last `count` steps up to here, in reading order; without the root."""
        return self._behind(count)[::-1]

    def ahead(self, count: int) -> str:
        """The next `count` characters along the branches used last."""
        return _spell(islice(_ahead_of(self.here), count))

    def branches(self, count: int) -> list[str]:
        """The first `count` characters of each branch that begins here."""
        return [
            child.char + _spell(islice(_ahead_of(child), count - 1)) for child in self.here.children
        ]

    def save(self, path: Path) -> None:
        """Write the text up to here into a new file.

        Raises UsageError for a file that is there already, RnntermError where none can be made.
        """
        save_text(path, self.text())

    def forget(self, keep: int) -> None:
        """Let go of all but the last `keep` characters, so that a text without end fits in memory.

        The text then begins there, and nobody can step back beyond it.
        """
        root = next(islice(_back_from(self.here), keep, None), None)
        if root is None or root.parent is None:
            return
        lookup, gone = self.model.vocab.char_to_index, []
        step = root
        while step.parent is not None:
            gone.append(lookup[step.char])
            parent, step.parent = step.parent, None
            parent.children.clear()  # a cycle would wait for the garbage collector
            step = parent
        self._prompt = (self._prompt + gone[::-1])[-max(self.model.spec.window, 1) :]
        self.seed = root.char = ""

    def _behind(self, count: int) -> list[Step]:
        return list(islice(self._path_back(), count))

    def _path_back(self) -> Iterator[Step]:
        """The steps from here back to the seed; without the root."""
        return (step for step in _back_from(self.here) if step.parent is not None)

    def _move(self, advance: Callable[[], Step], count: int) -> str:
        """Advance `count` times; where the move began and ended becomes a stop."""
        self.here.is_stop = True
        passed = []
        for _ in range(count):
            self.here = advance()
            passed.append(self.here)
        self.here.is_stop = True
        return _spell(passed)

    def _step_to(self, index: int) -> Step:
        """The step after this one for a symbol, made unless it was made before."""
        here, char = self.here, self.model.vocab.symbols[index]
        for place, child in enumerate(here.children):
            if child.char == char:
                here.chosen = place
                return child
        if self.model.spec.window:
            logits, state = self._read([*self._last_indices(), index])
        else:
            logits, state = self.model.network.step(index, here.state)
        step = Step(char, float(softmax(here.logits)[index]), logits, state, here, here.depth + 1)
        here.chosen = len(here.children)
        here.children.append(step)
        return step

    def _last_indices(self) -> list[int]:
        """As many of the last indices as a window holds beside the next one."""
        lookup, count = self.model.vocab.char_to_index, self.model.spec.window - 1
        written = [lookup[step.char] for step in self.trail(count)]
        return (self._prompt[-count:] + written)[-count:] if count else []

    def _read(self, indices: list[int]) -> tuple[Array, NetworkState]:
        """What the network makes of a text from cold, or of its last window if it learnt so."""
        return self.model.network.read(np.array(indices[-self.model.spec.window :]))


def _back_from(step: Step | None) -> Iterator[Step]:
    """This step and all before it, to the root."""
    while step is not None:
        yield step
        step = step.parent


def _ahead_of(step: Step) -> Iterator[Step]:
    """The steps after this one along the branches used last."""
    following = step.next
    while following is not None:
        yield following
        following = following.next


def _until_stop(steps: Iterator[Step | None]) -> int:
    """How many of the steps lie on the way to the first stop, or to their end."""
    count = 0
    for step in steps:
        count += 1
        if step is None or step.is_stop:
            break
    return count


def _spell(steps: Iterator[Step] | list[Step]) -> str:
    return "".join(step.char for step in steps)


def save_text(path: Path, text: str) -> None:
    """Write a text into a new file.

    Raises UsageError for a file that is there already, RnntermError where none can be made.
    """
    try:
        # Only ever a new file: "x" asks the system, so that no other writer slips in between.
        with path.open("xb") as file:
            try:
                file.write(pipe_text(text).encode())
                file.flush()
            except OSError:
                path.unlink()  # half a text is none
                raise
    except FileExistsError:
        raise UsageError(f"{path} is there already: choose another name") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RnntermError(f"cannot write {path}: {reason}") from None
