"""Forecasters with random weights, which cost no training."""

import numpy as np

from rnnterm.forecast.answer import series_digest
from rnnterm.forecast.calibration import calibrated
from rnnterm.forecast.forecaster import Forecaster, Training
from rnnterm.forecast.network import ForecasterSpec
from rnnterm.forecast.plan import plan_for
from rnnterm.forecast.scaler import Scaler

VALUES = 5 + np.sin(np.arange(160) / 5) + np.random.default_rng(3).normal(0, 0.1, 160)


def forecaster(recipe="good", seeds=3, series="waves", values=VALUES, **settings) -> Forecaster:
    """One for a series, with a small window and few units unless told otherwise."""
    asked = {"window": 8, "horizon": 6, "units": 4, "seeds": seeds} | settings
    if recipe == "sine-tutorial":
        asked["window"] = 4
    plan = plan_for(recipe, **asked).settled(values)
    spec = ForecasterSpec.of(plan)
    rng = np.random.default_rng(4)
    networks = tuple(
        {
            name: rng.normal(0, 0.4, shape).astype(np.float32)
            for name, shape in spec.tensor_shapes().items()
        }
        for _ in range(seeds)
    )
    split = plan.train_length(len(values))
    fitted = plan.fitted_length(split)
    training = Training(series, split, fitted, series_digest(values[:split]), (1,) * seeds)
    scaler = Scaler.fit(plan, values, fitted)
    return calibrated(Forecaster(plan, spec, scaler, networks, training), values)
