"""What came out of a session of training."""

import math
from dataclasses import dataclass
from pathlib import Path

from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Finished
from rnnterm.runs.folder import RunFolder


@dataclass(frozen=True)
class TrainingResult:
    """The end of a session; losses in nats per character, times in seconds.

    Attributes:
        reason: `finished`, or `stopped` where someone asked before the budget was spent.
        bits_per_char: the loss of `model` in bits: the best validation loss, or the training loss
            where there is none.
        model: the model file: the best by validation, or by training loss where there is none.
        cores, others, lost_seconds, time_budget: see `Finished`.
        notes: why better checkpoints were passed over.
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
    cores: int = 0
    others: float = 0.0
    lost_seconds: float = 0.0
    time_budget: float = 0.0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: RunFolder, finished: Finished) -> "TrainingResult":
        """The result of a run whose session ended so; RnntermError if no checkpoint is usable."""
        checkpoint, notes = CheckpointStore(run.checkpoints).usable()
        best = finished.best_val_loss
        loss = finished.train_loss if best is None else best
        return cls(
            run=run.name,
            reason=finished.reason,
            steps=finished.step,
            seconds=finished.seconds,
            train_loss=finished.train_loss,
            val_loss=finished.val_loss,
            best_val_loss=finished.best_val_loss,
            bits_per_char=None if loss is None else loss / math.log(2),
            chars_per_second=finished.chars_per_second,
            model=checkpoint.model,
            cores=finished.cores,
            others=finished.others,
            lost_seconds=finished.lost_seconds,
            time_budget=finished.time_budget,
            notes=notes,
        )
