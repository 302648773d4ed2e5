"""What the tab writes into files: the forecaster, and its forecasts as a table."""

from rnnterm.errors import UsageError
from rnnterm.files import failing_as, user_path, write_atomically
from rnnterm.forecast.outcome import forecast_csv
from rnnterm.forecast.result import ForecastResult
from rnnterm.forecast.series import TimeSeries

MODEL, TABLE = ".safetensors", ".csv"
"""The endings of what can be written."""


def usual_name(series: TimeSeries, suffix: str) -> str:
    """What a file of a series' forecast may be called."""
    return f"{series.name.removesuffix('.csv')}-forecast{suffix}"


def write_kept(name: str, suffix: str, result: ForecastResult, series: TimeSeries) -> None:
    """Write a new file: the forecaster, or the table.

    Raises UsageError where something is in the way, RnntermError where it cannot be written.
    """
    path = user_path(name.strip())
    if path.suffix != suffix:
        raise UsageError(f"the file's name must end in {suffix}")
    if path.exists():
        raise UsageError(f"{path} is there already: name another")
    data = result.model if suffix == MODEL else forecast_csv(result, series)
    with failing_as(f"cannot write {path}"):
        write_atomically(path, data)
