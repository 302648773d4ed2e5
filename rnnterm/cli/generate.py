"""`rnnterm generate`: let a model continue a text."""

import sys

import click

from rnnterm.cli.diagnostics import warn
from rnnterm.cli.output import emit_stream


@click.command("generate")
@click.option("--model", required=True, metavar="M", help="A run, a bundled model or a model file.")
@click.option(
    "--seed", default="", metavar="TEXT", help="What to continue; - reads standard input."
)
@click.option("--length", default=500, show_default=True, type=click.IntRange(0), metavar="N")
@click.option(
    "--temperature", default=0.8, show_default=True, metavar="T", help="0: the likeliest."
)
@click.option(
    "--rng-seed", type=click.IntRange(0), metavar="N", help="The same seed, the same text."
)
@click.option("--runs-dir", type=click.Path(), help="Where runs live (else RNNTERM_RUNS).")
def command(
    *,
    model: str,
    seed: str,
    length: int,
    temperature: float,
    rng_seed: int | None,
    runs_dir: str | None,
) -> None:
    """Write LENGTH characters that continue the seed, as they are made."""
    from pathlib import Path

    from rnnterm.api import load

    speaker = load(model, runs=Path(runs_dir) if runs_dir else None)
    vocab = speaker.model.vocab
    text = sys.stdin.buffer.read().decode("utf-8", "replace") if seed == "-" else seed
    unknown = vocab.unknown_in(text)
    if unknown:
        warn(f"the model does not know {unknown!a}: left out of the seed")
        text = vocab.keep_known(text)
    emit_stream(speaker.stream(text, length, temperature=temperature, rng_seed=rng_seed))
