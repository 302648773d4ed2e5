"""Between a series' own units and the scale that a network learns in."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.result import Doubles

_GROWS = 1.5
"""How much wilder the upper half's changes must be for the square root to be taken."""


@dataclass(frozen=True)
class Scaler:
    """scaled = (f(value) - offset) / factor, where f is the signed square root or nothing.

    Attributes:
        root: whether the square root is taken, which evens out a spread that grows with the level.
        lift: added on the way back. The square of a mean root lies below the mean, by the variance
            of the root, so that is measured where nothing was learnt.
    """

    offset: float = 0.0
    factor: float = 1.0
    root: bool = False
    lift: float = 0.0

    @classmethod
    def fit(cls, plan: ForecastPlan, values: Doubles, fitted: int) -> "Scaler":
        """The scaler of a plan, for a series whose first `fitted` values are learnt from."""
        if plan.scaling == "none":
            return cls()
        if plan.scaling == "all":
            return cls(float(values.min()), float(np.ptp(values)) or 1.0)
        part = values[:fitted]
        root = _spread_grows(part)
        seen = _signed_root(part) if root else part
        return cls(float(seen.mean()), float(seen.std()) or 1.0, root)

    def scale(self, values: Doubles) -> Doubles:
        """From the series' units."""
        seen = _signed_root(values) if self.root else values
        scaled: Doubles = (seen - self.offset) / self.factor
        return scaled

    def unscale(self, scaled: Doubles, *, mean: bool = False) -> Doubles:
        """Back to the series' units; `mean` for a forecast, which is lifted, not for a bound."""
        seen = np.asarray(scaled, np.float64) * self.factor + self.offset
        if not self.root:
            return seen
        back: Doubles = np.sign(seen) * seen * seen
        return back + self.lift if mean else back

    def lifted_by(self, errors: Doubles) -> "Scaler":
        """This scaler with the lift that forecast errors on its scale, shape (n,), call for."""
        if not self.root or not len(errors):
            return self
        return replace(self, lift=float(np.mean(np.square(errors))) * self.factor**2)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; `Scaler(**values)` reads it back."""
        return asdict(self)


def _signed_root(values: Doubles) -> Doubles:
    root: Doubles = np.sign(values) * np.sqrt(np.abs(values))
    return root


def _spread_grows(values: Doubles) -> bool:
    """Whether values that are never negative change the more, the higher they are."""
    if len(values) < 20 or values.min() < 0:
        return False
    changes, before = np.diff(values), values[:-1]
    high = before > np.median(before)
    if not high.any() or high.all():
        return False
    return bool(changes[high].std() > _GROWS * changes[~high].std())
