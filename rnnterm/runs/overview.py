"""What a list tells of each run: its true state and its last figures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from rnnterm.errors import RnntermError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.entries import check_file, check_folder
from rnnterm.runs.folder import RunFolder, list_runs
from rnnterm.runs.lock import LOCK, look_at_lock
from rnnterm.runs.metrics import check_log, last_entries
from rnnterm.runs.reader import true_state
from rnnterm.runs.silence import Silence, silence_of
from rnnterm.runs.status import ENDS, RUNNING, RunStatus, load_status, status_of

T = TypeVar("T")

_FILES = (LOCK, "owner.json", "train.log")  # that may be missing

DAMAGED = "damaged"
"""The state of a folder that no trainer holds and whose configuration cannot be read."""


@dataclass(frozen=True)
class KeptCheckpoint:
    """A checkpoint on the disk; `problem` says why it cannot be used, as far as its manifest does.

    The loss is in nats per character.
    """

    step: int
    path: Path
    best: bool
    val_loss: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class RunSummary:
    """One run; None where it is not known. Losses in nats per character, times in seconds.

    Attributes:
        state: `running`, `paused`, `finished`, `stopped`, `crashed`, `diverged` or `damaged`.
        pid: the trainer's process, while there is one.
        chars_per_second: of the session that goes on, or of the last.
        created: when the run began, in seconds since the epoch.
        problem: what is missing or damaged, in one line.
        silence: where its trainer gives no sign of life.
    """

    name: str
    path: Path
    state: str
    pid: int | None
    status: RunStatus
    checkpoints: tuple[KeptCheckpoint, ...]
    corpus: str | None
    created: float | None
    problem: str | None
    silence: Silence | None = None

    @property
    def trouble(self) -> str | None:
        """What a person should know of it: silence, slowness and problem, in one line."""
        pace = self.silence.describe() if self.silence else self.slowdown
        return "; ".join(filter(None, (pace, self.problem))) or None

    @property
    def slowdown(self) -> str | None:
        """How other programs slow its training down; None where they do not."""
        return self.status.slowdown if self.state == RUNNING else None

    @property
    def shown_state(self) -> str:
        """The word for its state; `silent` where its trainer gives no sign of life."""
        return "silent" if self.silence else self.state

    @property
    def eta_seconds(self) -> float | None:
        """Seconds that are left to train; None unless the run is at it."""
        return self.status.eta_seconds if self.shown_state == RUNNING else None

    @property
    def is_live(self) -> bool:
        """Whether a trainer holds the run."""
        return self.pid is not None or self.state not in (*ENDS, DAMAGED)


def list_summaries(root: Path) -> list[RunSummary]:
    """All runs in `root`, the most recently active first; damaged ones are listed as such."""
    return [summarize_run(run) for run in list_runs(root)]


def summarize_run(run: RunFolder) -> RunSummary:
    """What is known of a run, whatever of its folder is missing or damaged; nothing is written."""
    lock = look_at_lock(run.path)
    held, owner = lock.is_trained, lock.owner
    problems = [lock.problem] if lock.problem else []
    config = _told(problems, run.read_config)
    created = _seconds(config.created) if config else None
    if config and created is None:
        problems.append("config.json has an odd time of creation")
    store = CheckpointStore(run.checkpoints)
    checkpoints = _told(problems, lambda: _kept(store, problems))
    status = _told(problems, lambda: load_status(run.status))
    if status is None:
        problems.append("the figures are those of its log")
        status = status_of(last_entries(run.metrics))
        if not status.step and checkpoints:
            newest = checkpoints[-1]
            status = replace(status, step=newest.step, val_loss=newest.val_loss)
    problems += [kept.problem for kept in checkpoints or () if kept.problem]
    _told(problems, lambda: check_log(run.metrics))
    for name in _FILES:
        _told(problems, partial(check_file, run.path / name))
    _told(problems, lambda: check_folder(run.control))
    if checkpoints == ():
        problems.append("it has no checkpoint")
    state = true_state(status, held=held)
    return RunSummary(
        name=run.name,
        path=run.path,
        state=DAMAGED if config is None and not held else state,
        pid=owner.pid if owner else None,
        status=status,
        checkpoints=checkpoints or (),
        corpus=config.corpus["name"] if config else None,
        created=created,
        problem="; ".join(problems) or None,
        silence=silence_of(run) if held else None,
    )


def _told(problems: list[str], read: Callable[[], T]) -> T | None:
    """What is read; None where that fails, and why then joins the problems."""
    try:
        return read()
    except RnntermError as error:
        problems.append(str(error))
        return None


def _kept(store: CheckpointStore, problems: list[str]) -> tuple[KeptCheckpoint, ...]:
    best, problem = store.find_best()
    problems += [problem] if problem else []
    kept = []
    for checkpoint in store.all():
        is_best = best is not None and best.step == checkpoint.step
        try:
            facts, problem = checkpoint.facts(), None
            checkpoint.check_files()
        except RnntermError as error:
            facts, problem = {}, str(error)
        told = facts.get("val_loss")
        loss = told if isinstance(told, float) else None
        kept.append(KeptCheckpoint(checkpoint.step, checkpoint.path, is_best, loss, problem))
    return tuple(kept)


def _seconds(moment: str) -> float | None:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
