"""The end of a training, told alike by whoever saw it: the trainer's command or one attached."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import narrate, warn
from rnnterm.cli.options import same_runs_dir
from rnnterm.cli.output import emit, emit_json
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.runs.result import TrainingResult

_WORTH_TELLING = 0.1  # of the time


def summarize(result: "TrainingResult", runs_dir: str | None, *, as_json: bool) -> None:
    """Write the result of a session to stdout, and to stderr what to do next."""
    where = same_runs_dir(runs_dir)
    if as_json:
        emit_json(asdict(result) | {"model": str(result.model)})
    else:
        emit("\n".join(_lines(result)))
    if result.val_loss and result.best_val_loss and result.val_loss > 1.05 * result.best_val_loss:
        narrate(
            "it went on to learn the text by heart; the best point is kept, and "
            "a smaller --hidden-size or less time would have done"
        )
    if slowed := _slowness(result, where):
        narrate(slowed)
    for note in result.notes:
        warn(f"{note}; another checkpoint is used")
    if result.reason == "stopped":
        narrate(f"stopped early; go on with: rnnterm train --resume --name {result.run}{where}")
    else:
        narrate(f'now try: rnnterm generate --model {result.run}{where} --seed "…"')


def _slowness(result: "TrainingResult", where: str) -> str | None:
    """What other programs took of a session, and how to make up for it."""
    if result.lost_seconds < _WORTH_TELLING * result.seconds:
        return None
    slowed = (
        f"other programs used {result.others:.1f} of {result.cores} cores on average: about "
        f"{format_duration(result.lost_seconds)} of {format_duration(result.seconds)} were lost"
    )
    if result.reason != "finished" or not result.time_budget:
        return slowed
    longer = math.ceil(result.time_budget + result.lost_seconds)
    again = f"rnnterm train --resume --name {result.run}{where} --time-budget {longer}s"
    return f"{slowed}; to make up for it: {again}"


def losses_line(train: float | None, val: float | None, best: float | None) -> str:
    """Those losses that are known, such as `train 1.2345 · val 1.4567`; nats per character."""
    losses = (("train", train), ("val", val), ("best", best))
    return " · ".join(f"{label} {loss:.4f}" for label, loss in losses if loss is not None)


def _lines(result: "TrainingResult") -> list[str]:
    losses = losses_line(result.train_loss, result.val_loss, result.best_val_loss)
    bits = f" ({result.bits_per_char:.3f} bits)" if result.bits_per_char else ""
    return [
        safe_line(
            f"run    {result.run} {result.reason}: {result.steps:,} steps in "
            f"{format_duration(result.seconds)}, {format_count(result.chars_per_second)} chars/s"
        ),
        f"loss   {losses} nats/char{bits}",
        f"model  {safe_line(str(result.model))}",
    ]
