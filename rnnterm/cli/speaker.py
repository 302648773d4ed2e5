"""The model that a command was given."""

from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import warn

if TYPE_CHECKING:
    from rnnterm.nn.modelfile import Model
    from rnnterm.runs.models import ModelFile


def load_speaker(name: str, runs_dir: str | None) -> "Model":
    """The model that `name` means; checkpoints that had to be passed over are warnings.

    Raises UsageError if nothing has that name, RnntermError for what cannot be used.
    """
    from pathlib import Path

    from rnnterm.nn.modelfile import load_model
    from rnnterm.runs.models import locate_model

    found = locate_model(name, Path(runs_dir) if runs_dir else None)
    warn_of_fallback(found)
    return load_model(found.path)


def warn_of_fallback(found: "ModelFile") -> None:
    """Say what else was meant perhaps, and which checkpoints had to be passed over, and why."""
    if found.remark:
        warn(found.remark)
    for note in found.notes:
        warn(f"{note}; another checkpoint is used")
