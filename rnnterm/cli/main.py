"""The command `rnnterm`: finds the subcommand, runs it, and turns every failure into one line."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

import click

from rnnterm import __version__
from rnnterm.cli.diagnostics import (
    DONE,
    FAILED,
    INTERRUPTED,
    WRONG_USAGE,
    hold_closed_streams,
    leave,
)
from rnnterm.cli.output import ReaderLeft, emit, stdout
from rnnterm.errors import RnntermError, is_out_of_memory

_COMMANDS = {  # a module, and what it calls the command where that is not `command`
    "train": "train",
    "runs": "runs",
    "attach": "attach",
    "log": "log",
    "pause": "requests:pause",
    "continue": "requests:go_on",
    "stop": "requests:stop",
    "checkpoint": "requests:checkpoint",
    "generate": "generate",
    "steer": "steer",
    "eval": "eval",
    "score": "score",
    "explore": "explore.command",
    "forecast": "forecast",
    "corpus": "corpus",
    "models": "models",
    "config": "config",
}


@contextmanager
def _shown() -> Iterator[None]:
    """Complain where a page of help or a version went nowhere, which click does not notice."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError as error:
        emit(error.format_message())
        raise click.exceptions.Exit(DONE) from None
    except click.exceptions.Exit:  # click ends so after it has shown one
        stdout()
        raise


class _LazyGroup(click.Group):
    """Imports a subcommand's module when it is needed, so that start-up pays for one only."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _shown():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _shown():
            return super().invoke(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"rnnterm.cli.{module}"), name or "command")
        return command


def _no_color(ctx: click.Context, option: click.Parameter, chosen: bool) -> None:
    if chosen:
        os.environ["NO_COLOR"] = "1"


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="rnnterm %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.option(
    "--no-color", is_flag=True, expose_value=False, callback=_no_color, help="Use no colours."
)
@click.option("--model", default="shakespeare", metavar="M", help="Who speaks first in the app.")
@click.pass_context
def cli(ctx: click.Context, debug: bool, model: str) -> int | None:
    """Recurrent networks in a terminal: train one on any text, generate from it.

    Without a command it opens the app: the whole pipeline on one screen.
    """
    ctx.ensure_object(dict)["debug"] = debug
    return _open_app(model) if ctx.invoked_subcommand is None else None


def _open_app(model: str) -> int:
    from rnnterm.runs.folder import runs_root
    from rnnterm.settings import read_settings
    from rnnterm.tui.launch import run_app

    return run_app(read_settings(), runs_root(), model)


def main() -> NoReturn:
    """Run the command line; ends the process with 0, 1, 2 or 130."""
    hold_closed_streams()
    # Anything may be asked to be shown; a narrow locale must not turn that into an exception.
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="replace")
    # Where a network's values run away, an error says so; numpy would add lines with our paths.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"rnnterm\.")
    settings, out = {"debug": False}, sys.stdout
    try:
        status = cli.main(prog_name="rnnterm", standalone_mode=False, obj=settings)
    except click.ClickException as error:
        leave(error.exit_code, _one_line(error))
    except (KeyboardInterrupt, click.Abort):
        leave(INTERRUPTED, "interrupted")
    except ReaderLeft:
        leave(DONE)
    except SystemExit as error:
        # click ends by itself after completing a word, and when the reader of a help page left;
        # then it has put another stream in the place of stdout.
        reader_left = sys.stdout is not out
        leave(DONE if reader_left or not isinstance(error.code, int) else error.code)
    except Exception as error:
        if settings["debug"]:
            import traceback

            traceback.print_exc()
        leave(*_told(error))
    leave(status if isinstance(status, int) else DONE)


def _told(error: Exception) -> tuple[int, str]:
    """The exit code for an error, and the line that tells of it."""
    if isinstance(error, RnntermError):
        return error.exit_code, str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return FAILED, f"{error.strerror}{where}"
    if is_out_of_memory(error):
        return FAILED, "there is not enough memory: ask for less, or close something"
    return FAILED, f"{type(error).__name__}: {error} (rnnterm --debug … shows more)"


def _one_line(error: click.ClickException) -> str:
    """click's complaint, and where to look."""
    message = error.format_message().replace("\n", " ")
    if error.exit_code == WRONG_USAGE and isinstance(error, click.UsageError) and error.ctx:
        return f"{message.rstrip('.')}: see {error.ctx.command_path} --help"
    return message
