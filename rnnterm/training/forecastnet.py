"""Forecasters in torch, for training: several networks side by side as one."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from rnnterm.forecast.network import PARTS, ForecasterSpec, join_blocks, split_blocks
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.nn.cells import Array

_FORGET_GATE = 1  # of torch's i, f, g, o


class ForecastNet(nn.Module):
    """S networks of one spec; see `rnnterm.forecast.network.SideBySide`, which equals it.

    Parameters are those of one wide recurrent layer, whose blocks off the diagonal are zero and
    must stay so: `keep_apart` clears their gradients.
    """

    def __init__(self, spec: ForecasterSpec, networks: Sequence[dict[str, Tensor]]) -> None:
        super().__init__()
        self.spec, self.count = spec, len(networks)
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}.get(spec.cell)
        width, inputs = self.count * spec.hidden_size, self.count * spec.inputs
        self.rnn: nn.RNNBase = (
            nn.RNN(inputs, width, nonlinearity=spec.activation, batch_first=True)
            if layer is None
            else layer(inputs, width, batch_first=True)
        )
        with torch.no_grad():
            for part in PARTS:
                blocks = [net[f"rnn.0.{part}"].numpy() for net in networks]
                self._joined(part).copy_(torch.from_numpy(join_blocks(spec, blocks)))
        for name in _outer_names(spec):
            stacked = torch.stack([net[name] for net in networks])
            self.register_parameter(name.replace(".", "_"), nn.Parameter(stacked))
        self._masks = {part: self._mask(part) for part in ("weight_ih", "weight_hh")}

    def forward(self, inputs: Tensor, first: int) -> Tensor:
        """Each network's own inputs, shape (B, T, S*I), to outputs (B, T - first, S)."""
        h, _ = self.rnn(inputs)
        values = h[:, first:].unflatten(-1, (self.count, self.spec.hidden_size))
        if self.spec.dense:
            values = torch.einsum("btsh,sdh->btsd", values, self.get_parameter("dense_weight"))
            values = torch.relu(values + self.get_parameter("dense_bias"))
        said = (values * self.get_parameter("head_weight")[:, 0]).sum(-1)
        said = said + self.get_parameter("head_bias")[:, 0]
        return torch.tanh(said) if self.spec.squash else said

    def direct(self, read: Tensor, first: int) -> Tensor:
        """What the K values before the last of each step say: (B, T, S) to (B, T - first, S)."""
        count = self.spec.linear
        if not count:
            return torch.zeros(())
        windows = read.unfold(1, count + 1, 1)[:, first - count :]
        apart = windows[..., :-1] - windows[..., -1:]
        told: Tensor = (apart * self.get_parameter("linear_weight")[:, 0]).sum(-1)
        return told

    def keep_apart(self, *, one_bias: bool) -> None:
        """Clear the gradients of what is not learnt; `one_bias` holds torch's second bias."""
        for part, mask in self._masks.items():
            gradient = self._joined(part).grad
            assert gradient is not None
            gradient.mul_(mask)
        if one_bias:
            self._joined("bias_hh").grad = None

    def recurrent_gradient(self) -> float:
        """The largest entry of the recurrent weights' gradient."""
        gradient = self._joined("weight_hh").grad
        assert gradient is not None
        return float(gradient.abs().max())

    def networks(self) -> list[dict[str, Array]]:
        """A copy of every network's own tensors, by the names of `spec.tensor_shapes()`."""
        told: list[dict[str, Array]] = [{} for _ in range(self.count)]
        for part in PARTS:
            joined = self._joined(part).detach().numpy()
            for net, tensor in zip(told, split_blocks(self.spec, joined, self.count), strict=True):
                net[f"rnn.0.{part}"] = tensor
        for name in _outer_names(self.spec):
            stacked = self.get_parameter(name.replace(".", "_")).detach().numpy()
            for net, tensor in zip(told, stacked, strict=True):
                net[name] = tensor.copy()
        return told

    def _joined(self, part: str) -> nn.Parameter:
        return self.rnn.get_parameter(f"{part}_l0")

    def _mask(self, part: str) -> Tensor:
        shape = self.spec.tensor_shapes()[f"rnn.0.{part}"]
        return torch.from_numpy(join_blocks(self.spec, [np.ones(shape, np.float32)] * self.count))


def first_weights(spec: ForecasterSpec, plan: ForecastPlan, seed: int) -> dict[str, Tensor]:
    """One network's tensors before training, the same for a seed whatever else is trained."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {name: torch.zeros(shape) for name, shape in spec.tensor_shapes().items()}
    for name, tensor in tensors.items():
        if name == "linear.weight":
            continue  # it begins as copying the last value
        if plan.initialization == "keras":
            _draw_like_keras(name, tensor, generator)
        else:  # torch draws a layer's tensors by its width: units, or what enters a dense layer
            width = tensors[name.replace("bias", "weight")].shape[-1]
            bound = 1 / math.sqrt(spec.hidden_size if name.startswith("rnn") else width)
            nn.init.uniform_(tensor, -bound, bound, generator=generator)
    if spec.cell == "lstm":
        forget = slice(_FORGET_GATE * spec.hidden_size, (_FORGET_GATE + 1) * spec.hidden_size)
        tensors["rnn.0.bias_ih"][forget] += plan.forget_bias
    return tensors


@contextmanager
def single_thread() -> Iterator[None]:
    """One thread, denormals flushed: networks this small only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def _draw_like_keras(name: str, tensor: Tensor, generator: torch.Generator) -> None:
    """Keras' defaults: Glorot uniform, orthogonal recurrent weights, zero biases."""
    if name.endswith("weight_hh"):
        nn.init.orthogonal_(tensor, generator=generator)
    elif tensor.dim() == 2:
        nn.init.xavier_uniform_(tensor, generator=generator)


def _outer_names(spec: ForecasterSpec) -> list[str]:
    return [name for name in spec.tensor_shapes() if not name.startswith("rnn.")]
