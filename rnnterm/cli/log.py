"""`rnnterm log`: what happened in a run, line by line."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.moments import format_moment
from rnnterm.cli.options import Whole, chosen_run, run_argument, runs_dir_option
from rnnterm.cli.output import emit, emit_json
from rnnterm.cli.progress import news_lines
from rnnterm.cli.summary import losses_line
from rnnterm.errors import RnntermError
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from pathlib import Path

    from rnnterm.runs.events import Event, Progressed
    from rnnterm.runs.folder import RunFolder
    from rnnterm.runs.metrics import LogEntry

    _Tell = Callable[[LogEntry], Iterable[Any]]

_SECONDS_BETWEEN_POINTS = 5.0  # of training
_SECONDS_BETWEEN_POLLS = 0.2
_LOOK_BACK = 1 << 18  # bytes at the end of a log that are tried first for its last lines
_MOST_OF_STDERR = 1 << 16  # bytes
_INDENT = " " * len("2000-01-01 00:00:00  ")


@click.command("log")
@run_argument
@click.option("--follow", "-f", is_flag=True, help="Go on until the run ends; Ctrl-C leaves.")
@click.option("--lines", "-n", type=Whole(0), metavar="N", help="Of the past, the last N lines.")
@click.option("--all", "everything", is_flag=True, help="Every entry of the log.")
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="Every entry as a JSON object on a line.")
def command(
    *,
    run: str,
    follow: bool,
    lines: int | None,
    everything: bool,
    runs_dir: str | None,
    as_json: bool,
) -> None:
    """Tell what happened in a run: its sessions, losses, samples, requests and troubles.

    The curve is told every few seconds of training, --all tells each point and each checkpoint.
    What the trainer's process wrote to its standard error comes last.
    """
    from rnnterm.runs.lock import is_trained
    from rnnterm.runs.metrics import LogTail

    folder = chosen_run(run, runs_dir)
    _check_readable(folder)

    def teller() -> "_Tell":
        return _entry_to_json if as_json else _Teller(everything).lines

    told = teller()
    say: Callable[[Any], None] = emit_json if as_json else emit
    tail = LogTail(folder.metrics)
    held = is_trained(folder.path)  # before reading: what it said last is then in the log
    going_on = follow and held
    if lines is not None:
        tail.skip_to(_where_the_last_begin(folder.metrics, lines, teller))
    past: Iterator[Any] = (line for entry in _waiting(tail) for line in told(entry))
    if not (as_json or going_on):
        past = chain(past, _rest_of_stderr(folder))
    for line in past if lines is None else deque(past, maxlen=lines):
        say(line)
    if not going_on:
        return
    try:
        while held:
            time.sleep(_SECONDS_BETWEEN_POLLS)
            held = is_trained(folder.path)
            for entry in _waiting(tail):
                for line in told(entry):
                    say(line)
    except KeyboardInterrupt:
        return
    if not as_json:
        for line in _rest_of_stderr(folder):
            emit(line)


def _check_readable(run: "RunFolder") -> None:
    from rnnterm.files import open_regular

    try:
        with open_regular(run.metrics):
            return
    except OSError as error:
        raise RnntermError(
            f"cannot read {run.metrics.name}, the log of run {run.name}: {error.strerror}"
        ) from None


def _where_the_last_begin(log: "Path", lines: int, teller: Callable[[], "_Tell"]) -> int:
    """A place of the log, in bytes, after which more than so many lines are told; or its start."""
    from rnnterm.runs.metrics import LogTail

    tail, size, length = LogTail(log), log.lstat().st_size, _LOOK_BACK
    while length < size:
        tail.skip_to(size - length)
        told = teller()
        if sum(1 for entry in _waiting(tail) for _ in told(entry)) > lines:
            return size - length
        length *= 4
    return 0


def _waiting(tail: Any) -> Iterator["LogEntry"]:
    """The entries that are there by now."""
    more = True
    while more:
        entries, more = tail.read()
        yield from entries


def _entry_to_json(entry: "LogEntry") -> list[dict[str, Any]]:
    from rnnterm.runs.events import event_to_json

    head = {"session": entry.session, "seq": entry.seq, "time": entry.time}
    return [head | event_to_json(entry.event)]


class _Teller:
    """Entries as lines for people: each stamped with its time, what belongs to it indented."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything
        self._span: float | None = None  # of training time, that of the last point
        self._at_work = False

    def lines(self, entry: "LogEntry") -> Iterator[str]:
        """What an entry has to say; often nothing."""
        from rnnterm.runs.events import Failed, Finished, Started

        stamp = f"{format_moment(entry.time)}  "
        if isinstance(entry.event, Started):
            if self._at_work:
                yield f"{stamp}the session before broke off"
            self._span = None
        self._at_work = not isinstance(entry.event, Finished | Failed)
        for line in self._said(entry.event):
            yield stamp + safe_line(line)
            stamp = _INDENT

    def _said(self, event: "Event") -> Iterator[str]:
        from rnnterm.runs import events

        match event:
            case events.Progressed():
                # By the clock, lest what is told depend on where in the log reading began.
                before, self._span = self._span, event.seconds // _SECONDS_BETWEEN_POINTS
                if self._everything or self._span != before:
                    yield _figures(event)
            case events.Validated():
                yield (
                    f"validation at step {event.step:,}: {event.val_loss:.4f} nats/char"
                    f"{' · best' if event.best else ''}"
                )
            case events.Checkpointed():
                if self._everything:
                    yield f"checkpoint of step {event.step:,}"
            case events.Used():
                if self._everything:
                    yield _usage(event)
            case events.Answered(request="stop"):
                yield f"asked to stop at step {event.step:,}"
            case events.Finished():
                losses = losses_line(event.train_loss, event.val_loss, event.best_val_loss)
                yield (
                    f"{event.reason} at step {event.step:,} after "
                    f"{format_duration(event.seconds)} of training · {losses}"
                )
            case events.Failed():
                yield f"{event.reason} at step {event.step:,}: {event.error}"
            case _:
                for line, style in news_lines(event):
                    yield f"  | {line}" if style == "cyan" else line


def _figures(event: "Progressed") -> str:
    return (
        f"{event.progress:4.0%} step {event.step:,} · train {event.train_loss:.4f} · "
        f"{format_count(event.chars_per_second)} chars/s · ETA {format_duration(event.eta)}"
    )


def _usage(event: Any) -> str:
    parts = [f"memory {format_count(event.rss)}B", f"{event.cpu:.1f} cores"]
    if event.gpu_memory is not None:
        parts.append(f"GPU memory {format_count(event.gpu_memory)}B")
    if event.gpu is not None:
        parts.append(f"GPU {event.gpu:.0%}")
    return " · ".join(parts)


def _rest_of_stderr(run: "RunFolder") -> Iterator[str]:
    """What the trainer's process and its libraries wrote."""
    from rnnterm.files import open_regular

    try:
        with open_regular(run.train_log) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST_OF_STDERR))
            said = file.read(_MOST_OF_STDERR).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:  # there is one only where a process of its own trained
        return
    except OSError as error:
        yield f"── {run.train_log.name} cannot be read: {error.strerror} ──"
        return
    rest = [line for line in said if line.strip()]
    if rest:
        yield f"── standard error of the trainer, {run.train_log.name} ──"
        yield from map(safe_line, rest)
