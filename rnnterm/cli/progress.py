"""Training as it goes, on stderr: a live bar on a terminal, plain lines anywhere else."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import narrate
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import can_style, safe_line, safe_text

if TYPE_CHECKING:
    from rich.progress import Progress

    from rnnterm.runs.events import Event, Sampled
    from rnnterm.runs.sharing import CoreSharing
    from rnnterm.runs.silence import Silence

_SECONDS_BETWEEN_LINES = 5.0
_WIDE = 100  # columns that leave room for the step
_SEED_SHOWN = 60  # characters


@contextmanager
def make_display() -> "Iterator[Display]":
    """A display of a trainer's events that suits stderr."""
    if not can_style(sys.stderr):
        yield PlainProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        BarColumn(bar_width=None, complete_style="bright_blue", finished_style="bright_blue"),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False), expand=True) as bar:
        yield LiveProgress(bar)


@dataclass
class _Status:
    """The figures of a moment."""

    step: int = 0
    progress: float = 0.0
    train_loss: float | None = None
    val_loss: float | None = None
    chars_per_second: float = 0.0
    eta: float = float("nan")
    silence: "Silence | None" = None
    sharing: "CoreSharing | None" = None

    def describe(self, *, with_step: bool) -> str:
        if self.silence is not None:
            return self.silence.describe()
        parts = [f"step {self.step:,}"] if with_step else []
        if self.train_loss is not None:
            parts.append(f"train {self.train_loss:.3f}")
        if self.val_loss is not None:
            parts.append(f"val {self.val_loss:.3f}")
        parts.append(f"{format_count(self.chars_per_second)} chars/s")
        parts.append(f"ETA {format_duration(self.eta)}")
        if self.sharing is not None and self.sharing.is_slowing:
            parts.append(self.sharing.describe())
        return " · ".join(parts)


class Display(ABC):
    """Turns events into figures and lines; where those go is a subclass's part."""

    def __init__(self) -> None:
        self._status = _Status()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the screen to someone else for a while."""
        yield

    @abstractmethod
    def _say(self, line: str, style: str) -> None:
        """Show a line that stays."""

    @abstractmethod
    def _refresh(self, *, news: bool = False) -> None:
        """Show the figures; with `news` they hold something not seen before."""

    def report(self, event: "Event") -> None:
        """Show an event."""
        from rnnterm.runs import events
        from rnnterm.runs.sharing import CoreSharing

        status = self._status
        match event:
            case events.Progressed() | events.Ticked():
                status.step, status.progress = event.step, event.progress
                status.chars_per_second, status.eta = event.chars_per_second, event.eta
                first = status.train_loss is None
                if isinstance(event, events.Progressed):
                    status.train_loss = event.train_loss
                else:
                    status.sharing = CoreSharing.of(event)
                self._refresh(news=first and status.train_loss is not None)
            case events.Validated():
                status.val_loss = event.val_loss
                self._refresh(news=True)
            case _:
                for line, style in news_lines(event):
                    self._say(line, style)

    def tell_silence(self, silence: "Silence | None") -> None:
        """Show for how long the trainer has given no sign of life; None while it does."""
        began = silence is not None and self._status.silence is None
        ended = silence is None and self._status.silence is not None
        self._status.silence = silence
        if silence is not None:
            self._refresh(news=began)
        elif ended:
            self._say("the trainer answers again", "bold")
            self._refresh(news=True)


class PlainProgress(Display):
    """Lines for a log: the figures every few seconds and after each validation."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0.0

    def _say(self, line: str, style: str) -> None:
        narrate(f"  | {line}" if style == "cyan" else line)

    def _refresh(self, *, news: bool = False) -> None:
        if news or time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            narrate(f"{self._status.progress:4.0%} {self._status.describe(with_step=True)}")


class LiveProgress(Display):
    """A bar that stays at the bottom; samples and news scroll above it."""

    def __init__(self, bar: "Progress") -> None:
        super().__init__()
        self._bar = bar
        self._task = bar.add_task("", total=1.0, figures="starting")

    def _say(self, line: str, style: str) -> None:
        from rich.text import Text

        self._bar.console.print(Text(safe_line(line), style=style))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """See `Display.aside`."""
        self._bar.stop()
        yield
        self._bar.start()

    def _refresh(self, *, news: bool = False) -> None:
        figures = self._status.describe(with_step=self._bar.console.width > _WIDE)
        self._bar.update(self._task, completed=self._status.progress, figures=figures)


def news_lines(event: "Event") -> "Iterator[tuple[str, str]]":
    """What an event has to say beside its figures: lines, each with its style."""
    from rnnterm.runs import events

    match event:
        case events.Started():
            begun = f" · resumed at step {event.step:,}" if event.step else ""
            yield (
                f"run {event.run} · {event.network} · {format_count(event.parameters)} "
                f"parameters · {event.device} {event.precision}{begun}",
                "bold",
            )
            for note in event.notes:
                yield note, "yellow"
        case events.Validating():
            yield "reading the validation part once more, exactly", "dim"
        case events.Sampled():
            yield f"── step {event.step:,} wrote ──", "dim"
            for line in _sample_lines(event):
                yield line, "cyan"
        case events.Answered(request="pause"):
            yield f"paused at step {event.step:,}", "bold"
        case events.Answered(request="continue"):
            yield "going on", "bold"
        case events.Answered(request="checkpoint", failure=None):
            yield f"checkpoint of step {event.step:,}, as asked", "dim"
        case events.Troubled():
            yield f"warning: {event.trouble}", "yellow"
        case events.ThreadsChanged():
            threads = f"{event.threads} thread{'s' if event.threads > 1 else ''}"
            yield f"other programs use {event.others:.1f} of {event.cores} cores: {threads}", "dim"
        case events.RolledBack():
            yield (
                f"warning: the loss became NaN by step {event.step:,}: back to step "
                f"{event.to_step:,}, learning rate now {event.rate_scale:g} of the recipe's",
                "yellow",
            )


def _sample_lines(event: "Sampled") -> list[str]:
    """What was written, after the end of what it went on from."""
    seed = event.seed[-_SEED_SHOWN:]
    before = [f"… {line}" for line in safe_text(seed).splitlines()[-1:]]
    return before + safe_text(event.text).strip("\n").splitlines()
