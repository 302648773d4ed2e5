"""What a forecast ends in, in the series' own units, and as JSON.

n values in the series, the first `split` of them for training; H values beyond its end.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError
from rnnterm.forecast.plan import ForecastPlan

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Errors of one-step forecasts over a part of the series; NaN where there were none.

    Attributes:
        rmse, mae: in the series' units.
        mase: MAE over that of the last value within the training part; below 1 is better.
        scaled_rmse: RMSE over the range (highest minus lowest) of the whole series.
        count: how many forecasts.
    """

    rmse: float
    mae: float
    mase: float
    scaled_rmse: float
    count: int


@dataclass(frozen=True)
class Row:
    """One line of the table: a forecaster's errors on the values that all were asked for."""

    name: str
    train: Errors
    test: Errors


@dataclass(frozen=True)
class Fault:
    """A fault of a published recipe.

    Attributes:
        name: in a few words.
        told: a sentence with the figure that was measured in this very run.
        measured: that figure.
    """

    name: str
    told: str
    measured: float


@dataclass(frozen=True, eq=False)
class ForecastResult:
    """A trained forecaster's answers.

    Attributes:
        split: index of the first test value.
        one_step: forecast of each value from those before it, shape (n,); NaN where none.
        one_step_low, one_step_high: its interval, on the test part, NaN before it.
        beyond, beyond_low, beyond_high: recursive forecast after the end, shape (H,).
        coverage: share of the test values that lay in their one-step interval.
        coverage_by_lead: the same of recursive forecasts from many origins in the test part, for
            each lead time that fits, shape (up to H,).
        rows: the network first, then every baseline.
        beats: by baseline, whether the network's test RMSE is the lower one.
        verdict: a plain sentence.
        faults: of a tutorial's recipe; empty for `good`.
        published: figures by the recipe's own protocol, such as `test_rmse`, scaled.
        epochs: how many each network learnt for, its best one counted.
        seconds: of training and forecasting.
        model: the model file's content; `forecaster.from_bytes` reads it.
    """

    series: str
    plan: ForecastPlan
    split: int
    one_step: Doubles
    one_step_low: Doubles
    one_step_high: Doubles
    beyond: Doubles
    beyond_low: Doubles
    beyond_high: Doubles
    coverage: float
    coverage_by_lead: Doubles
    rows: tuple[Row, ...]
    beats: dict[str, bool]
    verdict: str
    faults: tuple[Fault, ...]
    published: dict[str, float]
    epochs: tuple[int, ...]
    parameters: int
    seconds: float
    model: bytes

    @property
    def network(self) -> Row:
        """The network's own row."""
        return self.rows[0]


_ARRAYS = (
    "one_step", "one_step_low", "one_step_high", "beyond", "beyond_low", "beyond_high",
    "coverage_by_lead",
)  # fmt: skip


def result_to_json(result: ForecastResult) -> dict[str, Any]:
    """A result as JSON values between processes, arrays as base64; exact."""
    bare = replace(result, **dict.fromkeys(_ARRAYS))  # type: ignore[arg-type]
    return asdict(bare) | {
        **{name: array_to_text(getattr(result, name)) for name in _ARRAYS},
        "model": base64.b64encode(result.model).decode(),
    }


def result_from_json(values: Mapping[str, Any]) -> ForecastResult:
    """The result that `result_to_json` described; raises RnntermError for anything else."""
    try:
        told = dict(values)
        for name in _ARRAYS:
            told[name] = text_to_array(told[name])
        told["model"] = base64.b64decode(told["model"], validate=True)
        told["plan"] = ForecastPlan.from_dict(told["plan"])
        told["rows"] = tuple(
            Row(row["name"], Errors(**row["train"]), Errors(**row["test"])) for row in told["rows"]
        )
        told["faults"] = tuple(Fault(**fault) for fault in told["faults"])
        told["epochs"] = tuple(told["epochs"])
        return ForecastResult(**told)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise RnntermError(f"the forecast's result is damaged: {error!r}") from None


def array_to_text(values: Doubles) -> str:
    """An array of doubles as text: how many NaN it begins with, `:`, all others' bytes as base64.

    Those of a long series' intervals are most of them.
    """
    told = np.flatnonzero(~np.isnan(values))
    first = int(told[0]) if len(told) else len(values)
    data = np.ascontiguousarray(values[first:], "<f8").tobytes()
    return f"{first}:{base64.b64encode(data).decode()}"


def text_to_array(text: str) -> Doubles:
    """The array that `array_to_text` wrote, shape (n,). Raises ValueError for any other text."""
    first, _, data = text.partition(":")
    values = np.frombuffer(base64.b64decode(data, validate=True), "<f8")
    return np.concatenate([np.full(int(first), np.nan), values])
