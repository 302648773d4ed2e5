"""Whether a run gets better: by its validation part, or by its own batches where it has none."""

import math
import time
from collections.abc import Callable

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.runs.events import Listener, Validated
from rnnterm.text.vocab import Ids
from rnnterm.training.charrnn import CharRNN
from rnnterm.training.evaluate import reported_loss, watched_loss
from rnnterm.training.knobs import Every
from rnnterm.training.learner import Learner
from rnnterm.training.recipe import Recipe
from rnnterm.training.schedule import Budget
from rnnterm.training.state import Counters

_LOOKS_PER_BUDGET = 8  # a short budget is watched this often, whatever the interval
_SHARE_OF_TIME = 0.05  # that validating may take, where the interval is in seconds


class Judge:
    """Judges a learner by the validation part `val`, or by its training loss if that is empty.

    Raises RnntermError for a validation part that the recipe wants and that is too short to read.
    """

    def __init__(
        self,
        recipe: Recipe,
        learner: Learner,
        val: Ids,
        report: Listener,
        stopped: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stopped` is asked between pieces of a reading, and ends it; `clock` tells seconds."""
        needed = recipe.window + 1 if recipe.batching == "windows" else 2
        if recipe.val_fraction and len(val) < needed:
            raise RnntermError(
                f"the validation part has {len(val)} characters and needs {needed}: "
                "set a larger val_fraction, or val_fraction=0 to go without"
            )
        self._recipe, self._learner, self._val, self._report = recipe, learner, val, report
        self._stopped, self._clock = stopped, clock
        self._seconds = 0.0  # that the last look took
        self._lowest_before: float | None = None  # best loss before the last that was best

    @property
    def can_validate(self) -> bool:
        """Whether there is a validation part."""
        return len(self._val) > 0

    def interval(self, budget: Budget) -> Every:
        """The time between looks: shorter for a short budget, longer where a look takes long."""
        interval = self._recipe.validate_every
        if not self.can_validate:
            return Every()
        if not (interval.seconds and budget.seconds):
            return interval
        seconds = min(interval.seconds, budget.seconds / _LOOKS_PER_BUDGET)
        return Every(seconds=max(seconds, self._seconds / _SHARE_OF_TIME))

    def is_best(self, counters: Counters) -> bool:
        """Look at the loss, note it in the counters, and say whether none was as low before."""
        if self.can_validate:
            return self._watch(counters)
        loss, lowest = counters.smooth_loss, counters.best_train_loss
        if loss is None or not (lowest is None or loss <= lowest):
            return False
        self._lowest_before, counters.best_train_loss = lowest, loss
        return True

    def forget_best(self, counters: Counters) -> None:
        """Take back the last best: its weights could not be kept."""
        if self.can_validate:
            counters.best_val_loss = self._lowest_before
        else:
            counters.best_train_loss = self._lowest_before

    def exact_loss(self, model: Model | None = None) -> float | None:
        """The validation loss to report, of the learner or of `model`; None if it was stopped."""
        if model is None:
            return reported_loss(self._learner.model, self._val, self._stopped)
        network = CharRNN(model.spec).to(self._learner.device)
        network.load_arrays(model.tensors)
        return reported_loss(network, self._val, self._stopped)

    def _watch(self, counters: Counters) -> bool:
        begun = self._clock()
        loss = watched_loss(self._learner.model, self._val, self._learner.precision, self._stopped)
        if loss is None:
            return False
        self._seconds = self._clock() - begun
        lowest = counters.best_val_loss
        best = math.isfinite(loss) and (lowest is None or loss <= lowest)
        counters.val_loss, counters.val_loss_step = loss, counters.step
        if best:
            self._lowest_before, counters.best_val_loss = lowest, loss
        self._report(Validated(counters.step, loss, best))
        return best
