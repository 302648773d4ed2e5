"""Training a forecaster: every network of a plan on one series, several at a time.

T steps, S networks side by side. Losses are mean squared errors in the scale of learning.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from rnnterm.errors import DivergedError
from rnnterm.forecast.events import EpochDone, Event, Previewed, SeedDone
from rnnterm.forecast.network import ForecasterSpec, group_size
from rnnterm.forecast.pieces import Pieces, preview_starts
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.result import Doubles
from rnnterm.forecast.scaler import Scaler
from rnnterm.nn.cells import Array
from rnnterm.training.forecastnet import ForecastNet, first_weights
from rnnterm.training.forecastoptimizer import ForecastOptimizer

_BETWEEN_PREVIEWS = 0.3  # seconds
_PREVIEW_SHARE = 0.1  # of the training's time, at most
Listener = Callable[[Event], None]
Network = dict[str, Array]


@dataclass(frozen=True)
class Trained:
    """What training left.

    Attributes:
        networks: each network's tensors, those of its best epoch.
        epochs: which that was.
        recurrent_gradient: the largest entry that the gradient of any network's recurrent weights
            ever had.
    """

    networks: tuple[Network, ...]
    epochs: tuple[int, ...]
    recurrent_gradient: float


@dataclass
class _Best:
    """One network at its best so far."""

    loss: float = math.inf
    epoch: int = 0
    network: Network = field(default_factory=dict)
    done: bool = False


class ForecastTrainer:
    """Trains all networks of a plan.

    Args:
        plan: settled.
        scaled: the whole series in the scale of learning; the test part is for previews alone.
        split: how many of its values are the training part.
    """

    def __init__(
        self, plan: ForecastPlan, scaled: Doubles, split: int, scaler: Scaler, listen: Listener
    ) -> None:
        self._plan, self._scaled, self._scaler, self._listen = plan, scaled, scaler, listen
        self._spec = ForecasterSpec.of(plan)
        self._pieces = Pieces.of(plan, scaled, split)
        self._values = torch.from_numpy(self._pieces.values.astype(np.float32))
        self._whole = torch.from_numpy(scaled.astype(np.float32))
        self._begun = time.perf_counter()
        self._next_preview = 0.0
        self._largest = 0.0

    def train(self) -> Trained:
        """Train all networks. Raises DivergedError where one never has a loss that is a number."""
        size, count = group_size(self._spec), self._plan.seeds
        best: list[_Best] = []
        for first in range(0, count, size):
            best += self._train_some(list(range(first, min(first + size, count))))
        networks, epochs = tuple(b.network for b in best), tuple(b.epoch for b in best)
        return Trained(networks, epochs, self._largest)

    def _train_some(self, members: list[int]) -> list[_Best]:
        """Train networks side by side; apart where one diverges, which would spoil them all."""
        try:
            return self._train_group(members)
        except DivergedError:
            if len(members) == 1:
                raise
            return [self._train_group([member])[0] for member in members]

    def _train_group(self, members: list[int]) -> list[_Best]:
        plan = self._plan
        seeds = [plan.rng_seed + member for member in members]
        net = ForecastNet(self._spec, [first_weights(self._spec, plan, seed) for seed in seeds])
        optimizer = ForecastOptimizer(plan, net.parameters())
        rngs = [np.random.default_rng(seed) for seed in seeds]
        steps = max(1, -(-self._pieces.an_epoch // plan.batch_size)) * plan.epochs
        best, taken = [_Best() for _ in members], 0
        for epoch in range(1, plan.epochs + 1):
            losses = []
            for batch in self._batches(rngs):
                rate = _learning_rate(plan, taken / steps)
                losses.append(self._learn(net, optimizer, batch, rate))
                taken += 1
            self._end_epoch(net, epoch, torch.stack(losses).mean(0), members, best)
            if all(b.done for b in best):
                break
        for member, one in zip(members, best, strict=True):
            if not one.done:
                self._listen(SeedDone(member + 1, one.epoch, self._told(one), self._seconds))
        return best

    def _batches(self, rngs: list[np.random.Generator]) -> Iterator[Tensor]:
        """The starts of one epoch's pieces, a batch at a time: shape (B, S), a column a network."""
        orders = [self._pieces.epoch(rng) for rng in rngs]
        length = min(map(len, orders))  # an epoch that begins late may have a piece less
        together = torch.from_numpy(np.stack([order[:length] for order in orders], axis=1))
        yield from torch.split(together, self._plan.batch_size)

    def _learn(
        self, net: ForecastNet, optimizer: ForecastOptimizer, starts: Tensor, rate: float
    ) -> Tensor:
        """One step down the gradient; each network's loss, shape (S,)."""
        inputs, base, first = self._inputs(net, self._values, starts)
        plan = self._plan
        targets = self._values[_steps(starts, plan.window, plan.ahead)]
        wrong = net(inputs, first) + base - targets
        losses = wrong.square().mean((0, 1))
        optimizer.clear()
        losses.sum().backward()
        self._largest = max(self._largest, net.recurrent_gradient())
        net.keep_apart(one_bias=plan.initialization == "keras" and plan.cell != "gru")
        optimizer.step(rate)
        told: Tensor = losses.detach()
        return told

    def _inputs(
        self, net: ForecastNet, values: Tensor, starts: Tensor, ahead: int = 0
    ) -> tuple[Tensor, Tensor, int]:
        """What pieces read, shape (B, T, S*I), what is added to the outputs, and their first step.

        Args:
            values: the series, which a piece may reach beyond at its end.
            starts: shape (B, S).
            ahead: values that each piece forecasts; 0 for as many as the plan says.
        """
        plan = self._plan
        count = plan.window + (ahead or plan.ahead) - 1
        read = values[_steps(starts, 0, count).clamp(max=len(values) - 1)]  # (B, T, S)
        if plan.as_features:
            return read.transpose(1, 2).flatten(1).unsqueeze(1), torch.zeros(()), 0
        first = plan.window - 1
        base = read[:, first:] if plan.residual == "on" else torch.zeros(())
        return read, base + net.direct(read, first), first

    @torch.no_grad()
    def _end_epoch(
        self, net: ForecastNet, epoch: int, losses: Tensor, members: list[int], best: list[_Best]
    ) -> None:
        """Judge every network, keep what is best, and tell."""
        plan = self._plan
        validated = self._validation_losses(net)
        judged = validated if plan.validation else losses.tolist()
        if not all(map(math.isfinite, judged)) and (len(best) > 1 or not best[0].network):
            raise DivergedError(
                f"the loss is no longer a number in epoch {epoch}: rescale the series, or try "
                "another --cell or --rng-seed"
            )
        networks = net.networks()
        told = zip(members, best, networks, losses.tolist(), validated, strict=True)
        for index, (member, one, network, train_loss, val_loss) in enumerate(told):
            if one.done:
                continue
            better = judged[index] < one.loss
            # Without anything to judge by, the last epoch is the one that counts, as published.
            if better or (not plan.validation and math.isfinite(judged[index])):
                one.loss, one.epoch, one.network = judged[index], epoch, network
            self._listen(EpochDone(member + 1, epoch, train_loss, val_loss, better, self._seconds))
            if plan.validation and plan.patience and epoch - one.epoch >= plan.patience:
                one.done = True
                self._listen(SeedDone(member + 1, one.epoch, self._told(one), self._seconds))
        self._preview(net, epoch)

    def _validation_losses(self, net: ForecastNet) -> list[float]:
        """Each network's error on the validation part; NaN where there is none."""
        if not len(self._pieces.validation):
            return [math.nan] * net.count
        plan, end = self._plan, self._pieces.end
        starts = self._alike(self._pieces.validation, net.count)
        inputs, base, first = self._inputs(net, self._whole, starts)
        index = _steps(starts, plan.window, plan.ahead)
        wrong = net(inputs, first) + base - self._whole[index.clamp(max=end - 1)]
        there = index < end
        losses = (wrong.square() * there).sum((0, 1)) / there.sum((0, 1))
        return [float(loss) for loss in losses]

    def _preview(self, net: ForecastNet, epoch: int) -> None:
        """Tell one-step forecasts over the whole series, if it is time to."""
        if self._seconds < self._next_preview and epoch < self._plan.epochs:
            return
        begun = self._seconds
        starts, stride = preview_starts(self._plan, len(self._scaled))
        inputs, base, first = self._inputs(net, self._whole, self._alike(starts, net.count), 1)
        mean = (net(inputs, first) + base)[:, 0].double().mean(1).numpy()
        values = self._scaler.unscale(mean, mean=True)
        self._listen(Previewed(epoch, self._plan.window, stride, values))
        cost = self._seconds - begun
        self._next_preview = self._seconds + max(_BETWEEN_PREVIEWS, cost / _PREVIEW_SHARE)

    @staticmethod
    def _alike(starts: "np.ndarray[tuple[int], np.dtype[np.int64]]", count: int) -> Tensor:
        """The same pieces for every network, shape (B, S)."""
        return torch.from_numpy(starts)[:, None].expand(-1, count)

    def _told(self, best: _Best) -> float:
        return best.loss if self._plan.validation else math.nan

    @property
    def _seconds(self) -> float:
        return time.perf_counter() - self._begun


def _steps(starts: Tensor, offset: int, count: int) -> Tensor:
    """Indices of `count` values from `offset` after each start: (B, S) to (B, count, S)."""
    return starts[:, None, :] + torch.arange(offset, offset + count)[:, None]


def _learning_rate(plan: ForecastPlan, share: float) -> float:
    """After that share of all steps."""
    if not plan.anneal:
        return plan.learning_rate
    return plan.learning_rate * max(0.5 * (1 + math.cos(math.pi * min(1.0, share))), 1e-3)
