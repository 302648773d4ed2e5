"""Width, batches, rate and dropout for a budget and a text, so that one default serves many.

Two figures decide. How much the budget lets a network read: in twenty seconds a narrow network has
read twice as much as a wide one, and is ahead; in ten minutes the wide one is. And how many times
that reads the text through: from about the fifth time on a network learns it by heart, which
dropping outputs and recurrent weights delays.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from rnnterm.text.corpus import Corpus
from rnnterm.training.estimate import operations_per_step
from rnnterm.training.processors import (
    BF16_GAIN,
    may_use_bf16,
    may_use_gpu,
    training_cores,
)
from rnnterm.training.recipe import Recipe
from rnnterm.training.world import World

_CHARACTERS = 25_000
"""A second, read by a network of 640 units on one core in bf16."""

_MOST_CORES = 8  # that make a step faster; a guess: its products are small
_GPU_CHARACTERS = 1_000_000
"""A second; a guess: GPUs differ more than budgets do."""


@dataclass(frozen=True)
class _Size:
    """What suits a budget in which a network of 640 units reads up to so many characters."""

    most_characters: float
    hidden_size: int
    bptt: int


_SIZES = (_Size(2e6, 384, 32), _Size(12e6, 640, 64), _Size(math.inf, 768, 64))
_STREAMS, _FEWEST_STREAMS = 32, 4
_USUAL_BPTT, _SHORTEST_BPTT = 64, 8
_BATCHES_OF_A_STREAM = 8  # at least: a state that is never carried on learns nothing of the past
_RATE = 6.0  # times one unit: a network of twice the width takes half the learning rate
_LOWEST_RATE, _HIGHEST_RATE = 2e-3, 2e-2
_EPOCHS_WITHOUT_DROPOUT = 5.0
_DROPOUT_PER_DOUBLING = 0.1  # of the epochs
_MOST_DROPOUT = 0.5


def fit(recipe: Recipe, corpus: Corpus) -> Recipe:
    """The recipe with its `fitted` values chosen for its budget and this text.

    The number of processes is that of the current world.
    """
    characters = len(corpus.split(recipe.val_fraction, recipe.test_fraction).train)
    read = _characters_read(recipe, characters)
    size = next(each for each in _SIZES if read <= each.most_characters)
    hidden_size = size.hidden_size if "hidden_size" in recipe.fitted else recipe.hidden_size
    bptt = _bptt(size.bptt, characters) if "bptt" in recipe.fitted else recipe.bptt
    if recipe.time_budget:
        usual = replace(recipe, hidden_size=size.hidden_size, num_layers=1, cell="lstm")
        own = replace(recipe, hidden_size=hidden_size)
        # A smaller one reads more, but is also too small to learn as much by heart.
        read *= min(1.0, _operations(usual, corpus) / _operations(own, corpus))
    dropout = _dropout(read / _characters_of_an_epoch(recipe, characters))
    values: dict[str, Any] = {
        "hidden_size": hidden_size,
        "dropout_input": dropout / 4,
        "dropout_recurrent": dropout,
        "dropout_output": dropout,
        "batch_size": _streams(characters, bptt),
        "bptt": bptt,
        "learning_rate": _rate(hidden_size),
    }
    chosen = {name: values[name] for name in recipe.fitted}
    return recipe.with_values(chosen | {"fitted": recipe.fitted})


def _characters_read(recipe: Recipe, characters: int) -> float:
    """Characters read within the budget; for one of time, by one LSTM layer of 640 units."""
    if recipe.epochs:
        return recipe.epochs * _characters_of_an_epoch(recipe, characters)
    if recipe.steps:
        # What was fitted before must not decide: the same recipe is to be fitted the same way.
        rows = _STREAMS if "batch_size" in recipe.fitted else recipe.batch_size
        bptt = _USUAL_BPTT if "bptt" in recipe.fitted else recipe.bptt
        length = recipe.window if recipe.batching == "windows" else bptt
        return float(recipe.steps * rows * length)
    if may_use_gpu(recipe.device):
        return recipe.time_budget * World.current().size * _GPU_CHARACTERS
    cores = min(_MOST_CORES, training_cores(recipe.threads))
    slower = 1.0 if may_use_bf16(recipe.precision) else BF16_GAIN
    return recipe.time_budget * cores * _CHARACTERS / slower


def _characters_of_an_epoch(recipe: Recipe, characters: int) -> float:
    """Windows that overlap have a character read several times."""
    overlap = recipe.window / recipe.stride if recipe.batching == "windows" else 1.0
    return max(1, characters) * overlap


def _operations(recipe: Recipe, corpus: Corpus) -> float:
    return operations_per_step(recipe, recipe.spec(len(corpus.vocab)))


def _bptt(usual: int, characters: int) -> int:
    """Shorter where not even the fewest streams of a short text would hold one batch."""
    bptt = usual
    while bptt > _SHORTEST_BPTT and characters < (_shared(_FEWEST_STREAMS) + 1) * bptt:
        bptt //= 2
    return bptt


def _streams(characters: int, bptt: int) -> int:
    """A power of two of streams, fewer where a text is short."""
    most = max(1.0, characters / (bptt * _BATCHES_OF_A_STREAM))
    return _shared(max(_FEWEST_STREAMS, min(_STREAMS, 1 << int(math.log2(most)))))


def _shared(streams: int) -> int:
    """As many, or a few more, so that each process has as many as the others."""
    processes = World.current().size
    return -(-streams // processes) * processes


def _rate(hidden_size: int) -> float:
    """The highest learning rate, to two digits, so that people can read it."""
    return min(max(_LOWEST_RATE, float(f"{_RATE / hidden_size:.2g}")), _HIGHEST_RATE)


def _dropout(epochs: float) -> float:
    """The share to drop where a text is read so many times, in steps of 0.05."""
    doublings = math.log2(max(1.0, epochs / _EPOCHS_WITHOUT_DROPOUT))
    return min(_MOST_DROPOUT, round(20 * _DROPOUT_PER_DOUBLING * doublings) / 20)
