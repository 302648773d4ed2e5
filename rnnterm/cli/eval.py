"""`rnnterm eval`: how well a model expects a text, and how much of it it repeats."""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.diagnostics import narrate, warn
from rnnterm.cli.options import SEED, Number, Whole, json_option, runs_dir_option
from rnnterm.cli.output import emit, emit_json
from rnnterm.cli.speaker import load_speaker
from rnnterm.errors import RnntermError, UsageError

if TYPE_CHECKING:
    from rnnterm.nn.modelfile import Model
    from rnnterm.scoring.copying import Copied
    from rnnterm.scoring.evaluation import Loss
    from rnnterm.scoring.material import Material
    from rnnterm.text.view import Baseline
    from rnnterm.text.vocab import Ids

_SHOWN_OF_A_COPY = 58
_WORTH_ANNOUNCING = 100_000  # characters that take seconds to read one after another


@dataclass(frozen=True)
class _Answer:
    """All that was found out about a model."""

    name: str
    model: "Model"
    material: "Material"
    losses: "list[Loss]"
    baseline: "Baseline | None"
    sample: str
    copied: "Copied | None"

    @property
    def longest_copy(self) -> str:
        """The text of the longest run that the sample shares with the training part."""
        if self.copied is None:
            return ""
        return self.sample[self.copied.start : self.copied.start + self.copied.longest]


@click.command("eval")
@click.argument("model")
@click.option("--corpus", metavar="C", help="A file, -, or a bundled text (else the learnt one).")
@click.option(
    "--split", "part", type=click.Choice(["train", "val", "test", "all"]), default="val",
    show_default=True, help="The part to read.",
)  # fmt: skip
@click.option("--val-fraction", type=Number(), metavar="P", help="Else as in the model's recipe.")
@click.option("--test-fraction", type=Number(), metavar="P", help="Else as in the model's recipe.")
@click.option(
    "--protocol", type=click.Choice(["carried", "blocks", "both"]), default="both",
    show_default=True, help="Read on with the state carried, or random blocks from a cold start.",
)  # fmt: skip
@click.option(
    "--max-characters", default=300_000, show_default=True, type=Whole(2), metavar="N",
    help="Read so many at most with the state carried.",
)  # fmt: skip
@click.option(
    "--block-size", default=256, show_default=True, type=Whole(1), metavar="N",
    help="Characters in a block.",
)  # fmt: skip
@click.option(
    "--blocks", default=256, show_default=True, type=Whole(1), metavar="N",
    help="How many blocks.",
)  # fmt: skip
@click.option(
    "--sample-length", default=2000, show_default=True, type=Whole(0), metavar="N",
    help="Characters of a fresh sample to search for copies.",
)  # fmt: skip
@click.option(
    "--copy-length", default=20, show_default=True, type=Whole(1), metavar="N",
    help="Characters in a row that make a copy.",
)  # fmt: skip
@click.option(
    "--fail-above", type=Number(), metavar="X",
    help="Exit with 1 if the first loss is above X nats.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Fail if the model lacks a character of the text.")
@click.option(
    "--rng-seed", default=1, show_default=True, type=SEED, metavar="N",
    help="Seed of blocks and sample.",
)  # fmt: skip
@runs_dir_option
@json_option
def command(
    *,
    model: str,
    corpus: str | None,
    part: str,
    val_fraction: float | None,
    test_fraction: float | None,
    sample_length: int,
    copy_length: int,
    fail_above: float | None,
    strict: bool,
    rng_seed: int,
    runs_dir: str | None,
    as_json: bool,
    **measuring: Any,
) -> None:
    """Measure MODEL on a text: its loss, a counted baseline beside it, and what it copies.

    MODEL is a run, a bundled model or a model file. Losses are means per character.
    """
    from rnnterm.sampling.generator import sample as write
    from rnnterm.sampling.strategies import recipe_strategy
    from rnnterm.scoring.material import open_material
    from rnnterm.text.view import measure_baseline

    speaker = load_speaker(model, runs_dir)
    material = open_material(
        speaker, corpus, part=part, val_fraction=val_fraction, test_fraction=test_fraction
    )
    _tell(material, strict=strict)
    losses = _measure(speaker, material.ids, rng_seed=rng_seed, **measuring)
    baseline = None
    if part == "val":
        baseline = measure_baseline(material.corpus, material.val_fraction, material.test_fraction)
    else:
        narrate("the 5-gram beside it is measured on the val part only")
    sample = write(speaker, "", sample_length, recipe_strategy(speaker), rng_seed)
    copied = _search_copies(material, sample, copy_length)
    answer = _Answer(model, speaker, material, losses, baseline, sample, copied)
    if as_json:
        emit_json(_as_json(answer))
    else:
        emit("\n".join(_rows(answer)))
    if len(losses) > 1:
        narrate("compare carried with carried and blocks with blocks, never one with the other")
    if fail_above is not None and not losses[0].nats <= fail_above:
        raise RnntermError(
            f"the {losses[0].protocol} loss of {losses[0].nats:.4f} nats is above {fail_above:g}"
        )


def _tell(material: "Material", *, strict: bool) -> None:
    """Say what a person should know before the figures."""
    for note in material.corpus.notes:
        narrate(f"{material.corpus.name}: {note}")
    if material.was_learnt is False:
        hint = "" if material.part == "all" else "; --split all reads all of it"
        narrate(f"note: {material.corpus.name} is not the text that the model learnt from{hint}")
    if material.unknown:
        lacking = (
            f"the model does not know {material.unknown_symbols[:40]!a}, "
            f"{material.unknown:,} characters of this part"
        )
        if strict:
            raise RnntermError(f"{lacking}: leave out --strict to pass over them")
        warn(f"{lacking}: left out")


def _measure(
    model: "Model",
    ids: "Ids",
    *,
    protocol: str,
    max_characters: int,
    block_size: int,
    blocks: int,
    rng_seed: int,
) -> "list[Loss]":
    """The losses by the protocols asked for, in the order to show them."""
    from rnnterm.scoring.evaluation import blocks_loss, carried_loss, windows_loss

    if window := model.spec.window:
        if protocol != "both":
            raise UsageError(
                f"this model learnt from cold windows of {window} characters and is judged by "
                "those: leave out --protocol"
            )
        return [windows_loss(model, ids)]
    losses = []
    if protocol != "blocks":
        if len(ids) > max_characters:
            narrate(f"carried reads the first {max_characters:,} of {len(ids):,} characters")
        if min(len(ids), max_characters) > _WORTH_ANNOUNCING:
            narrate("reading one character after another; this takes a while")
        losses.append(carried_loss(model, ids[:max_characters]))
    if protocol == "both" and len(ids) <= block_size:
        narrate(f"no blocks: this part is too short for one of {block_size:,} characters")
    elif protocol != "carried":
        losses.append(blocks_loss(model, ids, block_size, blocks, rng_seed))
    return losses


def _search_copies(material: "Material", sample: str, length: int) -> "Copied | None":
    """What a sample copies from the corpus' training part, or None without one of them."""
    from rnnterm.scoring.copying import find_copies

    vocab, train = material.corpus.vocab, material.train_ids
    if not sample or len(train) == 0:
        return None
    import numpy as np

    lacking = len(vocab)  # an index that the corpus never has
    ids = np.array([vocab.char_to_index.get(char, lacking) for char in sample])
    return find_copies(ids, train, length)


def _rows(answer: _Answer) -> list[str]:
    material, baseline = answer.material, answer.baseline
    part = "all of" if material.part == "all" else f"the {material.part} part of"
    rows = [
        f"{answer.name} · {answer.model.spec.describe()} on {part} {material.corpus.name}, "
        f"{len(material.ids):,} characters",
        f"{'':<10}{'nats':>8}{'bits':>8}{'perplexity':>12}  per character",
    ]
    rows += [
        f"{loss.protocol:<10}{loss.nats:>8.4f}{loss.bits:>8.4f}{loss.perplexity:>12.3f}  "
        f"over {loss.characters:,}"
        for loss in answer.losses
    ]
    if baseline is not None:
        rows.append(
            f"{f'{baseline.order}-gram':<10}{baseline.nats:>8.4f}{baseline.bits:>8.4f}"
            f"{math.exp(baseline.nats):>12.3f}  over {baseline.val_characters:,}, by counting"
        )
    return rows + _copied_rows(answer)


def _copied_rows(answer: _Answer) -> list[str]:
    from rnnterm.glyphs import visible

    copied, text = answer.copied, answer.longest_copy
    if copied is None:
        return []
    rows = [
        f"{'copied':<10}{copied.share:>8.1%} of a sample of {len(answer.sample):,}, in runs of "
        f"{copied.min_length} or more characters"
    ]
    if text:
        more = "…" if len(text) > _SHOWN_OF_A_COPY else ""
        rows.append(f"{'longest':<10}{len(text):>8,}  {visible(text[:_SHOWN_OF_A_COPY])}{more}")
    return rows


def _as_json(answer: _Answer) -> dict[str, Any]:
    material, baseline, copied = answer.material, answer.baseline, answer.copied
    corpus = material.corpus
    return {
        "model": answer.name,
        "network": answer.model.spec.describe(),
        "corpus": {"name": corpus.name, "source": corpus.source, "sha256": corpus.sha256},
        "was_learnt": material.was_learnt,
        "split": material.part,
        "characters": len(material.ids),
        "unknown": material.unknown,
        "unknown_symbols": material.unknown_symbols,
        "losses": {
            loss.protocol: {
                "nats": loss.nats,
                "bits": loss.bits,
                "perplexity": loss.perplexity,
                "characters": loss.characters,
            }
            for loss in answer.losses
        },
        "baseline": baseline and asdict(baseline) | {"bits": baseline.bits},
        "copied": copied
        and asdict(copied) | {"text": answer.longest_copy, "sample_length": len(answer.sample)},
    }
