"""What a training will take, before it begins: memory, steps and seconds, without torch.

All figures are rough: seconds follow from the floating-point operations of a step and the measured
speed of a matrix product here.
"""

import math
import time
from dataclasses import dataclass
from functools import cache
from math import prod

from rnnterm.memory import memory_limit, shortage_before
from rnnterm.nn.spec import GATE_COUNT, NetworkSpec
from rnnterm.text.corpus import Corpus
from rnnterm.training.batches import make_batches
from rnnterm.training.processors import (
    BF16_GAIN,
    may_use_bf16,
    may_use_gpu,
    training_cores,
)
from rnnterm.training.recipe import Recipe
from rnnterm.training.schedule import Budget

_FORWARD_AND_BACKWARD = 3  # gradients of inputs and of weights cost as much as a pass each
_REACHED = 0.8  # share of a bare product's speed that training reaches
_SECONDS_PER_CELL = 25e-6  # of calling the kernels, both ways, for one layer at one time step
_SECONDS_OF_MEASURING = 0.01
_BYTES_PER_PARAMETER = 16  # in fp32: weight, gradient and Adam's two moments
_BYTES_OF_PROGRAM = 360 << 20  # torch and Python themselves
_VALUE = 4  # bytes


@dataclass(frozen=True)
class Estimate:
    """What a recipe asks of this machine for a text.

    Attributes:
        parameters: trained numbers.
        model_bytes: of the model file.
        memory_bytes: of the trainer.
        steps_per_epoch: steps that read the training part once.
        seconds_per_step: NaN where a GPU may train, whose speed only training tells.
        steps, seconds, epochs: until the budget is spent; NaN where they hang on the speed.
        budget_in_steps: whether the budget sets the steps, and not the seconds.
    """

    parameters: int
    model_bytes: int
    memory_bytes: int
    steps_per_epoch: int
    seconds_per_step: float
    steps: float
    seconds: float
    epochs: float
    budget_in_steps: bool


def estimate_training(recipe: Recipe, corpus: Corpus, speed: float) -> Estimate:
    """What training `recipe` on `corpus` takes, `speed` as `matrix_speed` measures it.

    Raises RnntermError for a text that is too short for the recipe's batches.
    """
    spec = recipe.spec(len(corpus.vocab))
    train = corpus.split(recipe.val_fraction, recipe.test_fraction).train
    steps_per_epoch = make_batches(recipe, train).steps_per_epoch
    step = math.nan if may_use_gpu(recipe.device) else _seconds_per_step(recipe, spec, speed)
    budget = Budget.of(recipe, steps_per_epoch)
    steps = budget.steps or budget.seconds / step
    return Estimate(
        parameters=spec.parameter_count,
        model_bytes=spec.parameter_count * _VALUE,
        memory_bytes=training_memory(recipe, spec),
        steps_per_epoch=steps_per_epoch,
        seconds_per_step=step,
        steps=steps,
        seconds=budget.seconds or steps * step,
        epochs=steps / steps_per_epoch,
        budget_in_steps=budget.steps > 0,
    )


@cache
def matrix_speed() -> float:
    """Floating-point operations a second of one core in fp32 products as training does many;
    measured once, in about ten milliseconds."""
    import numpy as np

    # Each product is too small for a library to share among threads, which may wait for each other
    # on a busy machine; all of the weights are as many as a network has.
    products, rows, inner, columns = 64, 16, 64, 256
    left = np.ones((rows, inner), np.float32)
    right = np.ones((products, inner, columns), np.float32)
    left @ right  # the first one takes longer
    fastest, begun = math.inf, time.thread_time()
    # The thread's own time: what else runs meanwhile, here or in this process, does not count.
    while (now := time.thread_time()) - begun < _SECONDS_OF_MEASURING:
        left @ right
        fastest = min(fastest, time.thread_time() - now)
    return 2 * products * rows * inner * columns / fastest


def operations_per_step(recipe: Recipe, spec: NetworkSpec) -> float:
    """Floating-point operations of one training step."""
    shapes = spec.tensor_shapes()
    recurrent = sum(prod(shape) for name, shape in shapes.items() if ".weight_" in name)
    read = _characters_read(recipe)
    judged = recipe.batch_size if spec.window else read
    products = recurrent * read + prod(shapes["head.weight"]) * judged
    return 2.0 * _FORWARD_AND_BACKWARD * products


def _seconds_per_step(recipe: Recipe, spec: NetworkSpec, speed: float) -> float:
    if may_use_bf16(recipe.precision):
        speed *= BF16_GAIN
    cores = training_cores(recipe.threads)
    computing = operations_per_step(recipe, spec) / (speed * cores * _REACHED)
    cells = spec.num_layers * _characters_read(recipe) / recipe.batch_size
    return computing + cells * _SECONDS_PER_CELL


def memory_notes(recipe: Recipe, corpus: Corpus) -> tuple[str, ...]:
    """Say that a training needs more memory than is free, where it does."""
    if may_use_gpu(recipe.device):
        return ()  # whose memory is another
    needed = training_memory(recipe, recipe.spec(len(corpus.vocab)))
    shortage = shortage_before(needed, memory_limit())
    return (shortage,) if shortage else ()


def training_memory(recipe: Recipe, spec: NetworkSpec) -> int:
    """Bytes of the program, the weights with what the optimizer keeps, and what a step keeps."""
    kept_per_unit = GATE_COUNT[spec.cell] + 3  # gates, cell, output, and the gradients on the way
    read = _characters_read(recipe)
    layers = read * (spec.input_size + spec.num_layers * kept_per_unit * spec.hidden_size)
    scores = 3 * spec.vocab_size * (recipe.batch_size if spec.window else read)
    kept = (layers + scores) * _VALUE
    return _BYTES_OF_PROGRAM + spec.parameter_count * _BYTES_PER_PARAMETER + kept


def _characters_read(recipe: Recipe) -> int:
    length = recipe.window if recipe.batching == "windows" else recipe.bptt
    return recipe.batch_size * length
