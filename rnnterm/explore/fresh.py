"""Freshly initialized networks, to lay beside a trained one: what training changed, and how
gradients go through each kind of cell before any."""

import numpy as np

from rnnterm.explore.gradients import spectral_radius as radius_of
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import GATE_COUNT, CellKind, NetworkSpec
from rnnterm.text.vocab import Vocabulary


def fresh_model(
    kind: CellKind,
    hidden_size: int,
    vocab: Vocabulary,
    *,
    seed: int = 0,
    forget_bias: float = 0.0,
    spectral_radius: float | None = None,
    num_layers: int = 1,
) -> Model:
    """An untrained network with the initialization of `torch.nn`: all U(±1/√H).

    Args:
        forget_bias: added to the LSTM's forget-gate bias.
        spectral_radius: scale each gate's recurrent matrix to have this one; None leaves them as
            drawn, about 1/√3.
    """
    spec = NetworkSpec(
        vocab_size=len(vocab), cell=kind, hidden_size=hidden_size, num_layers=num_layers,
        forget_bias=forget_bias if kind == "lstm" else 0.0,
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    bound = 1 / np.sqrt(hidden_size)
    tensors = {
        name: rng.normal(size=shape)
        if name == "embedding.weight"
        else rng.uniform(-bound, bound, shape)
        for name, shape in spec.tensor_shapes().items()
    }
    forget = slice(hidden_size, 2 * hidden_size)
    for layer in range(num_layers):
        tensors[f"rnn.{layer}.bias_ih"][forget] += spec.forget_bias
        if spectral_radius is not None:
            gates = np.split(tensors[f"rnn.{layer}.weight_hh"], GATE_COUNT[kind])
            scaled = [gate * (spectral_radius / radius_of(gate)) for gate in gates]
            tensors[f"rnn.{layer}.weight_hh"] = np.concatenate(scaled)
    return Model(spec, vocab, {name: value.astype(np.float32) for name, value in tensors.items()})
