"""`rnnterm explore`: what a model's hidden state does while it reads a text, in one shot."""

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.options import json_option, model_names, runs_dir_option
from rnnterm.errors import UsageError

if TYPE_CHECKING:
    from rnnterm.cli.explore_page import Answer

# Each mode is an option, and a module with one function of that name: what was asked and the
# option's value make an answer.
_MODES = {"gradients": "explore_gradients"}
_OF_GRADIENTS = ("truncation", "clip", "forget_bias", "spectral_radius")
_VIEW = ("layer", "unit", "step", "show", "rng_seed", "runs_dir")
_OF_TINY = ("weight", "text", "step", "export", "as_json")


@click.command("explore")
@click.argument("model", shell_complete=model_names)
@click.option("--text", metavar="TEXT", help="What to read; - standard input, @FILE.")
@click.option("--layer", type=int, metavar="N", help="A layer, from 1 (else the last).")
@click.option(
    "--unit", type=int, metavar="N", help="A unit, from 0 (else the one that varies most)."
)
@click.option("--step", type=int, metavar="N", help="A character, from 1 (else the last).")
@click.option("--show", metavar="NAME", help="A state or gate: h, c, i, f, g, o, r, z, n (else h).")
@click.option("--gradients", is_flag=True, help="What the prediction at the step depends on.")
@click.option(
    "--truncation", type=click.IntRange(1), metavar="N",
    help="With --gradients: they go back N steps only.",
)  # fmt: skip
@click.option(
    "--clip", type=click.FloatRange(0, min_open=True), metavar="C",
    help="With --gradients: none is longer than C.",
)  # fmt: skip
@click.option(
    "--forget-bias", type=click.FloatRange(-100, 100), metavar="B",
    help="With --gradients: that of the fresh lstm.",
)  # fmt: skip
@click.option(
    "--spectral-radius", type=click.FloatRange(0, 100, min_open=True), metavar="R",
    help="With --gradients: that of the fresh networks.",
)  # fmt: skip
@click.option(
    "--weight", multiple=True, metavar="W=X", help="With tiny: such as wh12=0.5; repeatable."
)
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
    weight: tuple[str, ...],
    export: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Show what MODEL's hidden state does while it reads a text.

    MODEL is a run, a bundled model or a model file. Shown are the text tinted by one unit, all
    units over time, and of one step the equations with their numbers and what is expected next.

    tiny and tiny:reflection are built-in networks of two units that read x = 1, 2, 3 (or the
    numbers of --text): the whole computation by hand, with weights of your choice.
    """
    from rnnterm.cli.explore_page import checked_export, show_answer
    from rnnterm.cli.explore_tiny import is_tiny, tiny
    from rnnterm.cli.seed import read_seed

    export = checked_export(export)
    text = None if text is None else read_seed(text, "text")
    if is_tiny(model):
        _refuse_given(_OF_TINY, "the tiny network has no")
        answer: Answer = tiny(model, text, weight, chosen["step"])
    elif weight:
        raise UsageError("--weight edits the built-in network: explore tiny")
    else:
        answer = _answer(model, text, chosen)
    show_answer(answer, as_json=as_json, export=export, title=f"rnnterm explore {model}")


def _answer(model: str, text: str | None, chosen: dict[str, Any]) -> "Answer":
    """Ask a model the one question that was chosen."""
    from rnnterm.cli.explore_asked import ask

    details = {name: chosen.pop(name) for name in _OF_GRADIENTS}
    mode = _chosen_mode(chosen)
    if mode == "gradients":
        chosen["gradients"] = details
    elif given := [name for name, value in details.items() if value is not None]:
        raise UsageError(f"{_flag(given[0])} is part of --gradients: add it")
    if text is None:
        raise UsageError("there is no text to explore: add --text TEXT, --text @FILE or --text -")
    value = chosen[mode] if mode else None
    asked = ask(model, text, **{name: chosen[name] for name in _VIEW})
    if mode is None:
        from rnnterm.cli.explore_steps import steps

        return steps(asked)
    module = import_module(f"rnnterm.cli.{_MODES[mode]}")
    answer: Answer = getattr(module, mode)(asked, value)
    return answer


def _chosen_mode(chosen: dict[str, Any]) -> str | None:
    """The one mode that was asked for; None is the plain view of the steps."""
    modes = [name for name in _MODES if chosen[name]]
    if len(modes) > 1:
        raise UsageError(f"--{modes[0]} and --{modes[1]} are two questions: ask one at a time")
    return modes[0] if modes else None


def _refuse_given(allowed: Collection[str], why: str) -> None:
    """Raise UsageError for an option that was given but is not among the allowed."""
    context = click.get_current_context()
    for name in context.params:
        given = context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        if given and name not in ("model", "runs_dir", *allowed):
            raise UsageError(f"{why} {_flag(name)}: leave it out")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
