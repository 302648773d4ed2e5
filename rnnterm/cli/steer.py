"""`rnnterm steer`: generate with a hand on the wheel, by keys or by lines in a pipe."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from rnnterm.cli.options import SEED, Number, Whole, model_option, runs_dir_option, seed_option
from rnnterm.cli.output import emit
from rnnterm.cli.seed import fresh_rng_seed, known_part, read_seed
from rnnterm.cli.speaker import load_speaker
from rnnterm.cli.steer_lines import MOST_AT_ONCE, Verbs, obey_lines
from rnnterm.errors import UsageError
from rnnterm.terminal import can_style, is_terminal

STDIN = "-"


@click.command("steer")
@model_option
@seed_option
@click.option(
    "--temperature", type=Number(), default=0.8, show_default=True, metavar="T",
    help="0: the likeliest.",
)  # fmt: skip
@click.option("--rng-seed", type=SEED, metavar="N", help="The same seed, the same choices.")
@click.option(
    "--top",
    default=9,
    show_default=True,
    type=Whole(1),
    metavar="N",
    help="Candidates to show.",
)
@click.option(
    "--length",
    default=40,
    show_default=True,
    type=Whole(1, MOST_AT_ONCE),
    metavar="N",
    help="Characters that the model writes when told to go on.",
)
@click.option("--json", "as_json", is_flag=True, help="Read commands, answer each with an object.")
@runs_dir_option
def command(
    *,
    model: str,
    seed: str,
    temperature: float,
    rng_seed: int | None,
    top: int,
    length: int,
    as_json: bool,
    runs_dir: str | None,
) -> None:
    """Generate with a hand on the wheel: see what may come next, pick, step back, branch.

    On a terminal every move is a key; ? shows them all. Without one, or with --json, commands are
    read from standard input, one a line:

    \b
      pick C           write a character: itself, space, newline, tab, or #2 for candidate 2
      type TEXT        write the rest of the line
      sample           let the model choose one character
      run [N]          let the model write N characters
      back [N]         step back        forward [N]  along the branch used last
      undo             back to where the last move began        redo  and forward again
      branches         what was written from here        turn [N]  choose the Nth of them
      candidates [N]   what may come next, the model's probability, and the chance at T
      temperature [T]  ask or set it
      text             the seed and all that was written up to here
      save PATH        the same in a new file
      quit
    """

    from rnnterm.sampling.steering import Steering
    from rnnterm.sampling.strategies import Strategy

    strategy = Strategy(temperature)
    on_screen = not as_json and _is_on_screen(seed)
    if seed == STDIN and not on_screen:
        raise UsageError("standard input cannot hold both seed and commands: use --seed @FILE")
    speaker = load_speaker(model, runs_dir)
    text = known_part(read_seed(seed), speaker.vocab, strict=False, quiet=False)
    chosen = fresh_rng_seed() if rng_seed is None else rng_seed
    steering = Steering(speaker, text, strategy, chosen)
    if not on_screen:
        obey_lines(Verbs(steering, top, length), as_json=as_json)
        return
    from rnnterm.cli.steer_screen import steer_on_screen
    from rnnterm.cli.steer_view import Page

    with _key_terminal(seed) as descriptor:
        steer_on_screen(
            steering, Page(f"{model} · {speaker.spec.describe()}", top, length), descriptor
        )
    emit(steering.text())


def _is_on_screen(seed: str) -> bool:
    """Whether a person is there, with a terminal to look at and one to type on."""
    if seed == STDIN:  # then the keys come from the terminal itself
        return can_style(sys.stdout)
    return is_terminal(sys.stdin) and can_style(sys.stdout)


@contextmanager
def _key_terminal(seed: str) -> Iterator[int]:
    """The terminal that keys come from: standard input, unless that was the seed."""
    if seed != STDIN:
        yield sys.stdin.fileno()
        return
    try:
        descriptor = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        raise UsageError("there is no terminal to read keys from: write the seed") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)
