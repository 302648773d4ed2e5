"""`rnnterm runs`: what is trained and what was, and the housekeeping."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rnnterm.cli.diagnostics import FAILED, narrate
from rnnterm.cli.options import (
    chosen_root,
    chosen_run,
    json_option,
    run_argument,
    runs_argument,
    runs_dir_option,
)
from rnnterm.cli.output import emit, emit_json, emit_styled
from rnnterm.errors import UsageError
from rnnterm.glyphs import terminal_width
from rnnterm.terminal import colors_allowed, is_terminal, safe_line

if TYPE_CHECKING:
    from pathlib import Path

    from rnnterm.runs.overview import RunSummary

_NARROWEST = 60  # columns of the table, at least


@click.group("runs", invoke_without_command=True)
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@click.option("--watch", is_flag=True, help="Keep the table up to date; q or Ctrl-C leaves.")
@click.pass_context
def command(ctx: click.Context, *, runs_dir: str | None, as_json: bool, watch: bool) -> None:
    """List all runs, the most recently active first.

    Losses in nats per character; the age is the time since the run last said something.
    """
    if ctx.invoked_subcommand is not None:
        if as_json or watch:
            raise UsageError(f"write --json after {ctx.invoked_subcommand}, and --watch alone")
        ctx.obj["runs_dir"] = runs_dir
        return
    from rnnterm.runs.overview import list_summaries

    root = chosen_root(runs_dir)

    def tell(summaries: Sequence["RunSummary"]) -> None:
        _tell(summaries, root, as_json=as_json, again=watch)

    if not watch:
        tell(list_summaries(root))
        return
    from rnnterm.cli.runs_watch import can_watch_on_screen, watch_changes, watch_on_screen

    if as_json or not can_watch_on_screen():
        watch_changes(lambda: list_summaries(root), tell)
    else:
        watch_on_screen(lambda: list_summaries(root), str(root), _nothing(root))


@command.command("show")
@run_argument
@runs_dir_option
@json_option
@click.pass_context
def show_command(ctx: click.Context, *, run: str, runs_dir: str | None, as_json: bool) -> None:
    """Show all about a run: how it does, what it learns, and from what."""
    from rnnterm.cli.runs_show import RunFacts, described, facts_to_json

    facts = RunFacts.of(chosen_run(run, _place(ctx, runs_dir)))
    if as_json:
        emit_json(facts_to_json(facts))
        return
    for line in described(facts, min(100, terminal_width())):
        emit(line)


@command.command("compare")
@runs_argument
@runs_dir_option
@json_option
@click.pass_context
def compare_command(
    ctx: click.Context, *, runs: tuple[str, ...], runs_dir: str | None, as_json: bool
) -> None:
    """Compare two runs or more: what differs in their recipes, and what came of it."""
    from rnnterm.cli.runs_compare import WARNING, Comparison

    place = _place(ctx, runs_dir)
    chosen = list(dict.fromkeys(chosen_run(name, place) for name in runs))
    if len(chosen) < 2:
        raise UsageError("name two runs or more to compare")
    comparison = Comparison.of(chosen)
    if as_json:
        emit_json(comparison.to_json())
    else:
        for line in comparison.lines(terminal_width()):
            emit(line)
    if not comparison.is_fair:
        narrate(WARNING)


@command.command("rename")
@run_argument
@click.argument("new")
@runs_dir_option
@click.pass_context
def rename_command(ctx: click.Context, *, run: str, new: str, runs_dir: str | None) -> None:
    """Give a run the name NEW."""
    from rnnterm.runs.housekeeping import rename_run

    found = chosen_run(run, _place(ctx, runs_dir))
    emit(f"renamed {safe_line(found.name)} to {rename_run(found, new).name}")


@command.command("delete")
@runs_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@runs_dir_option
@click.pass_context
def delete_command(
    ctx: click.Context, *, runs: tuple[str, ...], yes: bool, runs_dir: str | None
) -> int | None:
    """Delete runs with their models and checkpoints; none that is being trained."""
    from rnnterm.runs.housekeeping import check_deletable, delete_run

    place = _place(ctx, runs_dir)
    chosen = list(dict.fromkeys(chosen_run(name, place) for name in runs))
    for run in chosen:  # all or none
        check_deletable(run)
    if not yes and not _is_confirmed([run.name for run in chosen]):
        narrate("nothing was deleted")
        return FAILED
    for run in chosen:
        delete_run(run)
        emit(f"deleted {safe_line(run.name)}")
    return None


def _place(ctx: click.Context, runs_dir: str | None) -> str | None:
    """The folder of runs, which may be named before the subcommand or after it."""
    return runs_dir or ctx.obj.get("runs_dir")


def _tell(summaries: Sequence["RunSummary"], root: "Path", *, as_json: bool, again: bool) -> None:
    from rnnterm.cli.runs_table import summary_to_json, table_lines

    if as_json:
        emit_json([summary_to_json(summary) for summary in summaries])
        return
    if not summaries:
        narrate(_nothing(root))
        return
    pieces = []
    for line in table_lines(summaries, max(_NARROWEST, terminal_width())):
        pieces += [(text, style if colors_allowed() else "") for text, style in line]
        pieces.append(("\n", ""))
    if not again:  # a blank line sets one table apart from the next
        pieces.pop()
    emit_styled(pieces)


def _nothing(root: "Path") -> str:
    return f"no runs in {root} yet; begin one: rnnterm train othello --time-budget 1m"


def _is_confirmed(names: Sequence[str]) -> bool:
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise UsageError("there is no terminal to ask on: add --yes to delete without asking")
    listed = safe_line(", ".join(names))
    return click.confirm(f"delete {listed} with all checkpoints?", err=True)
