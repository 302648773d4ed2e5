"""Training as it goes, on stderr: a live bar on a terminal, plain lines anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import narrate, warn
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import is_terminal, safe_text

if TYPE_CHECKING:
    from rich.progress import Progress

    from rnnterm.training.events import Event, Listener, Progressed, RolledBack, Sampled, Started

_SECONDS_BETWEEN_LINES = 5.0
_WIDE = 100  # columns that leave room for the step


@contextmanager
def make_progress() -> "Iterator[Listener]":
    """A listener that shows a trainer's events in the way that suits stderr."""
    if not is_terminal(sys.stderr):
        yield PlainProgress().report
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        BarColumn(bar_width=None, complete_style="bright_blue", finished_style="bright_blue"),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), expand=True) as bar:
        yield LiveProgress(bar).report


def _figures(event: "Progressed", val_loss: float | None, *, verbose: bool) -> str:
    parts = [f"step {event.step:,}"] if verbose else []
    parts.append(f"train {event.train_loss:.3f}")
    if val_loss is not None:
        parts.append(f"val {val_loss:.3f}")
    parts.append(f"{format_count(event.chars_per_second)} chars/s")
    parts.append(f"ETA {format_duration(event.eta)}")
    return " · ".join(parts)


def _opening(event: "Started") -> str:
    begun = f" · resumed at step {event.step:,}" if event.step else ""
    return (
        f"run {event.run} · {event.network} · {format_count(event.parameters)} parameters · "
        f"{event.device} {event.precision}{begun}"
    )


def _rolled_back(event: "RolledBack") -> str:
    return (
        f"the loss became NaN by step {event.step:,}: back to step {event.to_step:,}, "
        f"learning rate now {event.rate_scale:g} of the recipe's"
    )


class PlainProgress:
    """One line every few seconds and one for each validation."""

    def __init__(self) -> None:
        self._val_loss: float | None = None
        self._last = 0.0

    def report(self, event: "Event") -> None:
        """Show an event."""
        from rnnterm.training.events import Progressed, RolledBack, Sampled, Started, Validated

        if isinstance(event, Started):
            narrate(_opening(event))
            for note in event.notes:
                narrate(note)
        elif isinstance(event, Validated):
            self._val_loss = event.val_loss
            self._last = 0.0  # the next figures are news
        elif (
            isinstance(event, Progressed) and time.monotonic() - self._last > _SECONDS_BETWEEN_LINES
        ):
            self._last = time.monotonic()
            narrate(f"{event.progress:4.0%} {_figures(event, self._val_loss, verbose=True)}")
        elif isinstance(event, Sampled):
            for line in _sample_lines(event):
                narrate(f"  | {line}")
        elif isinstance(event, RolledBack):
            warn(_rolled_back(event))


class LiveProgress:
    """A bar that stays at the bottom; samples and news scroll above it."""

    def __init__(self, bar: "Progress") -> None:
        self._bar = bar
        self._task = bar.add_task("", total=1.0, figures="starting")
        self._latest: Progressed | None = None
        self._val_loss: float | None = None

    def report(self, event: "Event") -> None:
        """Show an event."""
        from rnnterm.training.events import (
            Finished,
            Progressed,
            RolledBack,
            Sampled,
            Started,
            Validated,
        )

        if isinstance(event, Started):
            self._say(_opening(event), "bold")
            for note in event.notes:
                self._say(note, "yellow")
        elif isinstance(event, Validated):
            self._val_loss = event.val_loss
            self._refresh()
        elif isinstance(event, Progressed):
            self._latest = event
            self._refresh()
        elif isinstance(event, Sampled):
            self._say(f"── step {event.step:,} wrote ──", "dim")
            for line in _sample_lines(event):
                self._say(line, "cyan")
        elif isinstance(event, RolledBack):
            self._say(f"warning: {_rolled_back(event)}", "yellow")
        elif isinstance(event, Finished) and event.reason == "finished":
            self._bar.update(self._task, completed=1.0)

    def _refresh(self) -> None:
        if self._latest is not None:
            wide = self._bar.console.width > _WIDE
            figures = _figures(self._latest, self._val_loss, verbose=wide)
            self._bar.update(self._task, completed=self._latest.progress, figures=figures)

    def _say(self, line: str, style: str) -> None:
        from rich.text import Text

        self._bar.console.print(Text(line, style=style))


def _sample_lines(event: "Sampled") -> list[str]:
    return safe_text(event.text).strip("\n").splitlines()
