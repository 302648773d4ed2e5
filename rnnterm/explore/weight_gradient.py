"""The gradient of a mean loss by all weights of a network, gathered along a backward pass."""

import numpy as np

from rnnterm.explore.backprop import Backprop, Flow
from rnnterm.explore.reading import Reading
from rnnterm.nn.network import Indices
from rnnterm.nn.softmax import Doubles

_ROWS_AT_ONCE = 2_048


class WeightGradient:
    """Adds up what each step back contributes, for the length that clipping looks at.

    Args:
        by_logits: the derivatives of P losses by the logits after `starts`, shape (P, V).
    """

    def __init__(
        self, reading: Reading, back: Backprop, by_logits: Doubles, starts: Indices
    ) -> None:
        network = reading.model.network
        self._ids, self._back, self._count = reading.ids, back, len(starts)
        self._flows: list[Flow] = []
        self._has_embedding = network.spec.input == "embedding"
        below = [reading.values(layer, "h") for layer in range(network.spec.num_layers)]
        self._entering = [network.input_rows(reading.ids), *below[:-1]]
        self._sums = {
            "head.weight": by_logits.T @ below[-1][starts],
            "head.bias": by_logits.sum(axis=0),
        }

    def add(self, flow: Flow) -> None:
        """One more step back."""
        self._flows.append(flow)
        if len(self._flows) * self._count >= _ROWS_AT_ONCE:
            self._gather()

    def norm(self) -> float:
        """The Euclidean norm over every weight of the gradient of the losses' mean."""
        self._gather()
        squares = sum(float(np.vdot(total, total)) for total in self._sums.values())
        return float(np.sqrt(squares)) / self._count

    def tensors(self) -> dict[str, Doubles]:
        """The gradient of the losses' mean, by the names and shapes of the model's tensors."""
        self._gather()
        return {name: total / self._count for name, total in self._sums.items()}

    def _gather(self) -> None:
        """Multiply out the steps since the last time, all at once."""
        flows, self._flows = self._flows, []
        if not flows:
            return
        steps = np.maximum(np.concatenate([flow.steps for flow in flows]), 0)
        for place, layer in enumerate(self._back.layers):
            behind = [flow.behind[place] for flow in flows]
            inputs = np.concatenate([one.input_sums for one in behind])
            recurrent = np.concatenate([one.recurrent_sums for one in behind])
            by_rows = [recurrent[:, rows].T @ operand[steps] for rows, operand in layer.operands()]
            self._add(f"rnn.{place}.weight_ih", inputs.T @ self._entering[place][steps])
            self._add(f"rnn.{place}.weight_hh", np.concatenate(by_rows))
            self._add(f"rnn.{place}.bias_ih", inputs.sum(axis=0))
            self._add(f"rnn.{place}.bias_hh", recurrent.sum(axis=0))
        if self._has_embedding:
            shape = (self._sums["head.bias"].shape[0], flows[0].input.shape[1])
            by_symbol = np.zeros(shape)
            entered = np.concatenate([flow.input for flow in flows])
            np.add.at(by_symbol, self._ids[steps], entered)
            self._add("embedding.weight", by_symbol)

    def _add(self, name: str, part: Doubles) -> None:
        self._sums[name] = self._sums[name] + part if name in self._sums else part
