"""`rnnterm explore`: what a model's hidden state does while it reads a text, in one shot."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.options import json_option, model_names, runs_dir_option
from rnnterm.errors import UsageError

if TYPE_CHECKING:
    from rnnterm.cli.explore_asked import Asked
    from rnnterm.cli.explore_page import Answer

# Each mode is an option, and a module with one function of that name: what was asked and the
# option's value make an answer.
_MODES: dict[str, str] = {}


@click.command("explore")
@click.argument("model", shell_complete=model_names)
@click.option(
    "--text", metavar="TEXT", help="What to read; - standard input, @FILE."
)  # fmt: skip
@click.option("--layer", type=int, metavar="N", help="A layer, from 1 (else the last).")
@click.option(
    "--unit", type=int, metavar="N", help="A unit, from 0 (else the one that varies most)."
)
@click.option("--step", type=int, metavar="N", help="A character, from 1 (else the last).")
@click.option("--show", metavar="NAME", help="A state or gate: h, c, i, f, g, o, r, z, n (else h).")
@click.option(
    "--rng-seed", type=click.IntRange(0), metavar="N", help="The same seed, the same draws."
)
@click.option("--export", metavar="FILE", help="Write FILE.svg or FILE.html instead.")
@runs_dir_option
@json_option
def command(
    *,
    model: str,
    text: str | None,
    layer: int | None,
    unit: int | None,
    step: int | None,
    show: str | None,
    rng_seed: int | None,
    export: str | None,
    runs_dir: str | None,
    as_json: bool,
    **modes: Any,
) -> None:
    """Show what MODEL's hidden state does while it reads a text.

    MODEL is a run, a bundled model or a model file. Shown are the text tinted by one unit, all
    units over time, and of one step what the model expects next.
    """
    from rnnterm.cli.explore_asked import ask
    from rnnterm.cli.explore_page import checked_export, show_answer
    from rnnterm.cli.seed import read_seed

    mode = _chosen_mode(modes)
    export = checked_export(export)
    if text is None:
        raise UsageError("there is no text to explore: add --text TEXT, --text @FILE or --text -")
    asked = ask(
        model, read_seed(text, "text"), layer=layer, unit=unit, step=step, show=show,
        rng_seed=rng_seed, runs_dir=runs_dir,
    )  # fmt: skip
    answer = _answer(asked, mode, modes)
    show_answer(answer, as_json=as_json, export=export, title=f"rnnterm explore {model}")


def _chosen_mode(modes: dict[str, Any]) -> str | None:
    """The one mode that was asked for; None is the plain view of the steps."""
    chosen = [name for name in _MODES if modes[name]]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} are two questions: ask one at a time")
    return chosen[0] if chosen else None


def _answer(asked: "Asked", mode: str | None, modes: dict[str, Any]) -> "Answer":
    if mode is None:
        from rnnterm.cli.explore_steps import steps

        return steps(asked)
    module = import_module(f"rnnterm.cli.{_MODES[mode]}")
    answer: Answer = getattr(module, mode)(asked, modes[mode])
    return answer
