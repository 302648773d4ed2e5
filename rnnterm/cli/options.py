"""Arguments and options that several commands share, so that each reads alike everywhere."""

import math
import shlex
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from rnnterm.runs.folder import RunFolder


class Number(click.FloatRange):
    """A number within a range; never NaN or infinity, which mean nothing anywhere."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """See click."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"it must be a finite number, not {value}", param, ctx)
        return number


class Whole(click.IntRange):
    """A whole number within a range, of at most twelve digits unless another end is given."""

    def __init__(self, least: int | None = None, most: int = 10**12) -> None:
        super().__init__(-most if least is None else least, most)


class UserPath(click.Path):
    """A path as people write it: `~` is expanded, also after `=`, where a shell leaves it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click; raises UsageError for the home of nobody."""
        from rnnterm.files import user_path

        return str(user_path(str(super().convert(value, param, ctx)))) if value else ""


SEED = click.IntRange(0)
"""A seed of randomness: a whole number of any size."""


def chosen_root(runs_dir: str | None) -> "Path":
    """The folder of runs that a command's `--runs-dir` means."""
    from pathlib import Path

    from rnnterm.runs.folder import runs_root

    return runs_root(Path(runs_dir) if runs_dir else None)


def chosen_run(name: str, runs_dir: str | None) -> "RunFolder":
    """The run that a RUN argument means; raises UsageError for none or several."""
    from rnnterm.runs.folder import find_run

    return find_run(chosen_root(runs_dir), name)


def same_runs_dir(runs_dir: str | None) -> str:
    """What to add to a command that is told to a person, so that it finds the same runs."""
    return f" --runs-dir {shlex.quote(runs_dir)}" if runs_dir else ""


def _run_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from rnnterm.errors import RnntermError
    from rnnterm.runs.folder import list_runs
    from rnnterm.terminal import safe_line

    try:
        names = [run.name for run in list_runs(chosen_root(ctx.params.get("runs_dir")))]
    except RnntermError:
        return []
    return [name for name in names if name.startswith(incomplete) and safe_line(name) == name]


def model_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The models whose names begin like a word, to complete it."""
    from rnnterm.bundled import bundled_models

    bundled = [name for name in bundled_models() if name.startswith(incomplete)]
    return bundled + _run_names(ctx, param, incomplete)


run_argument = click.argument("run", shell_complete=_run_names)
runs_argument = click.argument("runs", nargs=-1, required=True, shell_complete=_run_names)
model_option = click.option(
    "--model",
    default="shakespeare",
    show_default=True,
    metavar="M",
    shell_complete=model_names,
    help="A bundled model, a run, or a model file.",
)
seed_option = click.option(
    "--seed", default="", metavar="TEXT", help="What to continue; - standard input, @FILE."
)
runs_dir_option = click.option(
    "--runs-dir", type=UserPath(), metavar="PATH", help="Where runs live (else RNNTERM_RUNS)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
force_option = click.option("--force", is_flag=True, help="Replace a file that is there.")
