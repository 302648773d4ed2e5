"""Who may speak in the panel Live sample: models by name, and a run's newest weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, load_model
from rnnterm.quantities import format_count
from rnnterm.runs.checkpoints import Checkpoint, CheckpointStore
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.models import ModelSummary, locate_model


@dataclass(frozen=True)
class Voice:
    """A model that is ready to speak.

    Attributes:
        step: of the checkpoint, where a run's weights speak.
        remark: what the person should know of it.
    """

    name: str
    model: Model
    step: int | None = None
    remark: str = ""

    @property
    def label(self) -> str:
        """Which model it is, such as `LSTM 1x512 · 1.3M parameters`."""
        spec = self.model.spec
        label = f"{spec.describe()} · {format_count(spec.parameter_count)} parameters"
        return label if self.step is None else f"{label} · step {self.step:,}"

    @property
    def title(self) -> str:
        """Its name, and which of its checkpoints."""
        return self.name if self.step is None else f"{self.name} · step {self.step:,}"


def voice_of_model(name: str, runs: Path) -> Voice:
    """The model that `name` means; raises RnntermError for what cannot be used."""
    found = locate_model(name, runs)
    return Voice(found.name, _ready(found.path), remark=found.remark)


def newest_voice(run: RunFolder) -> Voice:
    """A run's newest weights.

    Raises RnntermError where there are none that can be used.
    """
    problem = RnntermError(f"{run.name} has no checkpoint yet")
    for checkpoint in reversed(CheckpointStore(run.checkpoints).all()):
        try:
            return _voice_of(run, checkpoint)
        except RnntermError as error:  # its trainer may just have dropped it for a newer one
            problem = error
    raise problem


def voice_of_checkpoint(run: RunFolder, step: int) -> Voice:
    """A run's weights at one checkpoint; raises RnntermError where it is not there any more."""
    for checkpoint in CheckpointStore(run.checkpoints).all():
        if checkpoint.step == step:
            return _voice_of(run, checkpoint)
    raise RnntermError(f"{run.name} has no checkpoint of step {step:,} any more")


def describe_choice(summary: ModelSummary) -> str:
    """A line about a model in a list to choose from."""
    told = [f"{summary.name:<20}"]
    if summary.problem is not None:
        return f"{told[0]} {summary.problem}"
    told.append(f"{summary.network or '':<11}")
    told.append("" if summary.val_loss is None else f"val {summary.val_loss:.3f}")
    return " ".join(told).rstrip()


def _voice_of(run: RunFolder, checkpoint: Checkpoint) -> Voice:
    checkpoint.check_files()
    return Voice(run.name, _ready(checkpoint.model), checkpoint.step)


def _ready(path: Path) -> Model:
    """A model with what it works out once done already, off the screen's thread."""
    model = load_model(path)
    model.network.read(np.zeros(1, np.intp))
    return model
