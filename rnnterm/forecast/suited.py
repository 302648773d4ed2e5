"""The plan of a recipe as it suits a series, where a person left values open."""

from typing import Any

from rnnterm.forecast.plan import ForecastPlan, plan_for
from rnnterm.forecast.series import TimeSeries

_HORIZONS = 5  # that a series should hold at least


def suited_plan(series: TimeSeries, recipe: str = "good", **values: Any) -> ForecastPlan:
    """A recipe's plan with some values replaced; those that are None are open.

    An open split is where the series is split by custom; an open horizon is at most a fifth of the
    series. The rest the plan settles.

    Raises UsageError for a recipe that there is not, a value out of range, or a series too short.
    """
    chosen = {name: value for name, value in values.items() if value is not None}
    if series.split is not None:
        chosen.setdefault("split", float(series.split))
    plan = plan_for(recipe, **chosen)
    if "horizon" not in chosen:
        horizon = max(1, min(plan.horizon, len(series) // _HORIZONS))
        plan = plan.with_values({"horizon": horizon})
    return plan.settled(series.values)
