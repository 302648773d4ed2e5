"""`rnnterm corpus`: the bundled texts, and any text as a network sees it."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from rnnterm.cli.options import Number, Whole, json_option
from rnnterm.cli.output import emit, emit_json
from rnnterm.errors import UsageError
from rnnterm.glyphs import labelled, symbol_map, terminal_width, visible
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.text.corpus import Corpus
    from rnnterm.text.view import Baseline, WindowView


@click.group("corpus")
def command() -> None:
    """List the bundled texts; show any text as a network sees it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_command(as_json: bool) -> None:
    """List the bundled texts and series with their authors and licences."""
    from rnnterm.text.catalog import catalog

    entries = catalog().values()
    if as_json:
        hidden = ("file", "make")
        emit_json(
            [{k: v for k, v in asdict(entry).items() if k not in hidden} for entry in entries]
        )
        return
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        told = f"{entry.title}, {entry.author} ({entry.year}); {entry.licence}"
        emit("\n".join(labelled(entry.name, told, terminal_width(), label_width=width + 2)))


@command.command("show")
@click.argument("corpus")
@click.option("--lowercase", is_flag=True, help="Read the text in lower case.")
@click.option("--window", "length", default=100, show_default=True, type=Whole(1, 10**9))
@click.option("--stride", default=1, show_default=True, type=Whole(1, 10**9))
@click.option(
    "--at", "place", type=Whole(), default=0, show_default=True, help="Which window to show."
)
@click.option(
    "--val-fraction", type=Number(), default=0.1, show_default=True, help="Share for validation."
)
@click.option(
    "--test-fraction", type=Number(), default=0.0, show_default=True, help="Share for testing."
)
@json_option
def show_command(
    *,
    corpus: str,
    lowercase: bool,
    length: int,
    stride: int,
    place: int,
    val_fraction: float,
    test_fraction: float,
    as_json: bool,
) -> None:
    """Show CORPUS: its symbols and maps, a window with its target, its parts, a baseline.

    CORPUS is a file, - for standard input, or a bundled text's name.
    """
    from rnnterm.text.corpus import open_corpus
    from rnnterm.text.view import measure_baseline, view_window

    if not (val_fraction >= 0 and test_fraction >= 0 and val_fraction + test_fraction < 1):
        raise UsageError("the validation and test fractions must be at least 0 and leave some text")
    text = open_corpus(corpus, lowercase=lowercase)
    window = view_window(text, place, length, stride)
    baseline = measure_baseline(text, val_fraction, test_fraction)
    parts = text.split(val_fraction, test_fraction)
    sizes = {"train": len(parts.train), "val": len(parts.val), "test": len(parts.test)}
    if as_json:
        emit_json(
            {
                "name": text.name,
                "source": text.source,
                "sha256": text.sha256,
                "characters": len(text),
                "symbols": len(text.vocab),
                "notes": text.notes,
                "char_to_index": text.vocab.char_to_index,
                "index_to_char": list(text.vocab.symbols),
                "split": sizes,
                "window": window and asdict(window),
                "baseline": baseline and asdict(baseline) | {"bits": baseline.bits},
            }
        )
        return
    width = min(100, terminal_width())
    for line in [
        *_heading(text),
        "",
        *labelled("split", "  ".join(f"{name} {size:,}" for name, size in sizes.items()), width),
        *labelled("maps", symbol_map(text.vocab.symbols), width),
        "",
        *_window_rows(window, length, len(text.vocab), width),
        "",
        *labelled("baseline", _baseline(baseline), width),
    ]:
        emit(line)


def _heading(text: "Corpus") -> list[str]:
    from rnnterm.text.catalog import bundled_texts

    entry = bundled_texts().get(text.source)
    title = f" · {entry.title}, {entry.author} ({entry.year})" if entry else f" · {text.source}"
    counts = f"{len(text):,} characters · {len(text.vocab)} symbols · sha256 {text.sha256[:12]}…"
    return [safe_line(text.name + title), counts, *text.notes]


def _window_rows(view: "WindowView | None", length: int, symbols: int, width: int) -> list[str]:
    if view is None:
        return labelled(
            "window", f"none: the text is shorter than {length} characters and a target", width
        )
    place = f"{view.place:,} of {view.count:,}, each {view.length} characters, stride {view.stride}"
    ids = " ".join(map(str, view.ids[:10]))
    scalars = " ".join(f"{value:.3f}" for value in view.scalars[:8])
    row = view.one_hot_target
    before, after = view.target_id, symbols - view.target_id - 1
    zeros_before = ["0"] * min(before, 3) + ["…"] * (before > 3)
    zeros_after = ["0"] * min(after, 3) + ["…", "0"] * (after > 3)
    one_hot = " ".join([*zeros_before, str(row[view.target_id]), *zeros_after])
    return [
        *labelled("window", place, width),
        *labelled("  text", visible(view.text), width),
        *labelled("  indices", f"{ids} …", width),
        *labelled("  scalars", f"{scalars} …  (index / {symbols})", width),
        *labelled("  target", f"{visible(view.target)}→{view.target_id}", width),
        *labelled("  one-hot", f"[{one_hot}]  ({symbols} wide, the 1 at {view.target_id})", width),
    ]


def _baseline(baseline: "Baseline | None") -> str:
    if baseline is None:
        return "none: it needs a training and a validation part"
    return (
        f"a {baseline.order}-gram reaches {baseline.nats:.3f} nats per character "
        f"({baseline.bits:.3f} bits) on the validation part; guessing blindly costs "
        f"{baseline.uniform_nats:.3f}. A network is good where it is well below."
    )
