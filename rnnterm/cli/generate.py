"""`rnnterm generate`: let a model continue a text."""

import math
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.diagnostics import narrate, warn
from rnnterm.cli.options import SEED, Number, Whole, model_option, runs_dir_option, seed_option
from rnnterm.cli.output import emit_json, emit_raw, emit_stream, emit_styled
from rnnterm.cli.seed import fresh_rng_seed, known_part, read_seed
from rnnterm.cli.speaker import load_speaker
from rnnterm.cli.tint import tint_of
from rnnterm.errors import UsageError
from rnnterm.quantities import format_count
from rnnterm.terminal import can_style, colors_allowed, is_terminal

if TYPE_CHECKING:
    from rnnterm.nn.modelfile import Model
    from rnnterm.sampling.strategies import Strategy
    from rnnterm.sampling.writing import Piece, Writing


_TEMPERATURE = 0.8


_CHOICES = ("temperature", "top_k", "top_p", "min_p", "greedy", "repetition_penalty")
_COMBINATIONS = (
    ("beam", (*_CHOICES, "samples", "device"), "takes no chances and has one result"),
    ("json", ("raw", "color"), "has a form of its own"),
    ("color", ("raw", "samples"), "tints one text on a terminal"),
)


@dataclass(frozen=True)
class _Options:
    """The command's options but for those that name the model, the seed and where runs live."""

    length: int
    temperature: float | None
    top_k: int
    top_p: float
    min_p: float
    greedy: bool
    repetition_penalty: float
    beam: int | None
    stops: tuple[str, ...]
    stop_loops: bool
    samples: int
    device: str | None
    json: bool
    log_probabilities: bool
    raw: bool
    color: bool
    verbose: bool
    quiet: bool
    strict: bool


@click.command("generate")
@model_option
@seed_option
@click.option("--length", default=500, show_default=True, type=Whole(0, 10**9), metavar="N")
@click.option(
    "--temperature", type=Number(), metavar="T",
    help="Below 1 bolder, above 1 wilder (else the recipe's, mostly 0.8).",
)  # fmt: skip
@click.option(
    "--top-k", type=Whole(), default=0, metavar="K", help="Only the K likeliest characters."
)
@click.option(
    "--top-p", type=Number(), default=1.0, metavar="P", help="Only the likeliest that make up P."
)
@click.option(
    "--min-p",
    type=Number(),
    default=0.0,
    metavar="P",
    help="Only those P times as likely as the first.",
)
@click.option("--greedy", is_flag=True, help="Always the likeliest character.")
@click.option(
    "--repetition-penalty", type=Number(), default=1.0, metavar="R", help="Above 1: repeat less."
)
@click.option("--beam", type=Whole(1, 1000), metavar="W", help="Search the likeliest text.")
@click.option("--stop", "stops", multiple=True, metavar="TEXT", help="End before this text.")
@click.option("--stop-loops", is_flag=True, help="End when the text goes round in a loop.")
@click.option("--samples", default=1, type=Whole(1, 100_000), metavar="N", help="So many at once.")
@click.option("--rng-seed", type=SEED, metavar="N", help="The same seed, the same text.")
@click.option("--device", metavar="D", help="Run on torch: cuda, cuda:N, mps or cpu.")
@click.option("--json", is_flag=True, help="One JSON object a sample.")
@click.option("--log-probabilities", is_flag=True, help="With --json: each character's, in nats.")
@click.option("--raw", is_flag=True, help="Every byte as it is, controls too.")
@click.option("--color", is_flag=True, help="Tint each character by its probability.")
@click.option("-v", "--verbose", is_flag=True, help="Tell times and speed on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="No warnings.")
@click.option("--strict", is_flag=True, help="Unknown characters in the seed are an error.")
@runs_dir_option
def command(
    *,
    model: str,
    seed: str,
    rng_seed: int | None,
    runs_dir: str | None,
    **given: Any,
) -> None:
    """Write characters that continue the seed, as they are made.

    Text alone goes to stdout. Several samples stand with a blank line between them.
    """
    from rnnterm.sampling.writing import Writing, write_beam

    _refuse_combinations(click.get_current_context())
    options = _Options(**given)
    watch = _Watch()
    speaker = load_speaker(model, runs_dir)
    watch.loaded()
    strategy = _strategy(options, speaker)
    seed = known_part(read_seed(seed), speaker.vocab, strict=options.strict, quiet=options.quiet)
    rng_seed = fresh_rng_seed() if rng_seed is None else rng_seed
    stops = _stops(speaker, options)
    writings = [Writing(options.length, stops) for _ in range(options.samples)]
    if options.beam:
        pieces = write_beam(
            speaker, seed, options.beam, writings[0], ends_at_loops=options.stop_loops
        )
    else:
        pieces = _write(
            model=speaker,
            seed=seed,
            strategy=strategy,
            rng_seed=rng_seed,
            writings=writings,
            options=options,
        )
    _show(watch.over(pieces), writings, options)
    if options.json:
        shared = {"seed": seed, "rng_seed": rng_seed, "model": model}
        for number, writing in enumerate(writings):
            emit_json(shared | _described(number, writing, watch, options))
    if options.verbose:
        narrate(watch.report(writings))


def _refuse_combinations(ctx: click.Context) -> None:
    """Raise UsageError for options that would have no effect beside another."""

    def given(name: str) -> bool:
        return ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT

    for name, others, reason in _COMBINATIONS:
        chosen = [other for other in others if given(other)]
        if given(name) and chosen:
            flags = [f"--{part.replace('_', '-')}" for part in (name, *chosen)]
            raise UsageError(f"{flags[0]} {reason}: leave out {' and '.join(flags[1:])}")
    if given("log_probabilities") and not given("json"):
        raise UsageError("--log-probabilities is part of the JSON answer: add --json")


def _stops(model: "Model", options: _Options) -> tuple[str, ...]:
    from rnnterm.sampling.writing import fold_stops

    stops, unknown = fold_stops(options.stops, model.vocab)
    if unknown:
        message = f"the model never writes {unknown!a}, which a stop text holds"
        if options.strict:
            raise UsageError(f"{message}: it would never end there")
        if not options.quiet:
            warn(message)
    return stops


def _strategy(options: _Options, model: "Model") -> "Strategy":
    from rnnterm.sampling.strategies import recipe_strategy

    return recipe_strategy(
        model,
        0.0 if options.greedy else options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        repetition_penalty=options.repetition_penalty,
    )


def _write(
    *,
    model: "Model",
    seed: str,
    strategy: "Strategy",
    rng_seed: int,
    writings: "list[Writing]",
    options: _Options,
) -> "Iterator[Piece]":
    from rnnterm.sampling.writing import write

    network = None
    if options.device:
        from rnnterm.training.torch_reader import TorchReader

        network = TorchReader(model, options.device)
    return write(
        model,
        seed,
        strategy,
        rng_seed,
        writings,
        scored=options.json or options.color,
        ends_at_loops=options.stop_loops,
        network=network,
    )


def _show(pieces: "Iterable[Piece]", writings: "list[Writing]", options: _Options) -> None:
    """Let the samples grow; one that is for people or a pipe is shown as it does."""
    if options.json or len(writings) > 1:
        for _ in pieces:
            pass
        if not options.json:
            together = "\n\n".join(writing.text for writing in writings)
            ending = "" if is_terminal(sys.stdout) and not options.raw else "\n"
            (emit_raw if options.raw else emit_stream)([together + ending])
    elif options.raw:
        emit_raw(piece.text for piece in pieces)
    elif options.color and can_style(sys.stdout) and colors_allowed():
        emit_styled(
            (char, tint_of(math.exp(log_probability)))
            for piece in pieces
            for char, log_probability in zip(piece.text, piece.log_probabilities, strict=True)
        )
    else:
        emit_stream(piece.text for piece in pieces)


def _described(
    number: int, writing: "Writing", watch: "_Watch", options: _Options
) -> dict[str, Any]:
    described = {
        "sample": number,
        "text": writing.text,
        "mean_log_probability": _rounded(writing.mean_log_probability),
        "chars_per_second": watch.characters / watch.seconds if watch.seconds else None,
        "done_reason": writing.done_reason,
    }
    if options.log_probabilities:
        scored = writing.log_probabilities[: len(writing.characters)]
        described["log_probabilities"] = [_rounded(one) for one in scored]
    return described


def _rounded(nats: float | None) -> float | None:
    """Four decimals: the next ones depend on how many samples were computed together."""
    return None if nats is None else round(nats, 4)


class _Watch:
    """Times of one call, in seconds: loading, the first character, all of them."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._loaded = self._first = self._begun
        self.seconds = 0.0
        self.characters = 0

    def loaded(self) -> None:
        """The model is there."""
        self._loaded = time.perf_counter()

    def over(self, pieces: "Iterable[Piece]") -> "Iterator[Piece]":
        """The same pieces, counted."""
        begun = time.perf_counter()
        for piece in pieces:
            if not self.characters:
                self._first = time.perf_counter()
            self.characters += len(piece.text)
            yield piece
        self.seconds = time.perf_counter() - begun

    def report(self, writings: "list[Writing]") -> str:
        """One line for a person."""
        parts = [f"model loaded in {1000 * (self._loaded - self._begun):.0f} ms"]
        if self.characters:
            parts.append(f"first character after {1000 * (self._first - self._begun):.0f} ms")
            parts.append(f"{format_count(self.characters / self.seconds)} chars/s")
        reasons = dict.fromkeys(str(writing.done_reason) for writing in writings)
        return " · ".join([*parts, f"done: {'; '.join(reasons)}"])
