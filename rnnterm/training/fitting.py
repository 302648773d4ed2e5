"""Width, batches, rate and dropout for a budget and a text, so that one default serves many.

Two figures decide. How much the budget lets a network read: in twenty seconds a narrow network has
read three times as much as a wide one, and is ahead; in ten minutes the wide one is. And how many
times that reads the text through: from about the fourth time on a network learns it by heart, which
dropping outputs and recurrent weights delays.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from rnnterm.text.corpus import Corpus
from rnnterm.training.processors import may_use_gpu, training_cores
from rnnterm.training.recipe import Recipe

_CHARACTERS_PER_CORE = 25_000
"""A second, of a network of 640 units, on a processor with products in bf16."""

_CHARACTERS_PER_GPU = 1_000_000
"""A second; rough."""


@dataclass(frozen=True)
class _Size:
    """What suits a budget in which a network of 640 units reads so many characters."""

    most_characters: float
    hidden_size: int
    bptt: int


_SIZES = (
    _Size(2e6, 384, 32),
    _Size(8e6, 640, 64),
    _Size(inf, 768, 64),
)


def fit(recipe: Recipe, corpus: Corpus) -> Recipe:
    """The recipe with its `fitted` values chosen for its budget and this text."""
    characters = len(corpus.split(recipe.val_fraction, recipe.test_fraction).train)
    reads = _characters_read(recipe, characters)
    size = next(each for each in _SIZES if reads <= each.most_characters)
    epochs = reads / max(1, characters)
    values: dict[str, Any] = {
        "hidden_size": size.hidden_size,
        "batch_size": 32,
        "bptt": size.bptt,
        "learning_rate": 1e-2,
    }
    chosen = {name: values[name] for name in recipe.fitted if name in values}
    return recipe.with_values(chosen | {"fitted": recipe.fitted})


def _characters_read(recipe: Recipe, characters: int) -> float:
    """What a network of 640 units would read within the budget."""
    if recipe.epochs:
        return recipe.epochs * characters
    if recipe.steps:
        return recipe.steps * recipe.batch_size * recipe.bptt
    if may_use_gpu(recipe.device):
        return recipe.time_budget * _CHARACTERS_PER_GPU
    return recipe.time_budget * _CHARACTERS_PER_CORE * training_cores(recipe.threads)
