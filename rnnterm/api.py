"""The Python API: the command line's verbs as functions.

import rnnterm

result = rnnterm.train("othello", time_budget="20s", hidden_size=128)
print(rnnterm.load(result.run).generate("OTHELLO:", length=300))
"""

import secrets
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model, load_model
from rnnterm.runs.models import locate_model
from rnnterm.sampling.generator import generate
from rnnterm.sampling.strategies import recipe_strategy

if TYPE_CHECKING:
    from rnnterm.runs.events import Listener
    from rnnterm.runs.result import TrainingResult


def train(
    corpus: str | Path | None = None,
    *,
    recipe: str | None = None,
    name: str | None = None,
    resume: bool = False,
    runs: str | Path | None = None,
    report: "Listener | None" = None,
    **settings: Any,
) -> "TrainingResult":
    """Train a network on a corpus: a path, a bundled name, or `-` for standard input.

    Args:
        recipe: a bundled recipe's name (`fast` without one) or the path of a TOML file.
        name: the run's name; a fresh one is chosen without it.
        resume: go on with the run called `name`, or the latest on this corpus.
        runs: the folder of runs; otherwise `RNNTERM_RUNS` or the user's data folder.
        report: called with every event of the training.
        settings: recipe values by name, such as `steps=500` or `hidden_size=256`.

    It trains in this process, in which the C library keeps freed memory from then on: given back
    to the system after each step, it would cost a good part of the next one. Raises RnntermError
    where the text, a value or the machine does not allow it.
    """
    from rnnterm.training.plan import TrainingPlan
    from rnnterm.training.run import TrainingSession

    plan = TrainingPlan.begin(
        None if corpus is None else str(corpus),
        recipe=recipe,
        resume=resume,
        settings=settings,
        name=name,
        runs=_path(runs),
    )
    return TrainingSession(plan).train(report)


def load(model: str | Path, *, runs: str | Path | None = None) -> "LoadedModel":
    """A trained model by path, run name or bundled name, ready to generate; needs no torch.

    Raises RnntermError for a model that is missing or damaged.
    """
    found = locate_model(str(model), _path(runs))
    for note in found.notes:
        warnings.warn(f"{note}; another checkpoint is used", stacklevel=2)
    if found.remark:
        warnings.warn(found.remark, stacklevel=2)
    return LoadedModel(load_model(found.path))


class LoadedModel:
    """A trained network that continues texts.

    Attributes:
        model: its spec, vocabulary, tensors and training record.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def generate(
        self,
        seed: str = "",
        length: int = 500,
        *,
        temperature: float | None = None,
        rng_seed: int | None = None,
        **others: float,
    ) -> str:
        """`length` characters that continue `seed`; the same `rng_seed`, the same characters.

        Without a temperature it is the recipe's, mostly 0.8. Others, such as `top_p=0.95`, are
        those of `rnnterm.sampling.strategies.Strategy`.
        """
        stream = self.stream(seed, length, temperature=temperature, rng_seed=rng_seed, **others)
        return "".join(stream)

    def stream(
        self,
        seed: str = "",
        length: int = 500,
        *,
        temperature: float | None = None,
        rng_seed: int | None = None,
        **others: float,
    ) -> Iterator[str]:
        """The same characters, each as soon as it is made."""
        if length < 0 or (rng_seed is not None and rng_seed < 0):
            raise UsageError("length and rng_seed must be at least 0")
        chosen = secrets.randbits(32) if rng_seed is None else rng_seed
        strategy = recipe_strategy(self.model, temperature, **others)
        return islice(generate(self.model, seed, strategy, chosen), length)


def _path(folder: str | Path | None) -> Path | None:
    return None if folder is None else Path(folder)
