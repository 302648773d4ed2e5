"""`rnnterm pause`, `continue`, `stop` and `checkpoint`: asking a trainer at work."""

from typing import TYPE_CHECKING

import click

from rnnterm.cli.diagnostics import INTERRUPTED, narrate
from rnnterm.cli.options import (
    chosen_run,
    json_option,
    run_argument,
    runs_dir_option,
    same_runs_dir,
)
from rnnterm.cli.output import emit, emit_json
from rnnterm.errors import RnntermError
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.runs.events import Event
    from rnnterm.runs.folder import RunFolder


@click.command("pause")
@run_argument
@runs_dir_option
@json_option
def pause(*, run: str, runs_dir: str | None, as_json: bool) -> int | None:
    """Let a run rest; it keeps its memory, and goes on where it was."""
    return _request("pause", run, runs_dir, as_json=as_json)


@click.command("continue")
@run_argument
@runs_dir_option
@json_option
def go_on(*, run: str, runs_dir: str | None, as_json: bool) -> int | None:
    """Let a paused run go on."""
    return _request("continue", run, runs_dir, as_json=as_json)


@click.command("stop")
@run_argument
@runs_dir_option
@json_option
def stop(*, run: str, runs_dir: str | None, as_json: bool) -> int | None:
    """End a run with a checkpoint, from which it can be resumed."""
    return _request("stop", run, runs_dir, as_json=as_json)


@click.command("checkpoint")
@run_argument
@runs_dir_option
@json_option
def checkpoint(*, run: str, runs_dir: str | None, as_json: bool) -> int | None:
    """Let a run save all that it has learnt so far, and train on."""
    return _request("checkpoint", run, runs_dir, as_json=as_json)


def _request(verb: str, run: str, runs_dir: str | None, *, as_json: bool) -> int | None:
    """Ask, wait for the answer and tell it; the exit code."""
    from rnnterm.runs.control import ask

    folder = chosen_run(run, runs_dir)
    try:
        answer = ask(folder, verb)
    except KeyboardInterrupt:
        narrate(f"interrupted; the request stands: {folder.name} will {verb} all the same")
        return INTERRUPTED
    _tell(verb, folder, answer, runs_dir, as_json=as_json)
    return None


def _tell(
    verb: str, run: "RunFolder", answer: "Event", runs_dir: str | None, *, as_json: bool
) -> None:
    from rnnterm.runs.events import Failed, Finished

    if isinstance(answer, Failed):
        raise RnntermError(answer.error)
    ended = answer.reason if isinstance(answer, Finished) else None
    if as_json:
        emit_json({"run": run.name, "request": verb, "step": answer.step, "ended": ended})
    else:
        done = {"pause": "paused", "continue": "continued", "checkpoint": "saved"}
        emit(safe_line(f"{ended or done[verb]} {run.name} at step {answer.step:,}"))
    if ended == "stopped":
        where = same_runs_dir(runs_dir)
        narrate(f"go on with: rnnterm train --resume --name {run.name}{where}")
