"""The models there are, and the one that a name means: a path, a run, or a bundled model."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rnnterm.bundled import MODEL_SUFFIX, bundled_folder, bundled_models, is_built_in
from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import is_real_folder, user_path
from rnnterm.nn.modelfile import Model, load_model, told_value
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunFolder, find_run, list_runs, runs_root

ModelKind = Literal["bundled", "run", "file"]


@dataclass(frozen=True)
class ModelFile:
    """A model by name, and the file it lies in.

    Attributes:
        notes: why better checkpoints of the run were passed over.
        remark: that a run of this name is not what was meant, and what to do about it.
    """

    name: str
    kind: ModelKind
    path: Path
    notes: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class ModelSummary:
    """What a list tells of a model; None where it, or its training record, does not say.

    Attributes:
        file: the model file; None for a run that has none.
        size: of the file, in bytes.
        network: a label such as `LSTM 1x512`.
        parameters: trained numbers.
        val_loss: nats per character.
        problem: why it cannot be used, in one line.
        notes: why better checkpoints of the run were passed over.
    """

    name: str
    kind: ModelKind
    file: Path | None = None
    size: int | None = None
    network: str | None = None
    parameters: int | None = None
    corpus: str | None = None
    recipe: str | None = None
    step: int | None = None
    val_loss: float | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def handle(self) -> str:
        """What `locate_model` finds it by: its name, or the folder of a run that has another's."""
        hidden = self.kind == "run" and self.file is not None and is_built_in(self.name)
        return str(self.file.parents[2]) if hidden and self.file else self.name


def find_model(name: str, runs: Path | None = None) -> Path:
    """The model file that `name` means; see `locate_model`."""
    return locate_model(name, runs).path


def locate_model(name: str, runs: Path | None = None) -> ModelFile:
    """The model that `name` means; its file is not opened.

    A name with a slash or ending in `.safetensors` is a path, of a file or of a run's folder; else
    a bundled model's name, or a run's (its best checkpoint, or its newest good one) or the start
    of one.

    Raises UsageError if nothing has that name, RnntermError for a run without a checkpoint.
    """
    if "/" in name or name.endswith(MODEL_SUFFIX):
        path = user_path(name)
        run = RunFolder(path.absolute())
        if is_real_folder(run.checkpoints):
            return _model_of_run(run)
        return ModelFile(path.stem, "file", path)
    if name in bundled_models():
        return replace(_bundled_model(name), remark=hidden_run(name, runs))
    root = runs_root(runs)
    if not (name and any(run.name.startswith(name) for run in list_runs(root))):
        bundled = ", ".join(bundled_models()) or "none"
        raise UsageError(f"there is no model or run {name!r}; bundled models: {bundled}")
    run = find_run(root, name)
    return _model_of_run(run)


def hidden_run(name: str, runs: Path | None = None) -> str:
    """What to know where a run has a name that means a model of rnnterm's own; else "".

    Runs cannot be given such a name any more.
    """
    path = runs_root(runs) / name
    if not is_real_folder(path):
        return ""
    return (
        f"{name} is rnnterm's own model; the run of that name is reached as {path}, "
        f"or after: rnnterm runs rename {name} NEW"
    )


def list_models(runs: Path | None = None) -> list[ModelSummary]:
    """Bundled models and those of all runs, the lowest validation loss first.

    Every file is read and verified; one that cannot be used is listed last, with its problem.
    """
    summaries = [_read_summary(_bundled_model(name)) for name in bundled_models()]
    for run in list_runs(runs_root(runs)):
        try:
            summaries.append(_read_summary(_model_of_run(run)))
        except RnntermError as error:
            summaries.append(ModelSummary(run.name, "run", problem=str(error)))
    return sorted(summaries, key=_rank)


def summarize_model(found: ModelFile, model: Model) -> ModelSummary:
    """What a list tells of a model that was loaded from `found`."""
    told = model.training
    return ModelSummary(
        found.name,
        found.kind,
        found.path,
        _size_of(found.path),
        model.spec.describe(),
        model.spec.parameter_count,
        corpus=told_value(told, str, "corpus", "name"),
        recipe=told_value(told, str, "recipe", "name"),
        step=told_value(told, int, "step"),
        val_loss=told_value(told, float, "val_loss"),
        notes=found.notes,
    )


def _read_summary(found: ModelFile) -> ModelSummary:
    try:
        return summarize_model(found, load_model(found.path))
    except RnntermError as error:
        size = _size_of(found.path)
        return ModelSummary(found.name, found.kind, found.path, size, problem=str(error))


def _bundled_model(name: str) -> ModelFile:
    return ModelFile(name, "bundled", bundled_folder("checkpoints") / (name + MODEL_SUFFIX))


def _model_of_run(run: RunFolder) -> ModelFile:
    checkpoint, notes = CheckpointStore(run.checkpoints).usable()
    return ModelFile(run.name, "run", checkpoint.model, notes)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _rank(summary: ModelSummary) -> tuple[bool, float, str]:
    loss = math.inf if summary.val_loss is None else summary.val_loss
    return summary.problem is not None, loss, summary.name
