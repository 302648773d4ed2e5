"""A forecaster's networks followed step by step: every state, gate and output.

T steps, S networks of U units each, I inputs a step.
"""

from dataclasses import dataclass

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.forecast.forecaster import Forecaster
from rnnterm.forecast.network import SideBySide
from rnnterm.forecast.result import Doubles
from rnnterm.nn.cells import Array, Cell, Gates


@dataclass(frozen=True, eq=False)
class ForecastTrace:
    """Everything that happened while values were read; all in the scale of learning.

    Attributes:
        inputs: what entered at each step, shape (T, I).
        networks: one dictionary a network from a name (`h`, `c`, and every gate) to (T, U).
        outputs: what each network says after each step, shape (T, S).
        direct: what is added to each, of the last values themselves, shape (T, S).
    """

    inputs: Doubles
    networks: tuple[Gates, ...]
    outputs: Doubles
    direct: Doubles

    def __len__(self) -> int:
        return len(self.inputs)


def cells_of(forecaster: Forecaster) -> tuple[Cell, ...]:
    """Each network's recurrent layer by itself."""
    return tuple(SideBySide(forecaster.spec, [one]).cell for one in forecaster.networks)


def inputs_of(forecaster: Forecaster, scaled: Doubles) -> Doubles:
    """What enters at each step while values of shape (n,) are read, shape (T, I).

    A value a step; of a plan whose window enters as features, the last window in one step.

    Raises RnntermError where there are fewer values than that takes.
    """
    plan = forecaster.plan
    needed = plan.window if plan.as_features else 1
    if len(scaled) < needed:
        raise RnntermError(f"{len(scaled)} values are too few to read: it takes {needed}")
    rows: Doubles = scaled[np.newaxis, -needed:] if plan.as_features else scaled[:, np.newaxis]
    return rows


def trace(forecaster: Forecaster, values: Doubles) -> ForecastTrace:
    """All networks' reading of values in the series' own units, shape (n,), from a cold start.

    Raises RnntermError where there are too few of them, or where states grow beyond all numbers.
    """
    inputs = inputs_of(forecaster, forecaster.scaler.scale(values))
    with np.errstate(over="ignore", invalid="ignore"):
        followed = [
            _follow(SideBySide(forecaster.spec, [one]), inputs) for one in forecaster.networks
        ]
    outputs = np.stack([said for _, said in followed], axis=1)
    if not np.isfinite(outputs).all():
        raise RnntermError("the network's states overflow while it reads: give it fewer values")
    last = inputs[:, -1]
    alone = (forecaster.alone(number) for number in range(len(forecaster.networks)))
    direct = np.stack([one.direct_to_each(last) for one in alone], axis=1)
    return ForecastTrace(inputs, tuple(gates for gates, _ in followed), outputs, direct)


def _follow(network: SideBySide, inputs: Doubles) -> tuple[Gates, Doubles]:
    """States and gates of one network, (T, U) each, and what it says, shape (T,)."""
    state, steps, said = network.initial_state(1), [], []
    for row in inputs.astype(np.float32):
        gates: Gates = {}
        output, state = network.step(row[np.newaxis, np.newaxis], state, gates)
        steps.append(dict(zip(network.cell.state_names, state, strict=True)) | gates)
        said.append(float(output[0, 0]))
    return {name: np.stack([step[name][0] for step in steps]) for name in steps[0]}, np.array(said)


def output_slopes(forecaster: Forecaster, network: int, h: Array) -> tuple[Doubles, float]:
    """How a network's output before any tanh depends on its state h, shape (U,): slopes, and rest.

    The output is `slopes @ h + rest`: exact, because what lies behind the cell is linear, but for a
    ReLU layer, of which the units that are on in this state count.
    """
    tensors = forecaster.networks[network]
    head, bias = tensors["head.weight"][0].astype(np.float64), float(tensors["head.bias"][0])
    if not forecaster.spec.dense:
        return head, bias
    dense = tensors["dense.weight"].astype(np.float64)
    lift = tensors["dense.bias"].astype(np.float64)
    on = head * (dense @ h + lift > 0)
    slopes: Doubles = on @ dense
    return slopes, float(on @ lift) + bias
