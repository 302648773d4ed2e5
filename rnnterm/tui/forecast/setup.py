"""What the tab is asked to forecast, and how: its values, what each means, and how it is changed.

A value is written as a person types it. The series' own come first, those of the plan follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, get_args

from rnnterm.errors import UsageError
from rnnterm.forecast.header import Header
from rnnterm.forecast.plan import RECIPES, ForecastPlan
from rnnterm.forecast.series import TimeSeries, noisy_sine
from rnnterm.forecast.suited import suited_plan
from rnnterm.forecast.table import NO_DATES
from rnnterm.nn.spec import CellKind

SERIES, RECIPE, COLUMN, DATES = "series", "recipe", "column", "dates"
MOST_POINTS = 100_000  # of a sine here: it is drawn anew at every change

MEANINGS = {
    SERIES: "what is forecast: sine, sunspots, or a CSV file",
    "frequency": "of the sine: it turns by so many radians a step",
    "noise": "of the sine: as wide as this, uniform",
    "points": "how many values the sine has",
    COLUMN: "the column of values",
    DATES: "the column of dates; none takes rows as equal steps",
    "split": "where the test part begins: a share, or a count of values",
    RECIPE: "good, or a classic as it was published, with its faults named",
    "cell": "the recurrent cell",
    "units": "units of the cell",
    "window": "values that the network sees",
    "horizon": "values to forecast beyond the end",
    "epochs": "passes over the training part, at most",
    "seeds": "networks that learn; their mean is the forecast",
    "rng_seed": "seed of every random choice, the sine's noise among them",
}
RECIPES_TOLD = {
    "good": "Values enter one time step after the other, scaled by what the training part alone "
    "tells, in windows that overlap. Several networks learn, each as long as the end of the "
    "training part is forecast better; intervals come from its errors.",
    "sine-tutorial": "As published: 4 values enter as features of one single time step; ReLU, "
    "RMSprop, 50 epochs, no scaling. Its faults are named beside the result.",
    "sunspots-tutorial": "As published: windows of 12 that do not overlap, 3 units, a scaler that "
    "has seen the test part, 20 epochs. Its faults are named beside the result.",
}
_SINE = ("frequency", "noise", "points")
_TABLE = (COLUMN, DATES)
_PLAN = ("cell", "units", "window", "horizon", "epochs", "seeds", "rng_seed")
_STEPS = {
    "frequency": 0.005, "noise": 0.1, "points": 100, "units": 1, "window": 4, "horizon": 10,
    "epochs": 10, "seeds": 1, "rng_seed": 1,
}  # fmt: skip
_SPLIT_STEPS = (0.05, 50)  # of a share, of a count


@dataclass(frozen=True)
class Sine:
    """The shape of the noisy sine."""

    frequency: float = 0.02
    noise: float = 1.0
    points: int = 2000


@dataclass(frozen=True, eq=False)
class Table:
    """A CSV file that was read, and what its head tells of other columns."""

    source: str
    header: Header
    series: TimeSeries
    column: str
    dates: str


@dataclass(frozen=True)
class Setup:
    """A series, a recipe, and the plan's values that a person changed.

    Attributes:
        source: `sine`, `sunspots`, or a file.
        opened: the series but for a sine, which `sine` describes.
        table: of a file.
        changed: values of the plan, by name.
    """

    source: str = "sine"
    sine: Sine = Sine()
    opened: TimeSeries | None = None
    table: Table | None = None
    recipe: str = "good"
    changed: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def series(self) -> TimeSeries:
        """What is forecast; raises UsageError for a sine that cannot be."""
        if self.opened is not None:
            return self.opened
        shape = self.sine
        seed = int(self.changed.get("rng_seed", 1))
        return noisy_sine(shape.frequency, shape.noise, shape.points, seed=seed)

    @cached_property
    def plan(self) -> ForecastPlan:
        """How; raises UsageError for values that do not go together."""
        return suited_plan(self.series, self.recipe, **self.changed)

    def has_series_of(self, other: "Setup") -> bool:
        """Whether both are for the same values."""
        if self.source != "sine" or other.source != "sine":
            return self.opened is other.opened and self.source == other.source
        seeds = (each.changed.get("rng_seed") for each in (self, other))
        return self.sine == other.sine and len(set(seeds)) == 1

    @property
    def names(self) -> tuple[str, ...]:
        """The values that there are, in the order of the list."""
        own = _SINE if self.source == "sine" else _TABLE if self.table else ()
        return (SERIES, *own, "split", RECIPE, *_PLAN)

    def value(self, name: str) -> str:
        """A value as a person types it."""
        if name == SERIES:
            return self.series.name
        if name == RECIPE:
            return self.recipe
        if self.table and name in _TABLE:
            return self.table.column if name == COLUMN else self.table.dates
        number = getattr(self.sine if name in _SINE else self.plan, name)
        return f"{number:.6g}" if isinstance(number, float) else str(number)

    def is_changed(self, name: str) -> bool:
        """Whether it is not what the recipe, or the sine of the tutorials, says."""
        if name in _SINE:
            return bool(getattr(self.sine, name) != getattr(Sine(), name))
        return name in self.changed

    def choices(self, name: str) -> tuple[str, ...]:
        """What a value may be, where that is one of a few names."""
        if name == RECIPE:
            return tuple(RECIPES)
        if name == "cell":
            return tuple(get_args(CellKind))
        if self.table and name == COLUMN:
            header = self.table.header
            return tuple(header.columns[at] for at in header.numeric)
        if self.table and name == DATES:
            return (*self.table.header.columns, NO_DATES)
        return ()

    def stepped(self, name: str, by: int) -> str:
        """The value `by` steps further, as a person types it; unchanged where there is no step."""
        options, now = self.choices(name), self.value(name)
        if options:
            place = options.index(now) + by if now in options else 0
            return options[place % len(options)]
        if name == "split":
            share = self.plan.split < 1
            number = self.plan.split + by * _SPLIT_STEPS[not share]
            return f"{number:.6g}" if not share or 0 < number < 1 else now
        if name in _STEPS:
            return f"{float(now) + by * _STEPS[name]:.6g}"
        return now

    def with_value(self, name: str, text: str) -> "Setup":
        """The same with one value as it was typed; raises UsageError for one that cannot be."""
        if name == RECIPE:
            kept = {each: value for each, value in self.changed.items() if each == "rng_seed"}
            changed = replace(self, recipe=text, changed=kept)
        elif name in _SINE:
            number = _number(name, text, whole=name == "points")
            if name == "points" and number > MOST_POINTS:
                raise UsageError(f"points must be at most {MOST_POINTS:,} here, not {number:,}")
            changed = replace(self, sine=replace(self.sine, **{name: number}))
        elif name == "cell":
            changed = self._with_plan("cell", text.strip())
        else:
            changed = self._with_plan(name, _number(name, text, whole=name != "split"))
        _ = changed.plan  # whether all of it goes together
        return changed

    def without(self, name: str) -> "Setup":
        """The same with one value as its recipe says, or the sine of the tutorials.

        Raises UsageError where that does not go together with the others.
        """
        if name in _SINE:
            return self.with_value(name, str(getattr(Sine(), name)))
        kept = {each: value for each, value in self.changed.items() if each != name}
        changed = replace(self, changed=kept)
        _ = changed.plan
        return changed

    def with_series(self, opened: TimeSeries | None, table: Table | None, source: str) -> "Setup":
        """The same plan for another series: what is bound to the old one's length goes."""
        bound = ("split", "window", "horizon")
        kept = {each: value for each, value in self.changed.items() if each not in bound}
        return replace(self, source=source, opened=opened, table=table, changed=kept)

    def with_learnt(self, plan: ForecastPlan, split: int) -> "Setup":
        """The values that a forecaster learnt this series by; `split` is 0 where it was another.

        Raises UsageError where they do not suit the series.
        """
        recipe = plan.recipe if plan.recipe in RECIPES else "good"
        usual = suited_plan(self.series, recipe)
        values = {name: getattr(plan, name) for name in _PLAN}
        changed = {name: each for name, each in values.items() if each != getattr(usual, name)}
        if split and split != usual.train_length(len(self.series)):
            changed["split"] = float(split)
        setup = replace(self, recipe=recipe, changed=changed)
        _ = setup.plan
        return setup

    def _with_plan(self, name: str, value: Any) -> "Setup":
        return replace(self, changed={**self.changed, name: value})


def _number(name: str, text: str, *, whole: bool) -> Any:
    try:
        return int(float(text)) if whole and float(text).is_integer() else float(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{name} must be a number, not {text.strip()!r}") from None
