"""The forecast plan: what network learns a series, how, and what it is asked afterwards.

Three recipes: `good` is how it should be done; `sine-tutorial` and `sunspots-tutorial` are two
classics as they were published, faults and all, so that they can be measured.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from rnnterm.errors import UsageError
from rnnterm.nn.spec import Activation, CellKind, Initialization

if TYPE_CHECKING:
    from rnnterm.forecast.result import Doubles

Scaling = Literal["train", "all", "none"]
Optimizer = Literal["adam", "rmsprop"]
Residual = Literal["auto", "on", "off"]

_WINDOW = 64
_FEWEST_FITTED = 3  # values that can be learnt from
_SMALL_CHANGE = 0.5
"""Of the spread of the values: above it, a change is mostly noise, and worse to learn."""
_WHOLE = {
    "units": (1, 4096),
    "dense": (0, 4096),
    "linear": (0, 4096),
    "window": (0, 100_000),
    "horizon": (1, 10_000),
    "epochs": (1, 1_000_000),
    "seeds": (1, 1000),
    "rng_seed": (0, (1 << 63) - 1),
    "batch_size": (1, 1 << 20),
    "patience": (0, 1_000_000),
}
_CHOICES = {
    "cell": CellKind,
    "activation": Activation,
    "initialization": Initialization,
    "residual": Residual,
    "optimizer": Optimizer,
    "scaling": Scaling,
}


@dataclass(frozen=True, kw_only=True)
class ForecastPlan:
    """Everything about a forecast but the series; `plan_for` starts from a recipe.

    Attributes:
        recipe: where the values come from.
        cell: recurrent cell, of `units` units; `activation` is that of the plain `rnn`.
        dense: units of a ReLU layer between cell and output; 0 for none.
        window: values the network reads before the one it forecasts; 0 for 64, or fewer where
            the series is short.
        as_features: the window enters as features of one single time step, not as time steps.
        residual: whether the network's output is the change from the last value, not the value;
            `auto` takes the change where it is small beside the spread of the values.
        linear: that many values before the last also reach the output directly, each by a weight of
            its own on its distance from the last, where `residual` is on: far from all that was
            learnt, a cell says too little. (LSTNet's highway, Lai et al. 2018.)
        squash: the output goes through tanh.
        overlapping: windows begin at every value; otherwise each begins where one ended.
        pad_targets: both parts are lengthened by copies of their last value, and those learnt.
        carried: the network reads on after its window, for as many values again, with its state
            carried, and forecasts each; otherwise it starts cold for every forecast.
        scaling: `train` standardizes by the part that is learnt from; `all` brings the whole
            series to 0..1, the test part with it; `none` leaves it as it is.
        forget_bias: added to the LSTM's forget-gate bias at the start of training: with 3, a cell
            starts out as an average over about twenty values.
        initialization: first weights, as `pytorch` or as `keras` draws them.
        anneal: the learning rate falls to zero over the epochs, along a cosine.
        split: where the test part begins: a share of the series below 1, else a count of values.
        validation: share of the training part, at its end, kept for early stopping and for
            calibrating the intervals.
        horizon: values to forecast beyond the end.
        level: share of values that the intervals should hold.
        epochs: passes over the windows, at most; `patience` more without a better validation loss
            end it (0: never).
        seeds: networks, with seeds from `rng_seed` on; their mean is the forecast.
    """

    recipe: str = "good"
    cell: CellKind = "lstm"
    units: int = 8
    activation: Activation = "tanh"
    forget_bias: float = 3.0
    initialization: Initialization = "pytorch"
    dense: int = 0
    window: int = 0
    as_features: bool = False
    residual: Residual = "auto"
    linear: int = 24
    squash: bool = False
    overlapping: bool = True
    carried: bool = True
    pad_targets: bool = False
    scaling: Scaling = "train"
    split: float = 0.8
    validation: float = 0.2
    horizon: int = 120
    level: float = 0.9
    epochs: int = 100
    patience: int = 30
    batch_size: int = 32
    optimizer: Optimizer = "adam"
    learning_rate: float = 2e-2
    epsilon: float = 1e-8
    anneal: bool = True
    seeds: int = 5
    rng_seed: int = 1

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            if (value := getattr(self, name)) not in get_args(kind):
                raise UsageError(f"{name} must be one of {', '.join(get_args(kind))}, not {value}")
        if self.activation == "linear":
            raise UsageError("activation must be tanh or relu: a linear network cannot be trained")
        if self.as_features and (self.carried or self.residual != "off"):
            raise UsageError("a window that enters as features is neither carried nor residual")
        for name, (low, high) in _WHOLE.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise UsageError(f"{name} must be a whole number from {low} to {high}, not {value}")
        for name in ("learning_rate", "epsilon"):
            _check_number(name, getattr(self, name), 0, 10)
        _check_number("forget_bias", self.forget_bias, -100, 100)
        _check_number("level", self.level, 0, 1)
        _check_number("split", self.split, 0, math.inf)
        if self.split >= 1 and self.split != int(self.split):
            raise UsageError(
                f"split must be a share below 1 or a whole number of values, not {self.split:g}"
            )
        if not 0 <= self.validation < 1:
            raise UsageError(f"validation must be at least 0 and below 1, not {self.validation:g}")

    def settled(self, values: "Doubles") -> "ForecastPlan":
        """This plan with all that is left open decided for a series, shape (n,).

        Nothing but the part that is learnt from decides. Raises UsageError where the series is too
        short for the plan, or the split leaves a part with too little.
        """
        fitted = self.fitted_length(self.train_length(len(values)))
        window = self.window or max(1, min(_WINDOW, fitted // 5))
        plan = replace(self, window=window)
        if len(values) < window + self.horizon:
            raise UsageError(
                f"the series has {len(values):,} values, window and horizon take "
                f"{window + self.horizon:,}: lower --window or --horizon"
            )
        if fitted < window + plan.ahead + 1:
            raise UsageError(
                f"{fitted:,} values to learn from are too few for a window of {window:,}: lower "
                "--window or raise --split"
            )
        residual = self.residual
        if residual == "auto":
            part = values[:fitted]
            small = float((part[1:] - part[:-1]).std()) < _SMALL_CHANGE * float(part.std())
            residual = "on" if small else "off"
        linear = min(self.linear, window - 1) if residual == "on" else 0
        return replace(plan, residual=residual, linear=linear)

    def train_length(self, count: int) -> int:
        """How many of a series' `count` values are the training part, from its first on.

        Raises UsageError where that leaves nothing to learn from, or nothing to test.
        """
        length = int(self.split * count) if self.split < 1 else int(self.split)
        if self.fitted_length(count - 1) < _FEWEST_FITTED:
            raise UsageError(f"the series has {count} values: too few to learn from and to test")
        if self.fitted_length(length) < _FEWEST_FITTED or length >= count:
            raise UsageError(
                f"a split at {length:,} of {count:,} values leaves too few to learn from, or none "
                "to test: change --split"
            )
        return length

    def fitted_length(self, train_length: int) -> int:
        """How many values of the training part are learnt from; the rest of it validates."""
        return train_length - round(self.validation * train_length)

    @property
    def ahead(self) -> int:
        """How many values each piece of the series forecasts: those after its window."""
        return self.window if self.carried else 1

    def with_values(self, values: Mapping[str, Any]) -> "ForecastPlan":
        """This plan with some values replaced. Raises UsageError for one out of range."""
        known = {field.name for field in fields(self)}
        if unknown := sorted(set(values) - known):
            raise UsageError(f"a forecast has no setting {', '.join(unknown)}")
        return replace(self, **values)

    def describe(self) -> str:
        """A short label such as `GRU 16`."""
        return f"{self.cell.upper()} {self.units}"

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON values; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ForecastPlan":
        """The plan that `to_dict` described; raises UsageError for anything else."""
        try:
            return cls().with_values(values)
        except TypeError:
            raise UsageError("the forecast's settings are damaged") from None


def _check_number(name: str, value: Any, above: float, below: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < below:
        limit = "" if below == math.inf else f" and below {below:g}"
        raise UsageError(f"{name} must be a number above {above:g}{limit}, not {value}")


_TUTORIAL: dict[str, Any] = {
    "cell": "rnn",
    "residual": "off",
    "carried": False,
    "linear": 0,
    "forget_bias": 0.0,
    "anneal": False,
    "initialization": "keras",
    "scaling": "all",
    "validation": 0.0,
    "patience": 0,
    "learning_rate": 1e-3,  # with this epsilon, Keras' defaults
    "epsilon": 1e-7,
    "seeds": 1,
}
RECIPES: dict[str, ForecastPlan] = {
    "good": ForecastPlan(),
    "sine-tutorial": ForecastPlan(
        recipe="sine-tutorial", units=32, activation="relu", dense=8, window=4, as_features=True,
        pad_targets=True, optimizer="rmsprop", batch_size=16, epochs=50, split=0.45,
        **_TUTORIAL | {"scaling": "none"},
    ),
    "sunspots-tutorial": ForecastPlan(
        recipe="sunspots-tutorial", units=3, window=12, overlapping=False, squash=True,
        batch_size=1, epochs=20, **_TUTORIAL,
    ),
}  # fmt: skip


def plan_for(recipe: str = "good", **values: Any) -> ForecastPlan:
    """The plan of a recipe with some values replaced; those that are None stay the recipe's.

    Raises UsageError for a recipe that there is not, or a value out of range.
    """
    if recipe not in RECIPES:
        raise UsageError(f"there is no recipe {recipe!r}: use {', '.join(RECIPES)}")
    return RECIPES[recipe].with_values({k: v for k, v in values.items() if v is not None})
