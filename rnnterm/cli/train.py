"""`rnnterm train`: learn a text."""

import signal
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rnnterm.cli.diagnostics import DONE, FAILED, INTERRUPTED, narrate, warn
from rnnterm.cli.follow import (
    DETACH,
    STOP,
    Detached,
    Interrupts,
    ask_what_to_do,
    follow,
    heard_interrupts,
    how_it_broke_off,
)
from rnnterm.cli.options import Whole, runs_dir_option, same_runs_dir
from rnnterm.cli.output import emit, emit_json
from rnnterm.cli.summary import summarize
from rnnterm.errors import RnntermError, UsageError
from rnnterm.training.signals import stop_on_signals

if TYPE_CHECKING:
    from rnnterm.runs.folder import RunFolder
    from rnnterm.runs.process import TrainerProcess
    from rnnterm.runs.reader import RunReader, RunView
    from rnnterm.training.plan import TrainingPlan
    from rnnterm.training.world import World

_F = TypeVar("_F", bound=Callable[..., Any])


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
@_setting_option(
    "--dropout", "P", "Share dropped between layers and before the output, and nowhere else."
)
@_setting_option("--time-budget", "TIME", "Train for this long, such as 75s or 10m.")
@_setting_option("--steps", "N", "Train for so many steps.")
@_setting_option("--epochs", "N", "Train for so many passes over the text.")
@_setting_option("--device", "D", "auto, cpu, cuda, cuda:N or mps.")
@_setting_option("--rng-seed", "N", "Seed of every random choice.")
@click.option("--lowercase", is_flag=True, default=None, help="Read the text in lower case.")
@click.option("--resume", is_flag=True, help="Go on with the run --name, or the latest on CORPUS.")
@click.option("--detach", is_flag=True, help="Let it train in the background; print its name.")
@click.option(
    "--nproc",
    type=Whole(1, 1024),
    default=1,
    metavar="N",
    help="Share each batch among N processes of this machine, one a GPU.",
)
@click.option("--tensorboard", is_flag=True, help="Write event files for TensorBoard, too.")
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def command(
    *,
    corpus: str | None,
    name: str | None,
    recipe: str | None,
    assignments: tuple[str, ...],
    resume: bool,
    detach: bool,
    nproc: int,
    tensorboard: bool,
    runs_dir: str | None,
    as_json: bool,
    **options: Any,
) -> int | None:
    """Learn CORPUS: a file, - for standard input, or a bundled text's name.

    The training is a process of its own, which closing the terminal does not end. Its progress goes
    to stderr, a summary to stdout. Ctrl-C asks what to do; without a terminal it stops with a
    checkpoint.
    """
    from pathlib import Path

    from rnnterm.runs.process import start_trainer
    from rnnterm.runs.reader import RunReader
    from rnnterm.training.plan import TrainingPlan
    from rnnterm.training.world import World

    world = World.from_environment()
    if world.rank:
        from rnnterm.training.worker import serve

        return DONE if serve(world, corpus) else FAILED
    begin = partial(
        TrainingPlan.begin,
        corpus,
        recipe=recipe,
        resume=resume,
        settings=_settings(assignments, options),
        name=name,
        runs=Path(runs_dir) if runs_dir else None,
        tensorboard=tensorboard,
    )
    if world.size > 1:
        if detach or nproc > 1:
            raise UsageError("torchrun has started these processes: leave --detach and --nproc out")
        return _lead(world, begin, runs_dir, as_json=as_json)
    with World(size=nproc, local_size=nproc).made_current():  # for them the recipe is fitted
        plan = begin()
    reader = RunReader(plan.folder, from_end=True)
    with heard_interrupts(signal.SIGINT, signal.SIGTERM) as interrupts:
        trainer = start_trainer(plan.to_request(), nproc, interrupts.raised)
        _tell_corpus(plan)
        try:
            view = None if detach else _follow(trainer, reader, interrupts)
        except Detached:
            view = None
    if view is None:
        _tell_detached(trainer, runs_dir, as_json=as_json)
        return None
    return _end(view, plan.folder, runs_dir, as_json=as_json)


def _tell_corpus(plan: "TrainingPlan") -> None:
    text = plan.corpus
    narrate(f"corpus {text.name} · {len(text):,} characters · {len(text.vocab)} symbols")
    for remark in text.remarks:  # the trainer opens what is whole again by then
        warn(remark)


def _lead(
    world: "World", begin: "Callable[[], TrainingPlan]", runs_dir: str | None, *, as_json: bool
) -> int | None:
    """Train in this process, which torchrun started among others; the exit code."""
    from rnnterm.cli.progress import make_display
    from rnnterm.training.exchange import leading
    from rnnterm.training.run import TrainingSession

    with leading(world):
        plan = begin()
        _tell_corpus(plan)
        session = TrainingSession(plan)
        stop_on_signals(session.stop)
        with make_display() as display:
            result = session.train(display.report)
    summarize(result, runs_dir, as_json=as_json)
    return INTERRUPTED if result.reason == "stopped" else None


def _settings(assignments: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Recipe values from `--set` and from the options that have a flag of their own."""
    from rnnterm.training.recipe import parse_setting

    settings: dict[str, Any] = dict(map(parse_setting, assignments))
    return settings | {key: value for key, value in options.items() if value is not None}


def _follow(trainer: "TrainerProcess", reader: "RunReader", interrupts: Interrupts) -> "RunView":
    """Show the training to its end; raises Detached if the person leaves it."""
    from rnnterm.cli.progress import make_display

    stopping = False

    def on_interrupt(number: int) -> None:
        nonlocal stopping
        if stopping:
            trainer.end_at_once()
            return
        choice = STOP
        if number != signal.SIGTERM:
            choice = ask_what_to_do(display, interrupts, trainer.run.name)
        if choice == DETACH:
            raise Detached
        if choice == STOP:
            stopping = True
            trainer.stop()
            narrate("stopping with a checkpoint; once more ends at once")

    with make_display() as display:
        return follow(reader, display, interrupts, on_interrupt)


def _end(view: "RunView", run: "RunFolder", runs_dir: str | None, *, as_json: bool) -> int | None:
    """Tell how the session ended; the exit code."""
    from rnnterm.runs.events import Finished
    from rnnterm.runs.result import TrainingResult

    if isinstance(view.ended, Finished):
        result = TrainingResult.of(run, view.ended)
        summarize(result, runs_dir, as_json=as_json)
        return INTERRUPTED if result.reason == "stopped" else None
    raise RnntermError(how_it_broke_off(view, run, runs_dir))


def _tell_detached(trainer: "TrainerProcess", runs_dir: str | None, *, as_json: bool) -> None:
    run = trainer.run
    where = same_runs_dir(runs_dir)
    if as_json:
        emit_json({"run": run.name, "pid": trainer.pid, "path": str(run.path)})
    else:
        emit(run.name)
    narrate(f"it trains on; watch it with: rnnterm attach {run.name}{where}")
