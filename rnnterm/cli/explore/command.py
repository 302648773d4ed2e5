"""`rnnterm explore`: what a model's hidden state does while it reads a text, in one shot."""

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from rnnterm.bundled import TINY
from rnnterm.cli.diagnostics import warn
from rnnterm.cli.options import (
    SEED,
    Number,
    UserPath,
    Whole,
    chosen_root,
    force_option,
    json_option,
    model_names,
    runs_dir_option,
)
from rnnterm.errors import UsageError
from rnnterm.threads import import_numpy_with_one_thread

if TYPE_CHECKING:
    from rnnterm.cli.explore.page import Answer

# Each mode is an option, and a module of this folder with one function of the same name: what
# was asked, the option's value and the values of these others make an answer.
_MODES: dict[str, tuple[str, ...]] = {
    "find": ("top",),
    "saturation": (),
    "match": ("threshold", "open_ended", "corpus", "corpus_threshold", "characters", "top"),
    "clamp": ("corpus", "length", "temperature"),
    "gradients": ("likeliest", "beside", "truncation", "clip", "forget_bias", "spectral_radius"),
    "compare": ("top",),
}
_VIEW = ("layer", "unit", "step", "show", "rng_seed")
# Which of those an answer depends on; `steps` is the plain view.
_LOOKS_AT: dict[str, tuple[str, ...]] = {
    "steps": ("layer", "unit", "step", "show"),
    "find": ("layer", "show", "rng_seed"),
    "saturation": ("layer",),
    "match": ("layer", "show"),
    "clamp": ("layer", "rng_seed"),
    "gradients": ("layer", "step", "rng_seed"),
    "compare": (),
}
_OF_SERIES = ("series", "column", "date_column", "missing", "at", "values", "network")
_OF_FORECASTER = (*_OF_SERIES, "unit", "step", "show", "saturation", "export", "force", "as_json")
_OF_TINY = ("weight", "text", "step", "export", "force", "as_json")


@click.command("explore")
@click.argument("model", shell_complete=model_names)
@click.option("--text", metavar="TEXT", help="What to read; - standard input, @FILE.")
@click.option(
    "--series", metavar="S",
    help="Of a forecaster: sine, sunspots, a CSV file, or - (else the learnt one).",
)  # fmt: skip
@click.option("--column", metavar="C", help="Of a CSV file: the column of the values.")
@click.option("--date-column", metavar="C", help="Of a CSV file: that of the dates, or none.")
@click.option(
    "--missing", multiple=True, metavar="TEXT",
    help="Of a CSV file: a missing value, such as nan; repeatable.",
)  # fmt: skip
@click.option(
    "--at", metavar="WHEN",
    help="Of a forecaster: the forecast to look at (else the one beyond the end).",
)  # fmt: skip
@click.option(
    "--values", type=Whole(), metavar="N",
    help="Of a forecaster: read N values before it (else as many as it does itself).",
)  # fmt: skip
@click.option(
    "--network", type=Whole(), metavar="N", help="Of a forecaster: one of its networks, from 1."
)
@click.option("--layer", type=Whole(), metavar="N", help="A layer, from 1 (else the last).")
@click.option(
    "--unit", type=Whole(), metavar="N", help="A unit, from 0 (else the one that varies most)."
)
@click.option("--step", type=Whole(), metavar="N", help="A step, from 1 (else the last).")
@click.option("--show", metavar="NAME", help="A state or gate: h, c, i, f, g, o, r, z, n (else h).")
@click.option(
    "--find", metavar="FEATURE",
    help="The units that follow a feature of the text, or /PATTERN/; list names them.",
)  # fmt: skip
@click.option("--saturation", is_flag=True, help="How often gates are shut or wide open.")
@click.option(
    "--match", metavar="FIRST:LAST",
    help="Where else in a corpus the units that mark these characters are on.",
)  # fmt: skip
@click.option(
    "--threshold",
    type=Number(),
    metavar="T",
    help="With --match: above it a unit is on (else 0.3).",
)
@click.option(
    "--open-ended", is_flag=True, default=None,
    help="With --match: units may be on beside the characters, too.",
)  # fmt: skip
@click.option(
    "--corpus-threshold", type=Number(), metavar="T", help="With --match: that in the corpus."
)
@click.option(
    "--characters", type=Whole(1), metavar="N",
    help="With --match: search so many at most (else 2,000,000).",
)  # fmt: skip
@click.option(
    "--clamp", multiple=True, metavar="CHANGE",
    help="Write on with units changed: 73=0.5, 73=off, 73*2, 73+1, c:73=1; repeatable.",
)  # fmt: skip
@click.option(
    "--length", type=Whole(1, 100_000), metavar="N",
    help="With --clamp: write so many characters (else 400).",
)  # fmt: skip
@click.option(
    "--temperature", type=Number(), metavar="T", help="With --clamp: else as generate has it."
)
@click.option(
    "--corpus", metavar="C",
    help="With --match and --clamp: a file, -, or a bundled text (else the learnt one).",
)  # fmt: skip
@click.option("--compare", metavar="OTHER", help="The text as another model expects it.")
@click.option(
    "--top", type=Whole(1, 1000), metavar="N",
    help="With --find, --match and --compare: list so many (else 10).",
)  # fmt: skip
@click.option("--gradients", is_flag=True, help="What the prediction at the step depends on.")
@click.option(
    "--likeliest", is_flag=True, default=None,
    help="With --gradients: predict what is likeliest, not what came.",
)  # fmt: skip
@click.option(
    "--beside", multiple=True, metavar="OTHER", shell_complete=model_names,
    help="With --gradients: another model's curve too; repeatable.",
)  # fmt: skip
@click.option(
    "--truncation", type=Whole(1), metavar="N",
    help="With --gradients: they go back N steps only.",
)  # fmt: skip
@click.option(
    "--clip", type=Number(0, min_open=True), metavar="C",
    help="With --gradients: none is longer than C.",
)  # fmt: skip
@click.option(
    "--forget-bias", type=Number(-100, 100), metavar="B",
    help="With --gradients: that of the fresh lstm.",
)  # fmt: skip
@click.option(
    "--spectral-radius", type=Number(0, 100, min_open=True), metavar="R",
    help="With --gradients: that of the fresh networks.",
)  # fmt: skip
@click.option(
    "--weight", multiple=True, metavar="W=X", help="With tiny: such as wh12=0.5; repeatable."
)
@click.option("--rng-seed", type=SEED, metavar="N", help="The same seed, the same draws.")
@click.option(
    "--export", type=UserPath(), metavar="FILE", help="Write FILE.svg or FILE.html instead."
)
@force_option
@runs_dir_option
@json_option
def command(
    *,
    model: str,
    text: str | None,
    weight: tuple[str, ...],
    export: str | None,
    force: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Show what MODEL's hidden state does while it reads a text.

    MODEL is a run, a bundled model or a model file. Shown are the text tinted by one unit, all
    units over time, and of one step the equations with their numbers and what is expected next.

    A forecaster that `rnnterm forecast --save` kept reads values of a series in the place of
    characters, and forecasts the next one.

    tiny and tiny:reflection are built-in networks of two units that read x = 1, 2, 3 (or the
    numbers of --text): the whole computation by hand, with weights of your choice.
    """
    import_numpy_with_one_thread()
    from rnnterm.cli.explore.forecaster import explore_forecaster, kept_forecaster
    from rnnterm.cli.explore.page import checked_export, show_answer
    from rnnterm.cli.explore.tiny import is_tiny, tiny
    from rnnterm.cli.seed import read_seed
    from rnnterm.runs.models import hidden_run

    target = checked_export(export, force=force)
    if is_tiny(model):
        _refuse_given(_OF_TINY, "the tiny network has no")
        text = None if text is None else read_seed(text, "text")
        if remark := hidden_run(TINY, chosen_root(chosen["runs_dir"])):
            warn(remark)
        answer: Answer = tiny(model, text, weight, chosen["step"])
    elif weight:
        raise UsageError("--weight edits the built-in network: explore tiny")
    elif (forecaster := kept_forecaster(model)) is not None:
        _refuse_given(_OF_FORECASTER, "a forecaster reads a series, value by value, and has no")
        answer = explore_forecaster(model, forecaster, chosen)
    else:
        for name in _OF_SERIES:
            if chosen[name] not in (None, ()):
                raise UsageError(f"{_flag(name)} is for forecasters, {model} reads a text")
        answer = _answer(model, None if text is None else read_seed(text, "text"), chosen)
    show_answer(answer, as_json=as_json, export=target, title=f"rnnterm explore {model}")


def _answer(model: str, text: str | None, chosen: dict[str, Any]) -> "Answer":
    """Ask a model the one question that was chosen."""
    from rnnterm.cli.explore.asked import ask

    mode = _chosen_mode(chosen)
    if mode == "find" and chosen["find"] == "list":
        from rnnterm.cli.explore.find import Listing

        return Listing()
    if text is None:
        raise UsageError("there is no text to explore: add --text TEXT, --text @FILE or --text -")
    view = {name: chosen[name] for name in _VIEW}
    asked = ask(model, text, runs_dir=chosen["runs_dir"], **view)
    if mode is None:
        from rnnterm.cli.explore.steps import steps

        return steps(asked)
    given = {name: chosen[name] for name in (mode, *_MODES[mode])}
    answer: Answer = getattr(import_module(f"rnnterm.cli.explore.{mode}"), mode)(asked, given)
    return answer


def _chosen_mode(chosen: dict[str, Any]) -> str | None:
    """The one mode that was asked for; None is the plain view of the steps."""
    modes = [name for name in _MODES if chosen[name] not in (None, False, ())]
    if len(modes) > 1:
        raise UsageError(f"--{modes[0]} and --{modes[1]} are two questions: ask one at a time")
    mode = modes[0] if modes else None
    for name in dict.fromkeys(name for names in _MODES.values() for name in names):
        if chosen[name] not in (None, ()) and (mode is None or name not in _MODES[mode]):
            modes_of = " or ".join(f"--{one}" for one, names in _MODES.items() if name in names)
            raise UsageError(f"{_flag(name)} is part of {modes_of}: add it, or leave it out")
    for name in _VIEW:
        if chosen[name] is not None and name not in _LOOKS_AT[mode or "steps"]:
            view = f"--{mode}" if mode else "the view of the steps"
            raise UsageError(f"{view} does not depend on {_flag(name)}: leave it out")
    return mode


def _refuse_given(allowed: Collection[str], why: str) -> None:
    """Raise UsageError for an option that was given but is not among the allowed."""
    context = click.get_current_context()
    for name in context.params:
        given = context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        if given and name not in ("model", "runs_dir", *allowed):
            raise UsageError(f"{why} {_flag(name)}: leave it out")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
