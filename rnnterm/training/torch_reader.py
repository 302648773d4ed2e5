"""The sampler's network on a torch device, for very wide models or thousands of samples."""

from typing import Any

import numpy as np
import torch

from rnnterm.errors import UsageError
from rnnterm.nn.cells import Array
from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import check_scores
from rnnterm.training.charrnn import Carried, CharRNN, has_cell
from rnnterm.training.machine import pick_device


class TorchReader:
    """Reads as `rnnterm.nn.network.Network` does, and can stand in its place when generating.

    Raises UsageError or RnntermError for a device that is not here, and for the cells that torch
    lacks.
    """

    def __init__(self, model: Model, device: str) -> None:
        self._device = pick_device(device)
        if not has_cell(model.spec):
            raise UsageError("torch lacks this network's cell: generate without a device")
        self._network = CharRNN(model.spec).to(self._device).eval()
        self._network.load_arrays(model.tensors)

    def read(self, ids: Any, state: Carried | None = None) -> tuple[Array, Carried]:
        """Read a text of shape (T, N): the logits after it, shape (N, V), and the state."""
        return self._run(np.ascontiguousarray(ids.T), state)

    def step(self, ids: Any, state: Carried) -> tuple[Array, Carried]:
        """Read one character each, shape (N,)."""
        return self._run(ids[:, np.newaxis], state)

    def spread(self, state: Carried, rows: int) -> Carried:
        """The state of one text as that of `rows` equal ones."""
        return [tuple(part.expand(-1, rows, -1).contiguous() for part in layer) for layer in state]

    @torch.inference_mode()
    def _run(self, ids: Any, state: Carried | None) -> tuple[Array, Carried]:
        on_device = torch.from_numpy(ids.astype(np.int64)).to(self._device)
        logits, following = self._network(on_device, state, last_only=True)
        scores = logits.float().cpu().numpy()
        check_scores(scores)
        return scores, following
