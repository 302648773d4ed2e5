"""What a prediction depends on: gradients through time, by hand, and how they vanish or explode.

A prediction at step t is the log-probability, in nats, of a character as the one after step t.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.explore.backprop import Backprop
from rnnterm.explore.reading import Reading
from rnnterm.explore.weight_gradient import WeightGradient
from rnnterm.nn.network import Indices
from rnnterm.nn.softmax import Doubles

Target = Literal["actual", "likeliest"]
StateName = Literal["h", "c"]

FARTHEST = 1_000
"""Lags of a decay at most, however long the text."""
_POSITIONS = 4


@dataclass(frozen=True, eq=False)
class Connectivity:
    """How much one prediction depends on each character before it.

    Attributes:
        step: after which it is made.
        char: the character that is predicted.
        log_probability: the prediction.
        norms: of its gradient with respect to what entered for each character up to the step,
            shape (step + 1,).
    """

    step: int
    char: str
    log_probability: float
    norms: Doubles

    @property
    def shares(self) -> Doubles:
        """The norms as parts of the largest, for a tint; zeros where no character counts."""
        largest = float(self.norms.max())
        return self.norms / largest if largest else np.zeros_like(self.norms)


@dataclass(frozen=True, eq=False)
class Decay:
    """The norm of dL_T/dh_t by lag T - t, a mean over some positions T.

    Attributes:
        norms: shape (lags,), from lag 0; zeros beyond a truncation.
        positions: the steps T whose losses L_T were differentiated.
        gradient_norm: of the mean loss' gradient by all weights, before it was clipped; infinite
            where it overflows.
        scale: what clipping multiplied all gradients with: 1 where it changed nothing.
    """

    norms: Doubles
    positions: Indices
    gradient_norm: float
    scale: float = 1.0

    @property
    def per_step(self) -> float:
        """The factor by which a step back changes the norm, in the mean; NaN where there is none.

        Below 1 gradients vanish, above they explode.
        """
        seen = np.flatnonzero((self.norms > 0) & np.isfinite(self.norms))
        if len(seen) < 2:
            return float("nan")
        first, last = self.norms[seen[0]], self.norms[seen[-1]]
        return float(np.exp((np.log(last) - np.log(first)) / (seen[-1] - seen[0])))


def connectivity(reading: Reading, step: int, target: Target | None = None) -> Connectivity:
    """The gradient of the prediction at a step, from 0, by all characters up to it.

    Args:
        target: which character is predicted: the one that came, or the one that was likeliest;
            None means the one that came, where one did.

    Raises RnntermError for the last step's actual character: there is none.
    """
    has_next = step + 1 < len(reading)
    if target == "actual" and not has_next:
        raise RnntermError("no character came after the last step: ask for the likeliest")
    if target is None:
        target = "actual" if has_next else "likeliest"
    log_probabilities = reading.log_probabilities[step]
    index = reading.ids[step + 1] if target == "actual" else log_probabilities.argmax()
    starts, chars = np.array([step]), np.array([index])
    norms = np.zeros(step + 1)
    for flow in _backprop(reading).walk(
        starts, _by_top(reading, _by_logits(reading, starts, chars))
    ):
        norms[step - flow.lag] = np.linalg.norm(flow.input)
    return Connectivity(
        step, reading.model.vocab.symbols[index], float(log_probabilities[index]), norms
    )


def spread_positions(reading: Reading, count: int = _POSITIONS) -> Indices:
    """At most so many steps of the text's second half, evenly: each has the first half behind it.

    Raises RnntermError for a text of one character, after which nothing came.
    """
    last = len(reading) - 2
    if last < 0:
        raise RnntermError("one character has nothing before it to depend on: give a longer text")
    return np.unique(np.linspace((last + 1) // 2, last, count).round().astype(np.intp))


def decay(
    reading: Reading,
    layer: int,
    *,
    state: StateName = "h",
    positions: Sequence[int] | Indices | None = None,
    truncation: int | None = None,
    clip: float | None = None,
) -> Decay:
    """How the loss of the character that came depends on a layer's state ever further back.

    Args:
        layer: from 0.
        state: `c` is the LSTM's memory.
        positions: steps T, from 0 to the last but one; else those of `spread_positions`. Lags go
            as far as the earliest of them has characters before it, and to `FARTHEST`.
        truncation: steps that a gradient goes back in training, the BPTT length; None is all.
        clip: the longest gradient of all weights that a training step takes; a longer one is
            scaled down, and all gradients with it. None lets it be.
    """
    starts = np.asarray(spread_positions(reading) if positions is None else positions, np.intp)
    back = _backprop(reading)
    by_logits = -_by_logits(reading, starts, reading.ids[starts + 1])
    lags = min(int(starts.min()) + 1, FARTHEST)
    norms = np.zeros(lags)
    steps_back = min(FARTHEST, truncation or FARTHEST)
    weights = WeightGradient(reading, back, by_logits, starts)
    with np.errstate(over="ignore", invalid="ignore"):
        for flow in back.walk(starts, _by_top(reading, by_logits), steps_back):
            if flow.lag < lags:
                by_state = flow.h[layer] if state == "h" else flow.behind[layer].own_c
                if by_state is None:
                    raise RnntermError("only an LSTM has a memory c: ask for h")
                norms[flow.lag] = np.linalg.norm(by_state, axis=1).mean()
            weights.add(flow)
        total = weights.norm()
        total = total if np.isfinite(total) else np.inf
        scale = min(1.0, clip / total) if clip and total else 1.0
        return Decay(norms * scale, starts, total, scale)


@dataclass(frozen=True)
class Dynamics:
    """What decides how far gradients go in a layer.

    Attributes:
        spectral_radius: the largest absolute eigenvalue of U (rnn), or of ∂h′/∂h at a step
            (lstm, where c is held, and gru).
        keeping_gate: `f` of an LSTM, `z` of a GRU, None of an rnn: it keeps the state.
        mean_gate: its mean over units and steps.
        gate_bias: its mean bias, b_ih + b_hh.
    """

    spectral_radius: float
    keeping_gate: str | None = None
    mean_gate: float | None = None
    gate_bias: float | None = None


def dynamics(reading: Reading, layer: int, step: int) -> Dynamics:
    """The figures of a layer, and at a step where they depend on one (both from 0)."""
    network = reading.model.network
    weights, size = network.cells[layer].weights, network.spec.hidden_size
    if network.spec.cell == "rnn":
        return Dynamics(spectral_radius(weights.weight_hh))
    gate = "f" if network.spec.cell == "lstm" else "z"
    rows = slice(size, 2 * size)  # the second gate in either order
    return Dynamics(
        spectral_radius(_jacobian(reading, layer, step)),
        gate,
        float(reading.values(layer, gate).mean()),
        float((weights.bias_ih[rows] + weights.bias_hh[rows]).mean()),
    )


def spectral_radius(matrix: np.ndarray) -> float:
    """The largest absolute eigenvalue of a square matrix."""
    return float(np.abs(np.linalg.eigvals(matrix.astype(np.float64))).max())


def _backprop(reading: Reading) -> Backprop:
    network = reading.model.network
    return Backprop(network.spec, network.cells, reading.trace.layers)


def _jacobian(reading: Reading, layer: int, step: int) -> Doubles:
    """That of a layer's step, from this step and the one before alone."""
    network = reading.model.network
    first = max(0, step - 1)
    steps = [
        {name: values[first : step + 1] for name, values in trace.items()}
        for trace in reading.trace.layers
    ]
    return Backprop(network.spec, network.cells, steps).jacobian(layer, step - first)


def _by_logits(reading: Reading, starts: Indices, chars: Indices) -> Doubles:
    """The derivative of log-probabilities after `starts` by the logits, shape (P, V)."""
    by_logits = -np.exp(reading.log_probabilities[starts])
    by_logits[np.arange(len(starts)), chars] += 1
    return by_logits


def _by_top(reading: Reading, by_logits: Doubles) -> Doubles:
    """The same by the last layer's h, shape (P, H)."""
    head: Doubles = reading.model.network.tensors["head.weight"].astype(np.float64)
    return by_logits @ head
