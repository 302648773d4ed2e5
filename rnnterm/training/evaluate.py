"""Validation: mean loss over a held-out part of the text, in nats per character.

A network that carries its state is judged by the *carried* protocol: the whole part read once, the
state carried on. One that learnt from cold windows is judged on cold windows.
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnterm.text.vocab import Ids
from rnnterm.text.windows import Windows
from rnnterm.training.charrnn import Carried, CharRNN
from rnnterm.training.machine import autocast

_STREAMS = 32
_WATCHED_CHARACTERS = 1 << 17
_ONE_STREAM_CHARACTERS = 200_000
_REPORTED_CHARACTERS = 1_000_000
_WARMUP = 512
_MAX_WINDOWS = 10_000
_LOGITS_AT_ONCE = 1 << 22  # keeps a large alphabet's scores within 16 MB


def _never() -> bool:
    return False


def reported_loss(model: CharRNN, ids: Ids, stopped: Callable[[], bool] = _never) -> float | None:
    """The loss to report, in fp32: `ids`, at least two characters, read as one stream.

    More than 200,000 characters are judged by their first million, read as `watched_loss` does:
    one stream of them would take minutes. None if `stopped` said so on the way.
    """
    if model.spec.window:
        return _windowed_loss(model, ids, stopped)
    streams = 1 if len(ids) <= _ONE_STREAM_CHARACTERS else _STREAMS
    return _carried_loss(model, ids[:_REPORTED_CHARACTERS], streams, "fp32", stopped)


def watched_loss(
    model: CharRNN, ids: Ids, precision: str, stopped: Callable[[], bool] = _never
) -> float | None:
    """A quick estimate of `reported_loss`, for watching a run.

    The first 131,072 characters are cut into 32 streams read side by side; each first reads,
    uncounted, the 512 characters before its own. On tinyshakespeare that moves the figure by less
    than 0.001. None if `stopped` said so on the way.
    """
    if model.spec.window:
        return _windowed_loss(model, ids, stopped)
    return _carried_loss(model, ids[:_WATCHED_CHARACTERS], _STREAMS, precision, stopped)


@torch.no_grad()
def _carried_loss(
    model: CharRNN, ids: Ids, streams: int, precision: str, stopped: Callable[[], bool]
) -> float | None:
    device = model.head.weight.device
    pairs = len(ids) - 1  # characters that have a next one
    share = -(-pairs // streams)
    begins = np.arange(streams)[:, np.newaxis] * share
    chunk = max(1, min(_WARMUP, _LOGITS_AT_ONCE // (streams * model.spec.vocab_size)))
    warmup = min(_WARMUP, share) if streams > 1 else 0
    borders = [*range(-warmup, 0, chunk), *range(0, share, chunk), share]
    total = 0.0
    state: Carried | None = None
    was_training = model.training
    model.eval()
    for start, stop in itertools.pairwise(borders):
        places = begins + np.arange(start, stop)
        readable = np.clip(places, 0, pairs - 1)
        if start == 0 and state is not None:
            for tensor in (tensor for layer in state for tensor in layer):
                tensor[:, 0] = 0  # nothing stands before the first stream: it starts cold
        with autocast(device, precision):
            logits, state = model(_on(device, ids[readable]), state)
        if start >= 0:
            targets = _on(device, ids[readable + 1])
            losses = F.cross_entropy(
                logits.float().flatten(0, 1), targets.flatten(), reduction="none"
            )
            counted = torch.from_numpy(places < pairs).to(device).flatten()
            total += (losses * counted).sum().item()
        if stopped():
            break
    else:
        model.train(was_training)
        return total / pairs
    model.train(was_training)
    return None


@torch.no_grad()
def _windowed_loss(model: CharRNN, ids: Ids, stopped: Callable[[], bool]) -> float | None:
    """Over at most ten thousand windows, spread evenly."""
    device = model.head.weight.device
    stride = max(1, (len(ids) - model.spec.window) // _MAX_WINDOWS)
    windows = Windows.over(ids, model.spec.window, stride)
    total = 0.0
    was_training = model.training
    model.eval()
    for start in range(0, len(windows), 256):
        rows = slice(start, start + 256)
        logits, _ = model(_on(device, windows.inputs[rows]), last_only=True)
        targets = _on(device, windows.targets[rows])
        total += F.cross_entropy(logits.float(), targets, reduction="sum").item()
        if stopped():
            break
    else:
        model.train(was_training)
        return total / len(windows)
    model.train(was_training)
    return None


def _on(device: torch.device, ids: np.ndarray) -> Tensor:
    return torch.from_numpy(ids.astype(np.int64)).to(device)
