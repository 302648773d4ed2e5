"""A text as a network read it: every state, every gate and every expectation, step by step.

T characters, H units, V symbols. Step t is the reading of character t: the state after it, and
what the network then expects as character t + 1.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.explore.unrolled import LONGEST, Unrolled
from rnnterm.nn.cells import Array, Cell, CellSpec, Gates
from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import Indices, NetworkState, RunawayError, Trace
from rnnterm.nn.softmax import Doubles, log_softmax


@dataclass(frozen=True, eq=False)
class Reading(Unrolled):
    """A model's reading of a text, from a cold start, with its state carried on.

    Attributes:
        text: what was read, in the model's alphabet, T >= 1.
        ids: its indices, shape (T,).
        trace: logits, states and gates of every step.
        unknown: the distinct characters that the model does not know; they were passed over.
        left_out: how many characters at the end were too many, beyond `LONGEST`.
    """

    model: Model
    text: str
    ids: Indices
    trace: Trace
    unknown: str = ""
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def layers(self) -> tuple[Gates, ...]:
        """See `Unrolled.layers`, as for the next three."""
        return self.trace.layers

    @property
    def cells(self) -> tuple[Cell, ...]:  # noqa: D102
        return self.model.network.cells

    @property
    def cell_spec(self) -> CellSpec:  # noqa: D102
        return self.model.spec

    def begins_as(self, other: Unrolled) -> bool:  # noqa: D102
        return isinstance(other, Reading) and self.text.startswith(other.text)

    def input_of(self, layer: int, step: int) -> Array:
        """What entered a layer at a step: the character's row, or the h of the layer below."""
        rows = (
            self.model.network.input_rows(self.ids) if layer == 0 else self.values(layer - 1, "h")
        )
        row: Array = rows[step]
        return row

    @cached_property
    def log_probabilities(self) -> Doubles:
        """What the network expected after each step, in nats, shape (T, V)."""
        return log_softmax(self.trace.logits)

    @cached_property
    def surprisal(self) -> Doubles:
        """Bits by which each character surprised, shape (T,); NaN at the first, not foreseen."""
        foreseen = self.log_probabilities[np.arange(len(self) - 1), self.ids[1:]]
        return np.concatenate(([np.nan], foreseen / -np.log(2)))

    @cached_property
    def entropy(self) -> Doubles:
        """How undecided the network was about the next character, in bits, shape (T,)."""
        spread = -(np.exp(self.log_probabilities) * self.log_probabilities).sum(axis=1)
        bits: Doubles = spread / np.log(2)
        return bits

    def expected(self, step: int, count: int) -> list[tuple[str, float]]:
        """The likeliest next characters after a step, with their probabilities."""
        scores = self.log_probabilities[step]
        order = np.argsort(-scores, kind="stable")[:count]
        return [(self.model.vocab.symbols[index], float(np.exp(scores[index]))) for index in order]

    def extended(self, more: str) -> "Reading":
        """This reading and `more` after it; what was read is not read again.

        Raises RnntermError where the network's numbers overflow.
        """
        known, unknown, left_out = _readable(self.model, more, LONGEST - len(self))
        told = replace(
            self,
            unknown="".join(dict.fromkeys(self.unknown + unknown)),
            left_out=self.left_out + left_out,
        )
        if not known:
            return told
        ids = self.model.vocab.encode(known)
        trace = _traced(self.model, ids, self.state_before(len(self)))
        both = Trace(
            np.concatenate((self.trace.logits, trace.logits)),
            tuple(
                {name: np.concatenate((before[name], new[name])) for name in before}
                for before, new in zip(self.trace.layers, trace.layers, strict=True)
            ),
        )
        ids = np.concatenate((self.ids, ids))
        return replace(told, text=self.text + known, ids=ids, trace=both)


def read_text(model: Model, text: str) -> Reading:
    """Let a model read a text; time and memory rise with its length.

    Raises RnntermError if it has no characters, or none that the model knows, or where the
    network's numbers overflow.
    """
    known, unknown, left_out = _readable(model, text, LONGEST)
    if not known:
        why = f"has no character that the model knows ({unknown!a})" if text else "is empty"
        raise RnntermError(f"the text to explore {why}; give another text")
    ids = model.vocab.encode(known)
    return Reading(model, known, ids, _traced(model, ids), unknown, left_out)


def _traced(model: Model, ids: Indices, state: NetworkState | None = None) -> Trace:
    """The trace, if all of it is finite: a linear or relu network can grow beyond every number."""
    try:
        return model.network.trace(ids, state)
    except RunawayError:
        if model.spec.is_bounded:
            raise
        raise RnntermError(
            "the network's states overflow while it reads this text: give a shorter text, or "
            "choose a model that keeps its states in bounds"
        ) from None


def _readable(model: Model, text: str, most: int) -> tuple[str, str, int]:
    """The first `most` characters that the model knows, those it does not, how many are left."""
    known = model.vocab.keep_known(text)
    return known[:most], model.vocab.unknown_in(text), max(0, len(known) - most)
