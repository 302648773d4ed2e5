"""The device a run trains on, and the number format that is fastest there."""

import ctypes
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from rnnterm.errors import RnntermError, UsageError
from rnnterm.memory import memory_limit
from rnnterm.nn.spec import NetworkSpec
from rnnterm.quantities import format_count
from rnnterm.training.processors import default_threads
from rnnterm.training.recipe import Recipe

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of <malloc.h>
_LARGEST_INT = 2**31 - 1


def pick_device(name: str) -> torch.device:
    """The torch device for `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises UsageError for another name, RnntermError for a device that is not here.
    """
    has_mps = torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if has_mps else "cpu")
    kind, _, index = name.partition(":")
    numbered = kind == "cuda" and index.isdecimal()
    if kind not in ("cpu", "cuda", "mps") or (":" in name and not numbered):
        raise UsageError(f"there is no device {name!r}: use auto, cpu, cuda, cuda:N or mps")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(index or 0) >= count:
            raise RnntermError(f"this machine has {count} CUDA devices: {name} is not among them")
    if kind == "mps" and not has_mps:
        raise RnntermError("this machine has no mps device")
    return torch.device(name)


def check_memory(spec: NetworkSpec) -> None:
    """Raise RnntermError for a network whose training could never fit the memory that is here."""
    # Weights, gradients and two moments, four bytes each.
    count = spec.parameter_count
    needed, there = 16 * count, memory_limit().total
    if needed > there:
        raise RnntermError(
            f"{format_count(count)} parameters need {needed / 1e9:,.0f} GB to train; "
            f"this process can have {there / 1e9:,.0f}: lower hidden_size or num_layers"
        )


def pick_precision(recipe: Recipe, device: torch.device) -> str:
    """`bf16` or `fp32`: as the recipe says, or on a CPU the faster one of its own product.

    A GPU takes `fp32`, of which cuDNN's products are TF32. Autocast to bf16 would have it read in
    fp16 there, whatever it is told, and most gradients of an LSTM are too small for that.

    Raises:
        UsageError: bf16 on a GPU, or on a CPU that cannot train in it.
    """
    if device.type != "cpu":
        if recipe.precision == "bf16":
            raise UsageError("precision bf16 is for the CPU: leave it at auto")
        return "fp32"
    if recipe.precision == "fp32" or not can_train_in_bf16(recipe.cell):
        if recipe.precision == "bf16":
            raise UsageError(
                f"this processor cannot train an {recipe.cell} in bf16: leave precision at auto"
            )
        return "fp32"
    if recipe.precision == "bf16":
        return "bf16"
    rows, hidden = recipe.batch_size, recipe.hidden_size
    return min(("fp32", "bf16"), key=lambda name: _product_seconds(name, rows, hidden))


@cache
def can_train_in_bf16(cell: str) -> bool:
    """Whether torch has that cell's layer in bf16 for this CPU; it lacks LSTMs without AVX-512."""
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell](8, 8)
    try:
        with autocast(torch.device("cpu"), "bf16"):
            layer(torch.zeros(1, 1, 8))
    except RuntimeError:  # torch could not create a primitive
        return False
    return True


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which a training step runs."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@contextmanager
def training_settings(threads: int = 0) -> Iterator[None]:
    """Apply process-wide settings while training.

    Denormals are flushed, and freed memory is kept, which cannot be taken back afterwards.

    Args:
        threads: that products share; 0 for `default_threads`.
    """
    before = torch.get_num_threads()
    _keep_freed_memory()
    # Near-zero activations turn denormal and can slow a CPU step twentyfold.
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads or default_threads())
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def _keep_freed_memory() -> None:
    """Let the C library keep what is freed, instead of giving it back to the system.

    A training step frees its activations, tens of megabytes, and the next step asks for as many.
    Given back, each of their pages costs a page fault anew, thousands a step and up to half of
    its time. See mallopt(3); libraries other than GNU's have no such function, or no such limits.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT)


def _product_seconds(precision: str, rows: int, hidden: int) -> float:
    """The best of a few timed recurrent products h U in one precision."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left = torch.randn(rows, hidden, dtype=dtype)
    right = torch.randn(hidden, 4 * hidden, dtype=dtype)
    best = float("inf")
    for _ in range(8):
        begun = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - begun)
    return best
