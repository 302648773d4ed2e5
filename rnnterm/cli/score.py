"""`rnnterm score`: which lines of a text surprise a model, and what it expected instead."""

import math
import shutil
import sys
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from rnnterm.cli.diagnostics import narrate, warn
from rnnterm.cli.options import Whole, json_option, runs_dir_option
from rnnterm.cli.output import emit, emit_json, emit_styled, stdout
from rnnterm.cli.speaker import load_speaker
from rnnterm.errors import RnntermError, UsageError
from rnnterm.glyphs import columns, visible
from rnnterm.terminal import SafeText, colors_allowed, is_terminal, pipe_text

if TYPE_CHECKING:
    from rnnterm.scoring.lines import ScoredLine, ScoredText

_STDIN = "-"
_INDENT = "  "
_WORTH_ANNOUNCING = 100_000  # characters that take seconds to read one after another
_WORTH_NAMING = 0.005  # what does not round to nothing
# Up to so many bits, this style: from what was expected, dim, to what was not, bold and orange.
_TINTS = ((2.0, "2", ""), (5.0, "", ""), (8.0, "", "38;5;215"), (math.inf, "1", "38;5;208"))
_PEAK = "1;4"
_UNKNOWN = "2;9"


@click.command("score")
@click.argument("model")
@click.argument("file", default=_STDIN)
@click.option(
    "--top", default=10, show_default=True, type=Whole(0), metavar="N",
    help="List so many lines, the most surprising first; 0 lists all.",
)  # fmt: skip
@click.option(
    "--min-length", default=8, show_default=True, type=Whole(1), metavar="N",
    help="Leave out lines of fewer characters.",
)  # fmt: skip
@click.option("--characters", is_flag=True, help="With --json: the surprisal of each character.")
@runs_dir_option
@json_option
def command(
    *,
    model: str,
    file: str,
    top: int,
    min_length: int,
    characters: bool,
    runs_dir: str | None,
    as_json: bool,
) -> None:
    """List the lines of FILE that surprise MODEL most, and what it expected instead.

    MODEL is a run, a bundled model or a model file; FILE any UTF-8 text, or - for standard input.
    Surprisal is in bits: 1 is a coin toss, 8 and more something else was due.
    """
    from rnnterm.sampling.generator import line_start
    from rnnterm.scoring.lines import score_text

    if characters and not as_json:
        raise UsageError("--characters is part of the JSON answer: add --json")
    reader = load_speaker(model, runs_dir)
    name, text = _read(file)
    if len(text) > _WORTH_ANNOUNCING:
        narrate(f"reading {len(text):,} characters one after another; this takes a while")
    scored = score_text(reader, text, line_start(reader))
    if scored.unknown:
        warn(
            f"the model does not know {scored.unknown_symbols[:40]!a}: "
            f"{scored.unknown:,} characters passed over"
        )
    lines = scored.most_surprising(top or None, min_length)
    if as_json:
        emit_json(_as_json(model, name, scored, lines, characters=characters))
        return
    emit(
        f"{name} · {scored.characters:,} characters · {scored.bits_per_char:.3f} bits "
        f"({scored.bits_per_char * math.log(2):.3f} nats) per character"
    )
    if not lines:
        narrate(f"no line has {min_length} characters or more: lower --min-length")
    for line in lines:
        _show(scored, line)


def _read(source: str) -> tuple[str, str]:
    """What to call the text, and the text."""
    from rnnterm.files import user_path
    from rnnterm.text.decode import TextDecoder

    name = "standard input" if source == _STDIN else source
    if source == _STDIN and sys.stdin is None:  # as Python leaves it where a shell closed it
        raise UsageError("standard input is closed: pipe a text in, or name a file")
    if source == _STDIN and is_terminal(sys.stdin):
        narrate("reading from the terminal; Ctrl-D ends the text")
    try:
        if source == _STDIN:
            decoder = TextDecoder(sys.stdin.buffer, name)
            text = "".join(decoder)
        else:
            with user_path(source).open("rb") as stream:
                decoder = TextDecoder(stream, name)
                text = "".join(decoder)
    except FileNotFoundError:
        raise UsageError(f"there is no file {source!r} to read") from None
    except IsADirectoryError:
        raise UsageError(f"{source or '.'} is a folder: name a text file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RnntermError(f"cannot read {name}: {reason}") from None
    if not text:
        raise RnntermError(f"{name} is empty: there is nothing to score")
    for note in decoder.notes:
        narrate(f"{name}: {note}")
    return name, text


def _show(scored: "ScoredText", line: "ScoredLine") -> None:
    """A line, tinted on a terminal, and below it a mark at what surprised most."""
    on_terminal = is_terminal(stdout())
    cells = _cells(line, on_terminal=on_terminal)
    room = max(20, shutil.get_terminal_size().columns - len(_INDENT)) if on_terminal else 0
    first, last = _excerpt([columns(cell) for cell in cells], line.peak, room)
    head, tail = "…" * (first > 0), "…" * (last < len(cells))
    lacking = f" · {line.unknown:,} unknown" if line.unknown else ""
    emit(f"\nline {line.number:,} · {line.mean_bits:.2f} bits per character{lacking}")
    styles = [_style(bits, at == line.peak) for at, bits in enumerate(line.surprisals.tolist())]
    pieces = [(_INDENT + head, "")]
    for style, group in groupby(range(first, last), key=styles.__getitem__):
        pieces.append(("".join(cells[at] for at in group), style))
    emit_styled([*pieces, (tail, "")])
    # A tab before the mark is one in the line below as well, so that the mark stands right.
    before = "".join(cells[first : line.peak])
    blank = "".join("\t" if char == "\t" else " " * columns(char) for char in head + before)
    for row in _mark(blank, _expectation(scored, line), room):
        emit(_INDENT + row)


def _cells(line: "ScoredLine", *, on_terminal: bool) -> list[str]:
    """How each character of a line is shown; its end is where that is what surprised."""
    end = ["⏎"] if len(line.surprisals) > len(line.text) and line.peak == len(line.text) else []
    if not on_terminal:
        return [*map(pipe_text, line.text), *end]
    safe = SafeText()
    return [*(safe.feed(char).replace("\t", "⇥") for char in line.text), *end]


def _excerpt(widths: list[int], peak: int, room: int) -> tuple[int, int]:
    """The cells from `first` up to `last` that fit in `room` columns around the peak; 0 is all."""
    if not room or sum(widths) <= room:
        return 0, len(widths)
    room -= 2  # an ellipsis on either side
    first, last, used = peak, peak + 1, widths[peak]
    while first > 0 and used + widths[first - 1] <= room * 2 // 3:
        first -= 1
        used += widths[first]
    while last < len(widths) and used + widths[last] <= room:
        used += widths[last]
        last += 1
    while first > 0 and used + widths[first - 1] <= room:
        first -= 1
        used += widths[first]
    return first, last


def _style(bits: float, is_peak: bool) -> str:
    """SGR codes for a character of so many bits; brightness and line tell it without colour."""
    if math.isnan(bits):
        return _UNKNOWN
    brightness, color = next((dim, color) for most, dim, color in _TINTS if bits <= most)
    if is_peak:
        brightness = _PEAK
    return ";".join(filter(None, (brightness, color if colors_allowed() else "")))


def _expectation(scored: "ScoredText", line: "ScoredLine") -> str:
    """Such as `6.1 bits, expected 'x' (.62), 'y' (.20)`."""
    bits = f"{line.surprisals[line.peak]:.1f} bits"
    candidates = ", ".join(
        f"'{visible(one.char)}' ({_share(one.probability)})"
        for one in scored.expected_instead(line.start + line.peak)
        if one.probability >= _WORTH_NAMING
    )
    return f"{bits}, expected {candidates}" if candidates else bits


def _share(probability: float) -> str:
    return f"{probability:.2f}".removeprefix("0")


def _mark(blank: str, label: str, room: int) -> list[str]:
    """A mark after a blank, with its label on whichever side there is room."""
    column = columns(blank)
    if not room or column + 2 + columns(label) <= room:
        return [f"{blank}^ {label}"]
    if columns(label) < column:
        return [" " * (column - columns(label) - 1) + f"{label} ^"]
    return [f"{blank}^", label]


def _as_json(
    model: str, name: str, scored: "ScoredText", lines: "list[ScoredLine]", *, characters: bool
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "model": model,
        "file": name,
        "characters": scored.characters,
        "unknown": scored.unknown,
        "unknown_symbols": scored.unknown_symbols,
        "nats": scored.nats,
        "bits": scored.bits,
        "bits_per_char": scored.bits_per_char,
        "lines": [_line_as_json(scored, line) for line in lines],
    }
    return answer | ({"surprisals": scored.surprisals.tolist()} if characters else {})


def _line_as_json(scored: "ScoredText", line: "ScoredLine") -> dict[str, Any]:
    place = line.start + line.peak
    return {
        "line": line.number,
        "bits": line.bits,
        "mean_bits": line.mean_bits,
        "text": line.text,
        "peak": {
            "column": line.peak + 1,
            "char": scored.text[place],
            "bits": float(line.surprisals[line.peak]),
            "expected": [
                {"char": one.char, "probability": one.probability}
                for one in scored.expected_instead(place)
            ],
        },
    }
