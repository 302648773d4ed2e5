"""How fast a training step is, with size, layers and batch, beside two kinds of matrix products.

One kind has the step's own shapes, each product a call of its own. That is no limit: torch hands a
layer to oneDNN as a whole, which can be faster than such calls. The other is one large product.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.data import tinyshakespeare
from benchmarks.results import table
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.corpus import Corpus, open_corpus
from rnnterm.training.batches import make_batches
from rnnterm.training.estimate import operations_per_step
from rnnterm.training.fitting import fit
from rnnterm.training.learner import Learner
from rnnterm.training.machine import training_settings
from rnnterm.training.recipe import Recipe, load_recipe

_ROUNDS = 7
_SECONDS = 0.4  # of each side in a round
_SQUARE = 2048
_OPERATIONS_OF_SQUARE = 2 * _SQUARE**3
_USUAL = {"hidden_size": 512, "batch_size": 32, "bptt": 64}
_UNITS_OF_DROPOUT = 640
_VARIANTS: dict[str, list[dict[str, Any]]] = {
    "units": [{"hidden_size": size} for size in (128, 256, 384, 512, 640, 768, 1024)],
    "layers": [{"num_layers": count} for count in (2, 3)],
    "batch": [{"batch_size": rows} for rows in (8, 16, 64, 128)],
    "steps back": [{"bptt": steps} for steps in (16, 32, 128)],
}


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Training steps and both kinds of products in turn, for each variant of the usual network."""
    del options
    corpus = open_corpus(str(tinyshakespeare()))
    dropped = _dropped(corpus)
    shares = ", ".join(f"{name} {share:.3g}" for name, share in dropped.items())
    every = _VARIANTS | {"dropout": [{"hidden_size": _UNITS_OF_DROPOUT} | dropped]}
    rows = []
    with training_settings():
        for what, variants in every.items():
            rows += [_row(what, corpus, _USUAL | variant) for variant in variants]
        squares = {name: _speed_of_square(dtype) for name, dtype in _DTYPES.items()}
    header = [
        "varied", "network", "batch x steps", "chars/s", "GFLOP/s",
        f"speed / that of a {_SQUARE}-cubed bf16 product",
        "speed / that of its products one by one, bf16", "… fp32",
    ]  # fmt: skip
    told = ", ".join(f"{name} {speed / 1e9:.0f}" for name, speed in squares.items())
    notes = [
        f"A product of two {_SQUARE} x {_SQUARE} matrices, GFLOP/s: {told}. *One by one*: products "
        "of the shapes that a step needs, each a call of `torch.mm`; no limit, for oneDNN's LSTM, "
        "which takes all time steps in one call, can be faster. Each ratio is the median of "
        f"{_ROUNDS} rounds in which all sides take turns.",
        "",
        "Dropout is off, but in the last row, which drops what the default recipe does in ten "
        f"minutes on this machine: {shares}.",
    ]
    return "training steps beside matrix products", [*table(header, rows), "", *notes]


def _dropped(corpus: Corpus) -> dict[str, float]:
    """The shares that the default recipe drops in ten minutes."""
    recipe = load_recipe("fast").with_values({"time_budget": "10m", "device": "cpu"})
    fitted = fit(recipe, corpus)
    names = ("dropout_input", "dropout_recurrent", "dropout_output")
    return {name: getattr(fitted, name) for name in names}


_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def _row(what: str, corpus: Corpus, values: dict[str, Any]) -> list[str]:
    recipe = load_recipe("fast").with_values({**values, "precision": "bf16"})
    spec = recipe.spec(len(corpus.vocab))
    step = _training_step(recipe, spec, corpus)
    sides = {"step": step, "square": _square(torch.bfloat16)} | {
        name: _Products(recipe, spec, dtype).multiply for name, dtype in _DTYPES.items()
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(_ROUNDS):
        for name, side in sides.items():
            times[name].append(_seconds(side))
    ratios = {name: statistics.median(np.divide(times[name], times["step"])) for name in times}
    seconds = statistics.median(times["step"])
    characters = recipe.batch_size * recipe.bptt
    operations = operations_per_step(recipe, spec)
    return [
        what,
        f"{recipe.num_layers}x{recipe.hidden_size}",
        f"{recipe.batch_size} x {recipe.bptt}",
        f"{characters / seconds / 1000:.1f}k",
        f"{operations / seconds / 1e9:.0f}",
        f"{ratios['square'] * operations / _OPERATIONS_OF_SQUARE:.0%}",
        *(f"{ratios[name]:.0%}" for name in _DTYPES),
    ]


def _training_step(recipe: Recipe, spec: NetworkSpec, corpus: Corpus) -> Callable[[], None]:
    learner = Learner(recipe, spec, torch.device("cpu"), "bf16")
    batches = make_batches(recipe, corpus.split(recipe.val_fraction, 0).train)
    batch = batches.at(0)
    return lambda: learner.learn(batch, 1e-3)


@dataclass(frozen=True)
class _Product:
    left: Tensor
    right: Tensor
    times: int


class _Products:
    """Products of the shapes that one training step needs, one by one, and nothing else.

    A layer needs, at each time step, the recurrent product (B, H) (H, 4H) and on the way back
    (B, 4H) (4H, H): these wait for each other. All time steps at once: the inputs' product, its
    way back, and both weights' gradients. The head has one product and two on the way back.
    """

    def __init__(self, recipe: Recipe, spec: NetworkSpec, dtype: torch.dtype) -> None:
        rows, steps = recipe.batch_size, recipe.bptt
        every, size, gates = rows * steps, spec.hidden_size, 4 * spec.hidden_size
        shapes = [(every, size, spec.vocab_size, 1), (every, spec.vocab_size, size, 1)]
        shapes.append((spec.vocab_size, every, size, 1))
        for layer in range(spec.num_layers):
            width = size if layer else spec.input_size
            shapes += [(rows, size, gates, steps), (rows, gates, size, steps)]
            shapes += [(gates, every, size, 1), (gates, every, width, 1)]
            shapes += [(every, width, gates, 1), (every, gates, width, 1)]
        self._products = [
            _Product(torch.randn(m, k).to(dtype), torch.randn(k, n).to(dtype), times)
            for m, k, n, times in shapes
        ]

    def multiply(self) -> None:
        """Take each product as often as a step does."""
        for product in self._products:
            for _ in range(product.times):
                torch.mm(product.left, product.right)


def _square(dtype: torch.dtype) -> Callable[[], object]:
    left, right = (torch.randn(_SQUARE, _SQUARE).to(dtype) for _ in range(2))
    return lambda: torch.mm(left, right)


def _speed_of_square(dtype: torch.dtype) -> float:
    multiply = _square(dtype)
    return _OPERATIONS_OF_SQUARE / statistics.median(_seconds(multiply) for _ in range(_ROUNDS))


def _seconds(side: Callable[[], object]) -> float:
    """Of one call, over as many as fill the time."""
    side()
    calls, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < _SECONDS:
        side()
        calls += 1
    return spent / calls
