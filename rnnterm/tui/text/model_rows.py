"""The rows of the recipe's form: which values it shows, how they are written, what they mean."""

import math
from typing import Any

from rnnterm.quantities import format_duration
from rnnterm.training.estimate import Estimate
from rnnterm.training.knobs import choices_of
from rnnterm.training.recipe import Recipe, knobs
from rnnterm.tui.widgets.value_form import Row

RECIPE = "recipe"
BUDGETS = ("time_budget", "steps", "epochs")
GROUPS = {
    "lowercase": "The text",
    "cell": "The network",
    "batching": "The batches",
    "optimizer": "The optimizer and its schedule",
    "time_budget": "The budget: exactly one ends the run",
    "validate_every": "On the way",
    "device": "The machine",
}
"""Headings, as in the recipe's source, by the first value below each."""

_UNSET = "–"


def form_rows(recipe: Recipe, original: Recipe, *, every: bool) -> list[Row]:
    """The form: every value under its headings, or the main ones that matter in this recipe."""
    changed = len(changed_names(recipe, original))
    named = f"{recipe.name} +{changed}" if changed else recipe.name
    rows = [Row(RECIPE, RECIPE, named, changed > 0, explained(RECIPE))]
    for name in _all_names() if every else _main_names(recipe):
        if every and name in GROUPS:
            rows.append(Row("", GROUPS[name]))
        value, differs = spelled(recipe, name) or _UNSET, _differs(recipe, original, name)
        rows.append(Row(name, name, value, differs, explained(name)))
    return rows


def changed_names(recipe: Recipe, original: Recipe) -> list[str]:
    """The values that differ from the recipe's own."""
    return [name for name in _all_names() if _differs(recipe, original, name)]


def spelled(recipe: Recipe, name: str) -> str:
    """A value as it is typed; "" for a budget that is not set."""
    value = getattr(recipe, name)
    if name in BUDGETS and not value:
        return ""
    if name == "time_budget":
        return _spelled_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def usual(original: Recipe, name: str) -> str:
    """What the recipe has, where another value was set."""
    return "by budget and text" if name in original.fitted else spelled(original, name) or "none"


def explained(name: str) -> str:
    """What a value means."""
    if name == RECIPE:
        return "where the values come from"
    return str(knobs()[name].metadata["help"])


def choices(name: str) -> tuple[str, ...]:
    """What a value may be, where that is one of a few names."""
    return () if name == RECIPE else choices_of(knobs()[name])


def reset_values(recipe: Recipe, original: Recipe, name: str) -> dict[str, Any]:
    """What gives a value back its recipe's: for a budget, the one that the recipe sets."""
    if name in original.fitted:
        return {"fitted": (*recipe.fitted, name)}
    described = original.to_dict()
    if name in BUDGETS:
        name = next(budget for budget in BUDGETS if described[budget])
    return {name: described[name]}


def told_size(estimate: Estimate) -> str:
    """`1,848,250 parameters · 7.4 MB`."""
    return f"{estimate.parameters:,} parameters · {_bytes(estimate.model_bytes)}"


def told_cost(estimate: Estimate) -> str:
    """What a step takes, about."""
    memory = f"about {_bytes(estimate.memory_bytes)}"
    if math.isnan(estimate.seconds_per_step):
        return f"{memory}; speed is the GPU's"
    return f"{memory} and {_short_time(estimate.seconds_per_step)} a step"


def told_outcome(estimate: Estimate) -> str:
    """How far the budget leads, or how long it takes; only what is known."""
    far = f"{_figure(estimate.steps)} steps, {_figure(estimate.epochs)} epochs"
    if math.isnan(estimate.seconds):
        return far
    long = format_duration(estimate.seconds)
    if math.isnan(estimate.steps):
        return long
    return f"{far} ≈ {long}" if estimate.budget_in_steps else f"{long} ≈ {far}"


def _all_names() -> list[str]:
    return [name for name in knobs() if name not in ("name", "fitted")]


def _main_names(recipe: Recipe) -> list[str]:
    names = ["cell", "num_layers", "hidden_size", "input"]
    names += ["embedding_size"] * (recipe.input == "embedding")
    names += ["dropout_between"] * (recipe.num_layers > 1)
    names += ["dropout_output", "dropout_recurrent", "learning_rate", "batch_size"]
    names += ["window", "stride"] if recipe.batching == "windows" else ["bptt"]
    return [*names, *BUDGETS]


def _differs(recipe: Recipe, original: Recipe, name: str) -> bool:
    if name in original.fitted:
        return name not in recipe.fitted
    return bool(getattr(recipe, name) != getattr(original, name))


def _spelled_duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "")
    return "".join(parts) + (f"{rest:.6f}".rstrip("0").rstrip(".") + "s" if rest else "")


def _bytes(count: int) -> str:
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if count >= size:
            return f"{count / size:,.{0 if count >= 10 * size else 1}f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _short_time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else format_duration(seconds)


def _figure(value: float) -> str:
    """A count as it is, or a rough number by its two leading digits."""
    if isinstance(value, int):
        return f"{value:,}"
    rough = float(f"{value:.2g}")
    return f"{rough:,.0f}" if rough >= 10 else f"{rough:g}"
