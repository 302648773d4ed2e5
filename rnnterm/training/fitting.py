"""Width, batches, rate and dropout for a budget and a text, so that one default serves many.

Two figures decide. How much the budget lets a network read: in twenty seconds a narrow network has
read twice as much as a wide one, and is ahead; in ten minutes the wide one is. And how many times
that reads the text through: from about the fifth time on a network learns it by heart, which
dropping outputs and recurrent weights delays.
"""

import math
from dataclasses import dataclass
from typing import Any

from rnnterm.text.corpus import Corpus
from rnnterm.training.processors import may_use_gpu, training_cores
from rnnterm.training.recipe import Recipe

_CHARACTERS_PER_CORE = 25_000
"""A second, read by a network of 640 units where a core has products in bf16."""

_CHARACTERS_PER_GPU = 1_000_000
"""A second; a guess: GPUs differ more than budgets do."""


@dataclass(frozen=True)
class _Size:
    """What suits a budget in which a network of 640 units reads up to so many characters."""

    most_characters: float
    hidden_size: int
    bptt: int


_SIZES = (_Size(2e6, 384, 32), _Size(12e6, 640, 64), _Size(math.inf, 768, 64))
_STREAMS, _FEWEST_STREAMS = 32, 4
_USUAL_BPTT = 64
_BATCHES_OF_A_STREAM = 8  # at least: a state that is never carried on learns nothing of the past
_RATE = 6.0  # times one unit: a network of twice the width takes half the learning rate
_LOWEST_RATE, _HIGHEST_RATE = 2e-3, 2e-2
_EPOCHS_WITHOUT_DROPOUT = 5.0
_DROPOUT_PER_DOUBLING = 0.1  # of the epochs
_MOST_DROPOUT = 0.5


def fit(recipe: Recipe, corpus: Corpus) -> Recipe:
    """The recipe with its `fitted` values chosen for its budget and this text."""
    characters = len(corpus.split(recipe.val_fraction, recipe.test_fraction).train)
    read = _characters_read(recipe, characters)
    size = next(each for each in _SIZES if read <= each.most_characters)
    hidden_size = size.hidden_size if "hidden_size" in recipe.fitted else recipe.hidden_size
    bptt = size.bptt if "bptt" in recipe.fitted else recipe.bptt
    dropout = _dropout(read / max(1, characters))
    values: dict[str, Any] = {
        "hidden_size": hidden_size,
        "dropout_input": dropout / 4,
        "dropout_recurrent": dropout,
        "dropout_output": dropout,
        "batch_size": _streams(characters / bptt),
        "bptt": bptt,
        "learning_rate": _rate(hidden_size),
    }
    chosen = {name: values[name] for name in recipe.fitted}
    return recipe.with_values(chosen | {"fitted": recipe.fitted})


def _characters_read(recipe: Recipe, characters: int) -> float:
    """What a network of 640 units would read within the budget."""
    if recipe.epochs:
        return recipe.epochs * characters
    if recipe.steps:
        # What was fitted before must not decide: the same recipe is to be fitted the same way.
        streams = _STREAMS if "batch_size" in recipe.fitted else recipe.batch_size
        bptt = _USUAL_BPTT if "bptt" in recipe.fitted else recipe.bptt
        return float(recipe.steps * streams * bptt)
    if may_use_gpu(recipe.device):
        return recipe.time_budget * _CHARACTERS_PER_GPU
    return recipe.time_budget * _CHARACTERS_PER_CORE * training_cores(recipe.threads)


def _streams(pieces: float) -> int:
    """A power of two of streams, fewer where a text of so many pieces of `bptt` is short."""
    most = max(1.0, pieces / _BATCHES_OF_A_STREAM)
    return max(_FEWEST_STREAMS, min(_STREAMS, 1 << int(math.log2(most))))


def _rate(hidden_size: int) -> float:
    """The highest learning rate, to two digits, so that people can read it."""
    return min(max(_LOWEST_RATE, float(f"{_RATE / hidden_size:.2g}")), _HIGHEST_RATE)


def _dropout(epochs: float) -> float:
    """The share to drop where a text is read so many times, in steps of 0.05."""
    doublings = math.log2(max(1.0, epochs / _EPOCHS_WITHOUT_DROPOUT))
    return min(_MOST_DROPOUT, round(20 * _DROPOUT_PER_DOUBLING * doublings) / 20)
