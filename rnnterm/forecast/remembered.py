"""The series that a forecaster learnt, found again."""

from rnnterm.errors import UsageError
from rnnterm.forecast.answer import series_digest
from rnnterm.forecast.forecaster import Forecaster, Training
from rnnterm.forecast.series import BUNDLED, TimeSeries, open_series


def is_learnt(training: Training, series: TimeSeries) -> bool:
    """Whether a series begins with the very values that a forecaster was trained on."""
    split = training.split
    return split <= len(series) and series_digest(series.values[:split]) == training.sha256


def remembered_series(forecaster: Forecaster) -> TimeSeries:
    """The bundled series that a forecaster learnt; files are not remembered, only their names.

    Raises UsageError where it learnt another one.
    """
    training = forecaster.training
    if training.series in BUNDLED and is_learnt(training, series := open_series(training.series)):
        return series
    what = f"another {training.series}" if training.series in BUNDLED else training.series
    raise UsageError(
        f"this forecaster learnt {what}, which is not kept with it: say which series it is to read"
    )
