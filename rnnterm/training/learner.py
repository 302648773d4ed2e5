"""The part of a run that learns: network, optimizer and carried state on a device."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnterm.nn.cells import Array
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.windows import one_hot
from rnnterm.training.adam import Adam
from rnnterm.training.batches import Batch
from rnnterm.training.charrnn import Carried, CharRNN
from rnnterm.training.machine import autocast
from rnnterm.training.recipe import Recipe
from rnnterm.training.state import restore_rng, rng_tensors


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
        self._optimizer = Adam(recipe, self.model.named_tensors())

    def learn(self, batch: Batch, rate: float) -> None:
        """One step down the gradient of the batch's mean loss."""
        self._optimizer.clear()
        loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._clip_norm:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._clip_norm)
        self._optimizer.step(rate)
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
        weights = all(bool(torch.isfinite(each).all()) for each in self.model.parameters())
        return weights and self._optimizer.is_finite()

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """The optimizer's state by parameter name."""
        return self._optimizer.tensors()

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
        self._optimizer.restore(optimizer)
        self.carried = carried and [
            tuple(tensor.to(self.device) for tensor in layer) for layer in carried
        ]
        restore_rng(rng)
