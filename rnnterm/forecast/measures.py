"""How far predictions are from what came: RMSE, MAE and MASE."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """Errors over one part of a series; NaN where nothing was predicted.

    Attributes:
        rmse, mae: root mean squared and mean absolute error, in the unit of the series.
        mase: mean absolute scaled error, a pure number: the error beside that of copying the last
            value on the training part (Hyndman and Koehler 2006), so that 1 is as good as copying.
        count: how many predictions were judged.
    """

    rmse: float
    mae: float
    mase: float
    count: int


@dataclass(frozen=True)
class Score:
    """The errors of one forecaster on both parts of a series."""

    train: Measures
    test: Measures


def measure(predictions: Floats, values: Floats, split: int) -> Score:
    """Judge one-step predictions, each beside the value that it was for.

    Args:
        predictions: shape (n,), NaN where there is none, which is not judged.
        values: shape (n,), the series.
        split: how many of the values train; the others test.
    """
    scale = copying_error(values[:split])
    train = _measures(predictions[:split] - values[:split], scale)
    return Score(train, _measures(predictions[split:] - values[split:], scale))


def copying_error(values: Floats) -> float:
    """The mean absolute error of predicting each value by the one before; NaN of fewer than two."""
    return float(np.abs(np.diff(values)).mean()) if len(values) > 1 else float("nan")


def _measures(errors: Floats, scale: float) -> Measures:
    told = errors[np.isfinite(errors)]
    if not len(told):
        return Measures(float("nan"), float("nan"), float("nan"), 0)
    size = float(np.abs(told).max()) or 1.0  # so that squares neither overflow nor vanish
    rmse = size * float(np.sqrt(np.mean(np.square(told / size))))
    mae = float(np.abs(told).mean())
    return Measures(rmse, mae, mae / scale if scale > 0 else float("nan"), len(told))
