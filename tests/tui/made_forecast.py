"""A forecaster's training that takes no time: an autoregression, told as a network would."""

import threading
import time
from typing import ClassVar

import numpy as np

from rnnterm.forecast.baselines import autoregression, baselines
from rnnterm.forecast.events import Begun, EpochDone, Finished, Forecasting, Previewed, SeedDone
from rnnterm.forecast.measures import measure
from rnnterm.forecast.result import Fault, ForecastResult

PATIENCE = 20  # seconds until a training that nobody lets go on gives up


class MadeTraining:
    """Takes the place of ForecastProcess; what it does is class-wide, for a test to steer.

    Attributes:
        may_end: while it is clear, a training waits after its third epoch.
        requests: of all trainings that began.
        model: the file that they come to.
        ended: how many were ended from outside.
    """

    may_end = threading.Event()
    requests: ClassVar = []
    model = b"a forecaster"
    ended = 0
    error = None

    def __init__(self, request):
        self.request = request
        self._is_ended = threading.Event()
        MadeTraining.requests.append(request)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.end()

    def end(self):
        if not self._is_ended.is_set():
            self._is_ended.set()
            MadeTraining.ended += 1

    def __iter__(self):
        values, plan = self.request.values, self.request.plan
        split = plan.train_length(len(values))
        fitted = plan.fitted_length(split)
        test = len(values) - split
        yield Begun(plan.describe(), 321, plan.seeds, 9, fitted, split - fitted, test)
        one_step = autoregression(values, split, 3)
        for epoch in range(1, 4):
            for seed in range(1, plan.seeds + 1):
                yield EpochDone(seed, epoch, 1 / epoch, 1.5 / epoch, best=True, seconds=0.1)
            yield Previewed(epoch, 3, 1, one_step[3:] * epoch / 3)
        deadline = time.monotonic() + PATIENCE
        while not (self.may_end.is_set() or self._is_ended.is_set()):
            assert time.monotonic() < deadline
            self.may_end.wait(0.01)
        if self._is_ended.is_set():
            return
        if self.error:
            yield self.error
            return
        for seed in range(1, plan.seeds + 1):
            yield SeedDone(seed, 3, 0.5, 0.1)
        yield Forecasting(0.1)
        yield Finished(made_result(self.request, split, one_step))


def made_result(request, split, one_step):
    values, plan = request.values, request.plan
    others = baselines(values, split, plan.window)
    named = [(plan.describe(), one_step), *((each.name, each.predictions) for each in others)]
    rows = tuple(measure(name, told, values, split) for name, told in named)
    beats = {row.name: rows[0].test.rmse < row.test.rmse for row in rows[1:]}
    width = np.where(np.arange(len(values)) < split, np.nan, 0.5)
    beyond = np.linspace(values[-1], values[:split].mean(), plan.horizon)
    wider = np.linspace(0.5, 1, plan.horizon)
    faults = ()
    if plan.recipe != "good":
        faults = (Fault("leaking scaler", "it saw the test part, [/red] all of it", 0.25),)
    return ForecastResult(
        series=request.series, plan=plan, split=split, one_step=one_step,
        one_step_low=one_step - width, one_step_high=one_step + width,
        beyond=beyond, beyond_low=beyond - wider, beyond_high=beyond + wider, coverage=0.9,
        coverage_by_lead=np.full(plan.horizon, 0.9), rows=rows, beats=beats,
        verdict="The network does not beat some baseline.", faults=faults, published={},
        epochs=(3,) * plan.seeds, parameters=321, seconds=1.5, model=MadeTraining.model,
    )  # fmt: skip
