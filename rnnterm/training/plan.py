"""What is to be trained, and where: all that can be decided, and refused, without torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rnnterm.errors import UsageError
from rnnterm.runs.folder import RunConfig, RunFolder, find_run, list_runs, new_run, runs_root
from rnnterm.runs.lock import check_free
from rnnterm.text.corpus import Corpus, open_corpus, reopen_corpus
from rnnterm.training.fitting import fit
from rnnterm.training.recipe import Recipe, load_recipe
from rnnterm.training.tensorboard import check_installed


@dataclass(frozen=True)
class TrainingPlan:
    """A run, new or to be resumed, with its text and recipe; nothing is written yet.

    Attributes:
        tensorboard: whether to write event files for TensorBoard, too.
    """

    folder: RunFolder
    corpus: Corpus
    recipe: Recipe
    resumed: bool
    tensorboard: bool = False

    @classmethod
    def begin(
        cls,
        source: str | None,
        *,
        recipe: str | None = None,
        resume: bool = False,
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        runs: Path | None = None,
        tensorboard: bool = False,
    ) -> "TrainingPlan":
        """A new run, or with `resume` an earlier one; see `start` and `resume`."""
        if tensorboard:
            check_installed()
        if resume and recipe is not None:
            raise UsageError("a resumed run keeps its recipe: name single values to change instead")
        if resume:
            plan = cls.resume(source, settings=settings, name=name, runs=runs)
        elif source is None:
            raise UsageError(
                "name a text to learn: a file, - for standard input, or a bundled one "
                "(rnnterm corpus list)"
            )
        else:
            chosen = "fast" if recipe is None else recipe
            plan = cls.start(source, recipe=chosen, settings=settings, name=name, runs=runs)
        return replace(plan, tensorboard=tensorboard)

    @classmethod
    def start(
        cls,
        source: str,
        *,
        recipe: str = "fast",
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        runs: Path | None = None,
    ) -> "TrainingPlan":
        """A new run on a corpus.

        Raises UsageError or RnntermError for a corpus, recipe, setting or name that will not do.
        """
        folder = new_run(runs_root(runs), name)
        chosen = load_recipe(recipe).with_values(settings or {})
        corpus = open_corpus(source, lowercase=chosen.lowercase)
        return cls(folder, corpus, fit(chosen, corpus), resumed=False)

    @classmethod
    def resume(
        cls,
        source: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        runs: Path | None = None,
    ) -> "TrainingPlan":
        """An earlier run, at its newest good checkpoint: the named one, or the latest on `source`.

        Budgets count from the run's beginning, so a larger one lets a finished run go on. Raises
        RnntermError for a run that is being trained.
        """
        folder = _run_to_resume(runs_root(runs), name, source)
        check_free(folder.path)
        config = folder.read_config()
        recipe = Recipe.from_dict(config.recipe).resumed_with(settings or {})
        known = config.corpus
        corpus = reopen_corpus(
            known["name"], source or known["source"], known["sha256"], lowercase=recipe.lowercase
        )
        return cls(folder, corpus, recipe, resumed=True)

    def to_request(self) -> str:
        """The plan as one argument of a command line."""
        return json.dumps(
            {
                "run": str(self.folder.path.absolute()),
                "corpus": [self.corpus.name, self.corpus.source, self.corpus.sha256],
                "recipe": self.recipe.to_dict(),
                "resumed": self.resumed,
                "tensorboard": self.tensorboard,
            }
        )

    @classmethod
    def from_request(cls, request: str) -> "TrainingPlan":
        """The plan that `to_request` described."""
        told = json.loads(request)
        recipe = Recipe.from_dict(told["recipe"])
        corpus = reopen_corpus(*told["corpus"], lowercase=recipe.lowercase)
        folder = RunFolder(Path(told["run"]))
        return cls(folder, corpus, recipe, told["resumed"], told["tensorboard"])

    def config(self) -> RunConfig:
        """What the run's `config.json` should say."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        corpus = self.corpus
        return RunConfig(
            name=self.folder.name,
            created=self.folder.read_config().created if self.resumed else now,
            corpus={
                "name": corpus.name,
                "source": corpus.source,
                "sha256": corpus.sha256,
                "characters": len(corpus),
                "symbols": len(corpus.vocab),
            },
            recipe=self.recipe.to_dict(),
        )


def _run_to_resume(root: Path, name: str | None, source: str | None) -> RunFolder:
    if name is not None:
        return find_run(root, name)
    if source is None:
        raise UsageError("say which run to resume: --name RUN, or the corpus of the latest one")
    sha256 = open_corpus(source).sha256
    for run in list_runs(root):
        if run.is_readable() and run.read_config().corpus["sha256"] == sha256:
            return run
    raise UsageError(f"no run on {source} is there to resume")
