"""The model that a name means: a path, a run, or a bundled model."""

from pathlib import Path

from rnnterm.bundled import bundled_folder
from rnnterm.errors import UsageError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import find_run, list_runs, runs_root

_SUFFIX = ".safetensors"


def bundled_models() -> list[str]:
    """The names of the models that travel with rnnterm."""
    return sorted(path.stem for path in bundled_folder("checkpoints").glob(f"*{_SUFFIX}"))


def find_model(name: str, runs: Path | None = None) -> Path:
    """The model file that `name` means.

    A name with a slash or ending in `.safetensors` is a path; else a bundled model's name, or a
    run's (its best checkpoint, or its newest without a validation split) or the start of one.

    Raises UsageError if nothing has that name, RnntermError for a run without a checkpoint.
    """
    if "/" in name or name.endswith(_SUFFIX):
        return Path(name).expanduser()
    if name in bundled_models():
        return bundled_folder("checkpoints") / (name + _SUFFIX)
    root = runs_root(runs)
    if not any(run.name.startswith(name) for run in list_runs(root)):
        bundled = ", ".join(bundled_models()) or "none"
        raise UsageError(f"there is no model or run {name!r}; bundled models: {bundled}")
    store = CheckpointStore(find_run(root, name).checkpoints)
    checkpoint = store.best() or store.newest_verified()[0]
    return checkpoint.model
