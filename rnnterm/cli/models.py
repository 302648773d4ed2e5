"""`rnnterm models`: what models there are, what is in one, and the way to other programs."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.options import UserPath, force_option, json_option, runs_dir_option
from rnnterm.cli.output import emit, emit_json
from rnnterm.cli.speaker import load_speaker, warn_of_fallback
from rnnterm.cli.table import assignments, column_widths, table_row
from rnnterm.cli.writing import writable, write_told
from rnnterm.errors import UsageError
from rnnterm.glyphs import labelled, symbol_map, terminal_width
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from pathlib import Path

    from rnnterm.nn.modelfile import Model
    from rnnterm.runs.models import ModelSummary

_FORMATS = {".safetensors": "safetensors", ".onnx": "onnx", ".npz": "keras"}
_HEADINGS = ("name", "kind", "network", "corpus", "recipe", "step", "nats", "size")
_SHRINKING = ("corpus", "recipe", "name")  # texts of any length; what one types gives way last
_FIGURES = ("step", "nats", "size")


@click.group("models")
def command() -> None:
    """List and show trained models; export them to other programs."""


@command.command("list")
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_command(*, runs_dir: str | None, as_json: bool) -> None:
    """List every model.

    Bundled ones and those of all runs, the lowest validation loss first (nats per character).
    """
    from rnnterm.runs.models import list_models

    summaries = list_models(_path(runs_dir))
    if as_json:
        emit_json([_as_plain(summary) for summary in summaries])
        return
    if not summaries:
        narrate("no models yet; make one: rnnterm train othello --name moor --time-budget 1m")
        return
    for line in _table(summaries, max(60, terminal_width())):
        emit(line)


@command.command("show")
@click.argument("name")
@runs_dir_option
@json_option
def show_command(*, name: str, runs_dir: str | None, as_json: bool) -> None:
    """Show all about a model.

    Its network, its symbols, and how it was trained. NAME is a run's or its beginning, a bundled
    model's, or a .safetensors file.
    """
    from rnnterm.nn.modelfile import describe_model, load_model
    from rnnterm.runs.models import locate_model, summarize_model

    found = locate_model(name, _path(runs_dir))
    warn_of_fallback(found)
    model = load_model(found.path)
    summary = summarize_model(found, model)
    if as_json:
        described = describe_model(model) | {"changed_recipe": _changed_recipe(model)}
        emit_json(_as_plain(summary) | described | {"losses": _losses(model)})
        return
    for line in _description(summary, model, min(100, terminal_width())):
        emit(line)


@command.command("export")
@click.argument("name")
@click.argument("file", type=UserPath())
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_FORMATS.values())),
    help="Else the file's ending says: .safetensors, .onnx or .npz (Keras).",
)
@force_option
@runs_dir_option
def export_command(
    *, name: str, file: str, form: str | None, force: bool, runs_dir: str | None
) -> None:
    """Write a model to a file.

    FILE is a model file of rnnterm, a graph for ONNX runtimes, or arrays as Keras lays them out.
    """

    form = form or next((_FORMATS[end] for end in _FORMATS if file.endswith(end)), None)
    if form is None:
        endings = ", ".join(_FORMATS)
        raise UsageError(f"{file!r} tells no format: end it in {endings}, or add --format")
    target = writable(file, force)
    model = load_speaker(name, runs_dir)
    write_told(target, _encode(model, form))


@command.command("import")
@click.argument("source", metavar="FILE.npz", type=UserPath())
@click.argument("target", metavar="OUT.safetensors", type=UserPath())
@force_option
def import_command(*, source: str, target: str, force: bool) -> None:
    """Make a model of Keras' arrays.

    FILE.npz holds them as `models export` writes them, the array `rnnterm` included.
    """
    import shlex
    from pathlib import Path

    from rnnterm.nn.keras_layout import load_keras
    from rnnterm.nn.modelfile import model_bytes, model_from_bytes

    if not target.endswith(".safetensors"):
        raise UsageError(f"{target!r} must end in .safetensors, to be found as a model")
    file = writable(target, force)
    content = model_bytes(load_keras(Path(source)))
    model_from_bytes(content)  # what could not be read again is not written
    write_told(file, content)
    narrate(f'now try: rnnterm generate --model {shlex.quote(target)} --seed "…"')


def _path(name: str | None) -> "Path | None":
    from pathlib import Path  # a slow import for `--help`, which needs none of it

    return Path(name) if name else None


def _as_plain(summary: "ModelSummary") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(summary) | {"file": None if summary.file is None else str(summary.file)}


def _table(summaries: "Sequence[ModelSummary]", width: int) -> list[str]:
    """Aligned rows; a model that cannot be used has its reason in place of its figures."""
    usable = [_cells(summary) for summary in summaries if summary.problem is None]
    rows = [dict(zip(_HEADINGS, _HEADINGS, strict=True)), *usable] if usable else []
    widths = column_widths(rows, width, _SHRINKING)
    lines = [table_row(row, widths, _FIGURES) for row in rows]
    for summary in summaries:
        if summary.problem is not None:
            text = safe_line(f"{summary.name}  {summary.kind}  {summary.problem}")
            lines += textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
        elif summary.notes:
            text = f"{summary.name}: {'; '.join(summary.notes)}; another checkpoint is used"
            lines += textwrap.wrap(safe_line(text), width, subsequent_indent="  ")
    return lines


def _cells(summary: "ModelSummary") -> dict[str, str]:
    return {
        "name": summary.name,
        "kind": summary.kind,
        "network": summary.network or "",
        "corpus": summary.corpus or "–",
        "recipe": summary.recipe or "–",
        "step": "–" if summary.step is None else format_count(summary.step),
        "nats": "–" if summary.val_loss is None else f"{summary.val_loss:.3f}",
        "size": "" if summary.size is None else f"{format_count(summary.size)}B",
    }


def _description(summary: "ModelSummary", model: "Model", width: int) -> list[str]:
    from rnnterm.nn.modelfile import told_value

    told, vocab = model.training, model.vocab
    folded = "  (reads all text in lower case)" if vocab.lowercase else ""
    characters = told_value(told, int, "corpus", "characters")
    digest = told_value(told, str, "corpus", "sha256")
    corpus = [
        summary.corpus or "not told",
        f"{characters:,} characters" if characters is not None else "",
        f"sha256 {digest}" if digest else "",
    ]
    seconds = told_value(told, float, "seconds")
    step = "not told" if summary.step is None else f"{summary.step:,}"
    rows = {
        "spec": assignments(model.spec.to_dict()),
        "symbols": f"{len(vocab)}{folded}: {symbol_map(vocab.symbols)}",
        "corpus": " · ".join(filter(None, corpus)),
        "recipe": f"{summary.recipe or 'not told'}  {assignments(_changed_recipe(model))}",
        "step": step if seconds is None else f"{step} in {format_duration(seconds)}",
        "loss": _losses_line(model),
    }
    size = "" if summary.size is None else f" · {summary.size:,} bytes"
    return [
        safe_line(f"{summary.name} · {summary.kind} · {summary.network}"),
        f"{summary.parameters:,} parameters{size}",
        safe_line(f"{'file':<10}{summary.file}"),  # unbroken, so that it can be copied
        "",
        *(
            line
            for label, content in rows.items()
            for line in labelled(label, safe_line(content), width)
        ),
    ]


def _changed_recipe(model: "Model") -> dict[str, Any]:
    """The recipe values that are not what the recipe of that name has."""
    from rnnterm.training.recipe import changed_values

    recipe = model.training.get("recipe")
    return changed_values(recipe) if isinstance(recipe, dict) else {}


def _losses(model: "Model") -> dict[str, dict[str, float]]:
    """Training and validation loss in nats and bits per character, where they are told."""
    from rnnterm.nn.modelfile import told_value

    told = {part: told_value(model.training, float, f"{part}_loss") for part in ("train", "val")}
    return {
        part: {"nats": loss, "bits": loss / math.log(2)}
        for part, loss in told.items()
        if loss is not None
    }


def _losses_line(model: "Model") -> str:
    parts = [
        f"{part} {loss['nats']:.4f} ({loss['bits']:.4f} bits)"
        for part, loss in _losses(model).items()
    ]
    return f"{' · '.join(parts)} nats/char" if parts else "not told"


def _encode(model: "Model", form: str) -> bytes:
    if form == "onnx":
        from rnnterm.nn.onnx_export import onnx_bytes

        return onnx_bytes(model)
    if form == "keras":
        from rnnterm.nn.keras_layout import keras_bytes

        return keras_bytes(model)
    from rnnterm.nn.modelfile import model_bytes

    return model_bytes(model)
