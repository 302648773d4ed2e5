"""Recipes as the panel Model offers and opens them."""

from pathlib import Path

from rnnterm.errors import UsageError
from rnnterm.files import user_path
from rnnterm.training.recipe import Recipe, bundled_recipes, load_recipe
from rnnterm.tui.open_dialog import Offer
from rnnterm.tui.text.model_rows import BUDGETS, spelled


def open_recipe(source: str) -> Recipe:
    """The recipe of a bundled name or a path, `~` expanded.

    Raises UsageError or RnntermError, for what is not a regular file, too.
    """
    path: Path = user_path(source)
    if source not in bundled_recipes() and path.exists() and not path.is_file():
        raise UsageError(f"{source} is not a regular file")
    return load_recipe(source if source in bundled_recipes() else str(path))


def offer_recipe(name: str) -> Offer:
    """A bundled recipe as a dialog lists it."""
    recipe = load_recipe(name)
    budget = next(budget for budget in BUDGETS if getattr(recipe, budget))
    length = recipe.window if recipe.batching == "windows" else recipe.bptt
    about = (
        f"{recipe.batching} {recipe.batch_size}x{length}, {recipe.optimizer} "
        f"{recipe.learning_rate:g}, {budget.replace('_', ' ')} {spelled(recipe, budget)}"
    )
    kind = f"{recipe.cell.upper()} {recipe.num_layers}x{recipe.hidden_size}"
    return Offer(name, kind, about)
