"""The network in torch, for training: `torch.nn` layers under the names of the model file."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnterm.errors import UsageError
from rnnterm.nn.cells import Array
from rnnterm.nn.spec import NetworkSpec
from rnnterm.training.dropping import drop

Carried = list[tuple[Tensor, ...]]
"""One state a layer: (h,) or (h, c), each of shape (1, B, H) as torch wants it."""

_KERNELS: dict[str, tuple[Callable[..., tuple[Tensor, ...]], int]] = {
    "LSTM": (torch.lstm, 2),
    "GRU": (torch.gru, 1),
    "RNN_TANH": (torch.rnn_tanh, 1),
    "RNN_RELU": (torch.rnn_relu, 1),
}
"""By a torch module's mode: what it calls, and how many tensors its state has."""


class CharRNN(nn.Module):
    """Characters to next-character scores.

    Layers are single `nn.LSTM`s (or GRUs, RNNs) and dropout is not theirs: cuDNN keeps a hidden
    generator that no checkpoint could restore.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        if not has_cell(spec):
            raise UsageError(
                "a GRU with reset_after = false and an rnn with linear activation can be run, "
                "but not trained"
            )
        self.spec = spec
        if spec.input == "embedding":
            self.embedding = nn.Embedding(spec.vocab_size, spec.embedding_size)
        sizes = [spec.input_size] + [spec.hidden_size] * (spec.num_layers - 1)
        self.rnn = nn.ModuleList([_layer(spec, size) for size in sizes])
        self.head = nn.Linear(spec.hidden_size, spec.vocab_size)
        _initialize(self)

    def forward(
        self, ids: Tensor, state: Carried | None = None, *, last_only: bool = False
    ) -> tuple[Tensor, Carried]:
        """Indices (B, T) to logits (B, T, V), or (B, V) after the last step, and the state."""
        x = self._drop(self._inputs(ids), self.spec.dropout_input)
        following: Carried = []
        for layer, rnn in enumerate(self.rnn):
            x = self._drop(x, self.spec.dropout_between) if layer else x
            x, after = self._read(rnn, x, state[layer] if state else None)
            following.append(after)
        x = x[:, -1] if last_only else x
        return self.head(self._drop(x, self.spec.dropout_output)), following

    def _drop(self, values: Tensor, share: float) -> Tensor:
        return drop(values, share) if self.training else values

    def _read(
        self, rnn: nn.Module, x: Tensor, state: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One layer over all time steps: its outputs and its state after the last."""
        dropped = self.spec.dropout_recurrent if self.training else 0.0
        if not (dropped and isinstance(rnn, nn.RNNBase)):
            x, after = rnn(x, state if state is None or len(state) > 1 else state[0])
            return x, after if isinstance(after, tuple) else (after,)
        # The module can't be lent other weights for once: this is what it calls itself.
        kernel, state_size = _KERNELS[rnn.mode]
        weight_ih, weight_hh, *biases = rnn.all_weights[0]
        weights = [weight_ih, drop(weight_hh, dropped), *biases]
        zeros = x.new_zeros(1, len(x), rnn.hidden_size)
        state = state or (zeros,) * state_size
        hx = state if state_size > 1 else state[0]
        x, *rest = kernel(x, hx, weights, True, 1, 0.0, True, False, True)
        return x, tuple(rest)

    def _inputs(self, ids: Tensor) -> Tensor:
        if self.spec.input == "embedding":
            embedded: Tensor = self.embedding(ids)
            return embedded
        if self.spec.input == "onehot":
            return F.one_hot(ids, self.spec.vocab_size).to(self.head.weight.dtype)
        return (ids.to(self.head.weight.dtype) / self.spec.vocab_size).unsqueeze(-1)

    def named_tensors(self) -> dict[str, nn.Parameter]:
        """The parameters by their names in the model file."""
        # torch calls a single layer's tensors weight_ih_l0 and so on.
        return {name.removesuffix("_l0"): value for name, value in self.named_parameters()}

    def to_arrays(self) -> dict[str, Array]:
        """A copy of every parameter as a float32 numpy array."""
        return {
            name: value.detach().to("cpu", torch.float32).numpy().copy()
            for name, value in self.named_tensors().items()
        }

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Overwrite every parameter."""
        with torch.no_grad():
            for name, value in self.named_tensors().items():
                value.copy_(torch.from_numpy(np.ascontiguousarray(arrays[name])))


def has_cell(spec: NetworkSpec) -> bool:
    """Whether torch has the cell: it lacks the GRU's first form and the linear RNN."""
    return not (
        (spec.cell == "gru" and not spec.reset_after)
        or (spec.cell == "rnn" and spec.activation == "linear")
    )


def _layer(spec: NetworkSpec, input_size: int) -> nn.RNNBase:
    if spec.cell == "lstm":
        return nn.LSTM(input_size, spec.hidden_size, batch_first=True)
    if spec.cell == "gru":
        return nn.GRU(input_size, spec.hidden_size, batch_first=True)
    return nn.RNN(input_size, spec.hidden_size, nonlinearity=spec.activation, batch_first=True)


def _initialize(model: CharRNN) -> None:
    """Set the first weights; torch's constructors have drawn those of `pytorch` already."""
    spec = model.spec
    with torch.no_grad():
        if spec.initialization == "keras":
            for name, tensor in model.named_tensors().items():
                _initialize_like_keras(name, tensor)
        if spec.cell == "lstm":
            for layer in range(spec.num_layers):
                forget = slice(spec.hidden_size, 2 * spec.hidden_size)
                model.named_tensors()[f"rnn.{layer}.bias_ih"][forget] += spec.forget_bias


def _initialize_like_keras(name: str, tensor: Tensor) -> None:
    """Keras' defaults: Glorot uniform and orthogonal over all gates at once, zero biases."""
    if name == "embedding.weight":
        nn.init.uniform_(tensor, -0.05, 0.05)
    elif name.endswith("weight_hh"):
        nn.init.orthogonal_(tensor)
    elif tensor.dim() == 2:
        bound = math.sqrt(6 / (tensor.shape[0] + tensor.shape[1]))
        nn.init.uniform_(tensor, -bound, bound)
    else:
        nn.init.zeros_(tensor)
