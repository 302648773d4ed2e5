"""How far predictions are from what came: RMSE, MAE and MASE."""

import math

import numpy as np

from rnnterm.forecast.result import Doubles, Errors, Row


def measure(name: str, predictions: Doubles, values: Doubles, split: int) -> Row:
    """Judge one-step predictions on both parts, each beside the value that it was for.

    MASE is the mean absolute scaled error (Hyndman and Koehler 2006): beside that of copying the
    last value on the training part, so that 1 is as good as copying is there.

    Args:
        predictions: shape (n,), NaN where there is none, which is not judged.
        values: shape (n,), the series.
        split: how many of the values train; the others test.
    """
    wrong = predictions - values
    copying = copying_error(values[:split])
    span = float(values.max() - values.min())
    return Row(name, *(_errors(part, copying, span) for part in (wrong[:split], wrong[split:])))


def copying_error(values: Doubles) -> float:
    """The mean absolute error of predicting each value by the one before; NaN of fewer than two."""
    return float(np.abs(np.diff(values)).mean()) if len(values) > 1 else math.nan


def _errors(wrong: Doubles, copying: float, span: float) -> Errors:
    told = wrong[np.isfinite(wrong)]
    if not len(told):
        return Errors(math.nan, math.nan, math.nan, math.nan, 0)
    size = float(np.abs(told).max()) or 1.0  # so that squares neither overflow nor vanish
    rmse = size * float(np.sqrt(np.mean(np.square(told / size))))
    mae = float(np.abs(told).mean())
    return Errors(rmse, mae, _over(mae, copying), _over(rmse, span), len(told))


def _over(error: float, unit: float) -> float:
    return error / unit if unit > 0 else math.nan
