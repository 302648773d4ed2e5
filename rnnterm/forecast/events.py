"""What a forecaster's training tells on its way; its process writes each event as a line of JSON.

Losses are mean squared errors in the scale that the network learns in, times in seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from rnnterm.forecast.result import (
    Doubles,
    ForecastResult,
    array_to_text,
    result_from_json,
    result_to_json,
    text_to_array,
)
from rnnterm.runs.records import record_from_json, record_to_json


@dataclass(frozen=True)
class Begun:
    """Training begins.

    Attributes:
        network: such as `GRU 16`; `parameters` is of one seed's network.
        fitted, validation, test: values in each part of the series, in this order.
        notes: what a person should know first.
    """

    network: str
    parameters: int
    seeds: int
    epochs: int
    fitted: int
    validation: int
    test: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EpochDone:
    """One network, the `seed`-th from 1, has learnt for `epoch` epochs; all may learn side by side.

    Attributes:
        val_loss: NaN without a validation part.
        best: no earlier epoch of this seed was as good.
    """

    seed: int
    epoch: int
    train_loss: float
    val_loss: float
    best: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class Previewed:
    """One-step forecasts of the networks as they are by now, in the series' units.

    Attributes:
        values: of every `stride`-th value from index `start` on: their mean over the seeds.
    """

    epoch: int
    start: int
    stride: int
    values: Doubles


@dataclass(frozen=True)
class SeedDone:
    """One network has learnt all it will; its weights are those of `epoch`."""

    seed: int
    epoch: int
    val_loss: float
    seconds: float


@dataclass(frozen=True)
class Forecasting:
    """Training is over; forecasts, intervals and baselines are being computed.

    Attributes:
        doing: which of them, such as `baselines`.
        share: how much of that is done; told again now and then.
    """

    seconds: float
    doing: str = "calibrating"
    share: float = 0.0


@dataclass(frozen=True, eq=False)
class Finished:
    """All is done."""

    result: ForecastResult


@dataclass(frozen=True)
class Failed:
    """It cannot be done; `error` is one line, `exit_code` what a command should end with."""

    error: str
    exit_code: int = 1


Event = Begun | EpochDone | Previewed | SeedDone | Forecasting | Finished | Failed

_KINDS: dict[str, Any] = {kind.__name__.lower(): kind for kind in get_args(Event)}


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as JSON values; `event` is its kind."""
    kind = {"event": type(event).__name__.lower()}
    if isinstance(event, Finished):
        return kind | {"result": result_to_json(event.result)}
    if isinstance(event, Previewed):
        flat = {"epoch": event.epoch, "start": event.start, "stride": event.stride}
        return kind | flat | {"values": array_to_text(event.values)}
    return kind | record_to_json(event)


def event_from_json(values: Mapping[str, Any]) -> Event | None:
    """The event that `event_to_json` described; None for what is no event.

    Raises RnntermError for a result that is damaged.
    """
    kind = _KINDS.get(str(values.get("event")))
    if kind is Finished:
        return Finished(result_from_json(values.get("result") or {}))
    if kind is Previewed:
        try:
            start, stride, epoch = (int(values[key]) for key in ("start", "stride", "epoch"))
            return Previewed(epoch, start, stride, text_to_array(values["values"]))
        except (KeyError, TypeError, ValueError):
            return None
    return None if kind is None else record_from_json(kind, values)
