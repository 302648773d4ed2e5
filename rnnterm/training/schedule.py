"""How far a run is, and the learning rate that belongs there."""

import math
from dataclasses import dataclass

from rnnterm.training.recipe import Recipe

_LONGEST_WARMUP = 0.1


@dataclass(frozen=True)
class Budget:
    """What ends a run: a number of steps, or seconds of training.

    An epoch budget is one of steps, once the text is known.
    """

    steps: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, recipe: Recipe, steps_per_epoch: int) -> "Budget":
        """The budget that a recipe sets for a text of so many steps an epoch."""
        steps = recipe.steps or math.ceil(recipe.epochs * steps_per_epoch)
        return cls(steps=steps, seconds=recipe.time_budget)

    def progress(self, steps: int, seconds: float) -> float:
        """The share that is spent, 0 to 1."""
        spent = steps / self.steps if self.steps else seconds / self.seconds
        return min(1.0, spent)

    def eta(self, steps: int, seconds: float, steps_per_second: float) -> float:
        """Seconds that are left; NaN before the first speed is known."""
        if not self.steps:
            return max(0.0, self.seconds - seconds)
        return (self.steps - steps) / steps_per_second if steps_per_second else math.nan


def learning_rate(recipe: Recipe, step: int, progress: float) -> float:
    """The rate for step `step` (from 0) at `progress` of the budget: a rise, then the anneal.

    The rise takes a tenth of the budget at most, however few steps that is.
    """
    risen = (step + 1) / recipe.warmup_steps if recipe.warmup_steps else 1.0
    warmup = min(1.0, max(risen, progress / _LONGEST_WARMUP))
    fallen = {
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "linear": 1 - progress,
        "constant": 1.0,
    }[recipe.anneal]
    return recipe.learning_rate * warmup * (recipe.final_rate + (1 - recipe.final_rate) * fallen)
