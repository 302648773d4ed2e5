"""A forecaster's training as it goes, on stderr: a live bar on a terminal, else lines."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import narrate
from rnnterm.terminal import can_style

if TYPE_CHECKING:
    from rnnterm.forecast.events import Begun, EpochDone, Event

_SECONDS_BETWEEN_LINES = 2.0
_SECONDS_BETWEEN_NEWS = 0.5


class Progress:
    """Turns events into a share of the work and a line of figures, and whether that is news."""

    def __init__(self, show: Callable[[float, str, bool], None]) -> None:
        self._show = show
        self._begun: Begun | None = None
        self._epochs: dict[int, int] = {}
        self._done: set[int] = set()
        self._doing = ""

    def begin(self) -> None:
        """The series is on its way to the training."""
        self._show(0.0, "starting", False)

    def report(self, event: "Event") -> None:
        """Show an event."""
        from rnnterm.forecast import events

        match event:
            case events.Begun():
                self._begun = event
                for note in event.notes:
                    narrate(note)
            case events.EpochDone():
                self._epochs[event.seed] = event.epoch
                self._show(self._share, self._figures(event), False)
            case events.SeedDone():
                self._done.add(event.seed)
            case events.Forecasting():
                share = f" {event.share:.0%}" if event.share else ""
                is_news, self._doing = event.doing != self._doing, event.doing
                self._show(1.0, f"forecasting · {event.doing}{share}", is_news)

    @property
    def _share(self) -> float:
        begun = self._begun
        if begun is None:
            return 0.0
        epochs = [begun.epochs if seed in self._done else at for seed, at in self._epochs.items()]
        return sum(epochs) / max(1, begun.epochs * begun.seeds)

    def _figures(self, event: "EpochDone") -> str:
        begun = self._begun
        seeds = begun.seeds if begun else 1
        of = f"/{begun.epochs}" if begun else ""
        parts = [f"seed {event.seed}/{seeds}"] if seeds > 1 else []
        parts += [f"epoch {event.epoch}{of}", f"loss {event.train_loss:.4f}"]
        if math.isfinite(event.val_loss):
            parts.append(f"val {event.val_loss:.4f}")
        return " · ".join(parts)


@contextmanager
def make_progress() -> Iterator[Progress]:
    """A progress that suits stderr."""
    if not can_style(sys.stderr):
        yield Progress(_Lines().show)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(bar_width=None, complete_style="bright_blue", finished_style="bright_blue"),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    console = Console(stderr=True, highlight=False)
    with Bar(*columns, console=console, expand=True, transient=True) as bar:
        task = bar.add_task("", total=1.0, figures="starting")

        def show(share: float, figures: str, news: bool) -> None:
            bar.update(task, completed=share, figures=figures)

        yield Progress(show)


class _Lines:
    """Lines for a log, now and then."""

    def __init__(self) -> None:
        self._last = self._gap = 0.0

    def show(self, share: float, figures: str, news: bool) -> None:
        gap = _SECONDS_BETWEEN_LINES
        if news:  # of which the first is always told
            gap, self._gap = self._gap, _SECONDS_BETWEEN_NEWS
        if time.monotonic() - self._last > gap:
            self._last = time.monotonic()
            narrate(f"{share:4.0%} {figures}")


class RowCounter:
    """Tells now and then how far a long file has been read."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, rows: int) -> None:
        """So many rows were read."""
        if time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            narrate(f"read {rows:,} rows")
