"""The part of a run that learns: network, optimizer and carried state on a device."""

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnterm.nn.cells import Array
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.windows import one_hot
from rnnterm.training.batches import Batch
from rnnterm.training.charrnn import Carried, CharRNN
from rnnterm.training.machine import autocast
from rnnterm.training.recipe import Recipe
from rnnterm.training.state import (
    optimizer_tensors,
    restore_optimizer,
    restore_rng,
    rng_tensors,
)


class Learner:
    """Learns from one batch at a time.

    Attributes:
        model: the network in training.
        carried: the streams' states after the last batch; None before the first.
        loss_sum: sum of the losses since it was last set to zero, on the device: to read
            it at each step would make a GPU wait for Python.
    """

    def __init__(
        self, recipe: Recipe, spec: NetworkSpec, device: torch.device, precision: str
    ) -> None:
        self.device, self.precision = device, precision
        self.model = CharRNN(spec).to(device)
        self._network: nn.Module = self.model  # what training, and it alone, runs
        self.carried: Carried | None = None
        precise = torch.float32 if device.type == "mps" else torch.float64  # which Metal lacks
        self.loss_sum = torch.zeros((), dtype=precise, device=device)
        self._clip_norm = recipe.clip_norm
        optimizer = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[recipe.optimizer]
        self._optimizer = optimizer(
            self.model.parameters(),
            lr=recipe.learning_rate,
            betas=(recipe.beta1, recipe.beta2),
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=True,
        )

    def learn(self, batch: Batch, rate: float) -> None:
        """One step down the gradient of the batch's mean loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._clip_norm:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._clip_norm)
        self._optimizer.step()
        self.loss_sum += loss.detach().to(self.loss_sum.dtype)

    def _loss(self, batch: Batch) -> Tensor:
        inputs = self._to_device(batch.inputs.astype(np.int64))
        if self.model.spec.window:
            with autocast(self.device, self.precision):
                logits, _ = self._network(inputs, last_only=True)
            # The tutorials' categorical cross-entropy, against one-hot rows.
            rows = self._to_device(one_hot(batch.targets, self.model.spec.vocab_size))
            return F.cross_entropy(logits.float(), rows)
        with autocast(self.device, self.precision):
            logits, following = self._network(inputs, None if batch.fresh else self.carried)
        self.carried = [tuple(tensor.detach() for tensor in layer) for layer in following]
        targets = self._to_device(batch.targets.astype(np.int64))
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())

    def _to_device(self, array: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)

    def read_loss_sum(self) -> float:
        """The sum of the losses as a number; waits for the device."""
        return self.loss_sum.item()

    def is_finite(self) -> bool:
        """Whether every weight and every optimizer moment is still a number."""
        states = self._optimizer.state.values()
        moments = (value for state in states for value in state.values())
        tensors = itertools.chain(self.model.parameters(), moments)
        return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """The optimizer's state by parameter name."""
        return optimizer_tensors(self._optimizer, self.model)

    def streams_and_rng(self) -> tuple[Carried | None, dict[str, Tensor]]:
        """The carried state of all B rows, and the states of the random generators."""
        return self.carried, rng_tensors()

    def restore(
        self,
        weights: Mapping[str, Array],
        optimizer: dict[str, Tensor],
        carried: Carried | None,
        rng: dict[str, Tensor],
    ) -> None:
        """Go back to an earlier state; the sum of the losses is the caller's to set."""
        self.model.load_arrays(weights)
        restore_optimizer(self._optimizer, self.model, optimizer)
        self.carried = carried and [
            tuple(tensor.to(self.device) for tensor in layer) for layer in carried
        ]
        restore_rng(rng)
