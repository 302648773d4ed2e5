"""The process that trains a forecaster: `python -m rnnterm.training.forecasting`.

`rnnterm.forecast.process` starts it and says how the two talk. It ends when its standard input
closes: whoever asked is gone.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import IO

import numpy as np

from rnnterm.errors import RnntermError, UsageError
from rnnterm.forecast.events import Begun, Event, Failed, Finished, Forecasting
from rnnterm.forecast.network import ForecasterSpec
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.process import Request, read_request, tell
from rnnterm.forecast.scaler import Scaler

_BETWEEN_SHARES = 0.3  # seconds


def train_forecaster(request: Request, listen: Callable[[Event], None]) -> None:
    """Train, forecast, and tell every event, from `Begun` to `Finished`.

    Raises RnntermError or UsageError where the series and the plan do not fit.
    """
    begun_at = time.perf_counter()
    values = request.values
    check_series(values)
    plan = request.plan.settled(values)
    split = plan.train_length(len(values))
    fitted = plan.fitted_length(split)
    _check_season(request.period, split)
    spec, scaler = ForecasterSpec.of(plan), Scaler.fit(plan, values, fitted)
    sizes = {"fitted": fitted, "validation": split - fitted, "test": len(values) - split}
    listen(
        Begun(
            plan.describe(),
            spec.parameter_count,
            plan.seeds,
            plan.epochs,
            **sizes,
            notes=_notes(request.plan, plan, scaler),
        )
    )
    from rnnterm.forecast.answer import Findings, answer, series_digest
    from rnnterm.forecast.calibration import calibrated
    from rnnterm.forecast.faults import measured_faults, published_figures
    from rnnterm.forecast.forecaster import Forecaster, Training
    from rnnterm.training.forecastnet import single_thread
    from rnnterm.training.forecasttrainer import ForecastTrainer

    with single_thread():
        trainer = ForecastTrainer(plan, scaler.scale(values), split, scaler, listen)
        trained = trainer.train()
    tell_work = _now_and_then(listen, begun_at)
    tell_work("calibrating", 0.0)
    training = Training(
        request.series, split, fitted, series_digest(values[:split]), trained.epochs
    )
    forecaster = calibrated(Forecaster(plan, spec, scaler, trained.networks, training), values)
    findings = Findings(
        measured_faults(forecaster, values, trained.recurrent_gradient),
        published_figures(forecaster, values),
    )
    result = answer(
        forecaster, request.series, values, split,
        findings=findings, period=request.period, on_work=tell_work,
    )  # fmt: skip
    tell_work("handing over", 0.0)
    listen(Finished(replace(result, seconds=time.perf_counter() - begun_at)))


def _now_and_then(listen: Callable[[Event], None], begun_at: float) -> Callable[[str, float], None]:
    """What tells what is being computed, and a few times a second how far that is."""
    told, last = "", 0.0

    def on_work(doing: str, share: float) -> None:
        nonlocal told, last
        now = time.perf_counter()
        if doing != told or now - last >= _BETWEEN_SHARES:
            told, last = doing, now
            listen(Forecasting(now - begun_at, doing, share))

    return on_work


def check_series(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    """Raise RnntermError for values that nothing can be learnt from."""
    if values.ndim != 1 or not len(values):
        raise RnntermError("the series is empty")
    if not np.isfinite(values).all():
        raise RnntermError("the series holds NaN or infinity: fill or leave out such values")
    if values.min() == values.max():
        raise RnntermError(f"all values are {values[0]:g}: there is nothing to learn")


def _check_season(period: int | None, split: int) -> None:
    if period is not None and period >= split:
        raise UsageError(
            f"a season of {period:,} values does not fit into the {split:,} that train: "
            "lower --period"
        )


def _notes(asked: ForecastPlan, plan: ForecastPlan, scaler: Scaler) -> tuple[str, ...]:
    """What was decided by looking at the part that is learnt from."""
    notes = []
    if not asked.window:
        notes.append(f"the window is {plan.window} values")
    if scaler.root:
        notes.append("its changes grow with its level: the networks learn its square root")
    if asked.residual == "auto" and plan.residual == "on":
        notes.append("its changes are small: the networks learn the change from the last value")
    return tuple(notes)


def main(source: IO[bytes], out: IO[bytes]) -> int:
    """Answer the request on `source`; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us
    try:
        request = read_request(source.readline())
        threading.Thread(target=_end_with, args=(source,), daemon=True).start()
        train_forecaster(request, lambda event: tell(out, event))
    except RnntermError as error:
        tell(out, Failed(str(error), error.exit_code))
    except MemoryError:
        tell(out, Failed("there is not memory enough for this series and network"))
    return 0


def _end_with(source: IO[bytes]) -> None:
    """End at once when whoever asked closes our standard input, or ends."""
    source.read()
    os._exit(0)


if __name__ == "__main__":
    try:
        code = main(sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.flush()
    except BrokenPipeError:
        code = 0
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)  # the thread that waits for our end holds standard input
