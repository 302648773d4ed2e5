"""`rnnterm train`: learn a text."""

import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rnnterm.cli.diagnostics import DONE, FAILED, INTERRUPTED, narrate, narrate_from_signal
from rnnterm.cli.options import runs_dir_option
from rnnterm.cli.output import emit, emit_json
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.training.run import TrainingResult, TrainingSession
    from rnnterm.training.world import World


_F = TypeVar("_F", bound=Callable[..., Any])
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _setting_option(flag: str, metavar: str, explanation: str) -> Callable[[_F], _F]:
    """An option for a recipe value; the recipe reads and checks the text."""
    return click.option(flag, metavar=metavar, help=explanation)


@click.command("train")
@click.argument("corpus", required=False)
@click.option("--name", metavar="RUN", help="What to call the run (else a name is made up).")
@click.option("--recipe", metavar="R", help="fast (default), tutorial, or a TOML file.")
@click.option("--set", "assignments", metavar="KEY=VALUE", multiple=True, help="Any recipe value.")
@_setting_option("--cell", "CELL", "lstm, gru or rnn.")
@_setting_option("--hidden-size", "N", "Units in each layer.")
@_setting_option("--num-layers", "N", "Recurrent layers.")
@_setting_option("--dropout", "P", "Share dropped between layers and before the output.")
@_setting_option("--time-budget", "TIME", "Train for this long, such as 75s or 10m.")
@_setting_option("--steps", "N", "Train for so many steps.")
@_setting_option("--epochs", "N", "Train for so many passes over the text.")
@_setting_option("--device", "D", "auto, cpu, cuda, cuda:N or mps.")
@_setting_option("--rng-seed", "N", "Seed of every random choice.")
@click.option("--lowercase", is_flag=True, default=None, help="Read the text in lower case.")
@click.option("--resume", is_flag=True, help="Go on with the run --name, or the latest on CORPUS.")
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def command(
    *,
    corpus: str | None,
    name: str | None,
    recipe: str | None,
    assignments: tuple[str, ...],
    resume: bool,
    runs_dir: str | None,
    as_json: bool,
    **options: Any,
) -> int | None:
    """Learn CORPUS: a file, - for standard input, or a bundled text's name.

    Progress goes to stderr, a summary to stdout. Ctrl-C stops with a checkpoint.
    """
    from pathlib import Path

    from rnnterm.cli.progress import make_progress
    from rnnterm.training.run import TrainingSession
    from rnnterm.training.world import World

    world = World.from_environment()
    if world.rank:
        from rnnterm.training.worker import serve

        return DONE if serve(world, corpus) else FAILED
    settings = _settings(assignments, options)
    runs = Path(runs_dir) if runs_dir else None
    with _leading(world):
        session = TrainingSession.begin(
            corpus, recipe=recipe, resume=resume, settings=settings, name=name, runs=runs
        )
        text = session.corpus
        narrate(f"corpus {text.name} · {len(text):,} characters · {len(text.vocab)} symbols")
        with _stopping_on_signals(session), make_progress() as report:
            result = session.train(report)
    _summarize(result, runs_dir, as_json=as_json)
    return INTERRUPTED if result.reason == "stopped" else None


def _leading(world: "World") -> AbstractContextManager[None]:
    """Where torchrun started several processes: they train this run with us, who lead."""
    if world.size == 1:
        return nullcontext()
    from rnnterm.training.exchange import leading

    return leading(world)


def _settings(assignments: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Recipe values from `--set` and from the options that have a flag of their own."""
    from rnnterm.training.recipe import parse_setting

    settings: dict[str, Any] = dict(map(parse_setting, assignments))
    return settings | {key: value for key, value in options.items() if value is not None}


@contextmanager
def _stopping_on_signals(session: "TrainingSession") -> Iterator[None]:
    """The first signal asks for a checkpoint and an end; the second ends at once.

    A signal that was ignored before, as under nohup, stays so.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        for heard_again in heard:
            signal.signal(heard_again, signal.default_int_handler)
        session.stop()
        narrate_from_signal("stopping with a checkpoint; once more ends at once")

    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _summarize(result: "TrainingResult", runs_dir: str | None, *, as_json: bool) -> None:
    if as_json:
        emit_json(asdict(result) | {"model": str(result.model)})
    else:
        emit("\n".join(_summary_lines(result)))
    if result.val_loss and result.best_val_loss and result.val_loss > 1.05 * result.best_val_loss:
        narrate(
            "it went on to learn the text by heart; the best point is kept, and --dropout 0.3, "
            "a smaller --hidden-size or less time would have done"
        )
    where = f" --runs-dir {shlex.quote(runs_dir)}" if runs_dir else ""
    if result.reason == "stopped":
        narrate(f"stopped early; go on with: rnnterm train --resume --name {result.run}{where}")
    else:
        narrate(f'now try: rnnterm generate --model {result.run}{where} --seed "…"')


def _summary_lines(result: "TrainingResult") -> list[str]:
    losses = [
        f"{label} {loss:.4f}"
        for label, loss in (
            ("train", result.train_loss),
            ("val", result.val_loss),
            ("best", result.best_val_loss),
        )
        if loss is not None
    ]
    bits = f" ({result.bits_per_char:.3f} bits)" if result.bits_per_char else ""
    return [
        f"run    {result.run} {result.reason}: {result.steps:,} steps in "
        f"{format_duration(result.seconds)}, {format_count(result.chars_per_second)} chars/s",
        f"loss   {' · '.join(losses)} nats/char{bits}",
        f"model  {safe_line(str(result.model))}",
    ]
