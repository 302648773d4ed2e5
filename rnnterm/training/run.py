"""Starting and resuming runs: from a corpus and a recipe to a trained model file."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rnnterm.errors import UsageError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunConfig, RunFolder, find_run, list_runs, new_run, runs_root
from rnnterm.runs.metrics import MetricsLog
from rnnterm.text.corpus import Corpus, open_corpus, reopen_corpus
from rnnterm.training.events import Event, Finished, Listener, Ticked
from rnnterm.training.recipe import Recipe, load_recipe


@dataclass(frozen=True)
class TrainingResult:
    """What came out of a session of training; losses in nats per character, times in seconds.

    Attributes:
        reason: `finished`, or `stopped` where someone asked before the budget was spent.
        bits_per_char: the loss of `model` in bits: the best validation loss, or the training loss
            where there is none.
        model: the model file: the best by validation, or by training loss where there is none.
    """

    run: str
    reason: str
    steps: int
    seconds: float
    train_loss: float | None
    val_loss: float | None
    best_val_loss: float | None
    bits_per_char: float | None
    chars_per_second: float
    model: Path


class TrainingSession:
    """A run, new or resumed, that is ready to train.

    Attributes:
        corpus, recipe: what it learns and how.
        notes: what a person should know first, such as a checkpoint that had to be passed over.
    """

    def __init__(self, folder: RunFolder, corpus: Corpus, recipe: Recipe, *, resumed: bool) -> None:
        from rnnterm.training.trainer import Trainer  # torch, only once corpus and recipe are good

        self.folder, self.corpus, self.recipe = folder, corpus, recipe
        self._listeners: list[Listener] = []
        self._trainer = Trainer(folder, recipe, corpus, self._report)
        self._resumed = resumed
        self.notes = corpus.notes
        if resumed:
            self.notes += self._trainer.resume()

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
    ) -> "TrainingSession":
        """A new run, or with `resume` an earlier one; see `start` and `resume`."""
        if resume and recipe is not None:
            raise UsageError("a resumed run keeps its recipe: name single values to change instead")
        if resume:
            return cls.resume(source, settings=settings, name=name, runs=runs)
        if source is None:
            raise UsageError(
                "name a text to learn: a file, - for standard input, or a bundled one "
                "(rnnterm corpus list)"
            )
        recipe = "fast" if recipe is None else recipe
        return cls.start(source, recipe=recipe, settings=settings, name=name, runs=runs)

    @classmethod
    def start(
        cls,
        source: str,
        *,
        recipe: str = "fast",
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        runs: Path | None = None,
    ) -> "TrainingSession":
        """A new run on a corpus; nothing is written to the runs folder before `train`.

        Raises UsageError or RnntermError for a corpus, recipe, setting or name that will not do.
        """
        folder = new_run(runs_root(runs), name)
        chosen = load_recipe(recipe).with_values(settings or {})
        corpus = open_corpus(source, lowercase=chosen.lowercase)
        return cls(folder, corpus, chosen, resumed=False)

    @classmethod
    def resume(
        cls,
        source: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        runs: Path | None = None,
    ) -> "TrainingSession":
        """An earlier run, at its newest good checkpoint: the named one, or the latest on `source`.

        Budgets count from the run's beginning, so a larger one lets a finished run go on.
        """
        folder = _run_to_resume(runs_root(runs), name, source)
        config = folder.read_config()
        recipe = Recipe.from_dict(config.recipe).resumed_with(settings or {})
        known = config.corpus
        corpus = reopen_corpus(
            known["name"], source or known["source"], known["sha256"], lowercase=recipe.lowercase
        )
        return cls(folder, corpus, recipe, resumed=True)

    def stop(self) -> None:
        """Ask for a checkpoint and an early end; safe to call from a signal handler."""
        self._trainer.stop()

    def train(self, report: Listener | None = None) -> TrainingResult:
        """Train to the end of the budget, telling `report` and the run's metrics log about it.

        Raises RnntermError if another process trains this run, or as `Trainer.train` does.
        """
        from rnnterm.training.machine import training_settings

        if self._resumed and self._trainer.is_spent():
            raise UsageError(
                f"run {self.folder.name} has spent its budget: "
                "give a larger --time-budget, --steps or --epochs"
            )
        if not self._resumed:
            self.folder.create()
        with self.folder.locked(), training_settings(self.recipe.threads):
            self.folder.write_config(self._config())
            with MetricsLog(self.folder.metrics) as log:
                self._listeners = [partial(_log_event, log)]
                if report is not None:
                    self._listeners.append(report)
                return self._result(self._trainer.train(self.notes))

    def _report(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def _config(self) -> RunConfig:
        corpus = self.corpus
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return RunConfig(
            name=self.folder.name,
            created=self.folder.read_config().created if self._resumed else created,
            corpus={
                "name": corpus.name,
                "source": corpus.source,
                "sha256": corpus.sha256,
                "characters": len(corpus),
                "symbols": len(corpus.vocab),
            },
            recipe=self.recipe.to_dict(),
        )

    def _result(self, finished: Finished) -> TrainingResult:
        checkpoint, _ = CheckpointStore(self.folder.checkpoints).usable()
        best = finished.best_val_loss
        loss = finished.train_loss if best is None else best
        return TrainingResult(
            run=self.folder.name,
            reason=finished.reason,
            steps=finished.step,
            seconds=finished.seconds,
            train_loss=finished.train_loss,
            val_loss=finished.val_loss,
            best_val_loss=finished.best_val_loss,
            bits_per_char=None if loss is None else loss / math.log(2),
            chars_per_second=finished.chars_per_second,
            model=checkpoint.model,
        )


def _log_event(log: MetricsLog, event: Event) -> None:
    if not isinstance(event, Ticked):
        log.append(type(event).__name__.lower(), asdict(event))


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
