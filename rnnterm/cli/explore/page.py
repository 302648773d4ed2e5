"""Where an answer of `rnnterm explore` goes: a terminal, a pipe, or an SVG or HTML file."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rnnterm.cli.output import emit_json, emit_styled, stdout
from rnnterm.cli.writing import writable, write_told
from rnnterm.errors import UsageError
from rnnterm.glyphs import columns, terminal_width, visible
from rnnterm.terminal import can_style, colors_allowed, is_terminal, safe_text

if TYPE_CHECKING:
    from pathlib import Path

    from rnnterm.plotting.heat import Look

Line = list[tuple[str, str]]
"""Pieces of text, each with its SGR parameters (see `emit_styled`), which make one line."""

_NARROWEST, _WIDEST = 40, 160
_EXPORT_WIDTH = 100
BOLD, MUTED = "1", "2"
"""SGR parameters that need no colours."""
_SUFFIXES = (".svg", ".html")


@dataclass(frozen=True)
class Canvas:
    """What lines are drawn for.

    Attributes:
        width: columns that a line may take.
        colors: whether colours are seen; where not, glyphs must tell.
        ascii_only: a terminal that knows nothing but ASCII for charts.
    """

    width: int
    colors: bool
    ascii_only: bool = False

    @property
    def look(self) -> "Look":
        """How heat maps look here."""
        if self.ascii_only:
            return "ascii"
        return "halves" if self.colors else "glyphs"


class Answer(Protocol):
    """What a mode of the command found out."""

    def lines(self, canvas: Canvas) -> Iterable[Line]:
        """For people: lines no wider than the canvas."""

    def as_json(self) -> dict[str, Any]:
        """For programs: plain values by name."""


def checked_export(path: str | None, *, force: bool) -> "Path | None":
    """The file to export to; raises UsageError unless its name says SVG or HTML.

    Raises as `writable` does, too.
    """
    if path is None:
        return None
    if not path.lower().endswith(_SUFFIXES):
        raise UsageError(f"cannot export to {path!r}: name a file that ends in .svg or .html")
    return writable(path, force)


def show_answer(answer: Answer, *, as_json: bool, export: "Path | None", title: str) -> None:
    """Give an answer out in the form that was asked for."""
    if export is not None:
        canvas = Canvas(_EXPORT_WIDTH, colors=colors_allowed())
        is_svg = export.suffix.lower() == _SUFFIXES[0]
        write_told(export, _document(answer.lines(canvas), title, is_svg=is_svg))
    if as_json:
        emit_json(answer.as_json())
    elif export is None:
        for line in answer.lines(_canvas()):
            emit_styled(_trimmed(line))


def _trimmed(line: Line) -> Line:
    """A line without plain blanks at its end."""
    kept = list(line)
    while kept and not kept[-1][1]:
        text, _ = kept.pop()
        if text.rstrip(" "):
            return [*kept, (text.rstrip(" "), "")]
    return kept


def _canvas() -> Canvas:
    out = stdout()
    width = min(max(terminal_width(), _NARROWEST), _WIDEST)
    on_terminal = is_terminal(out)
    return Canvas(width, can_style(out) and colors_allowed(), on_terminal and not can_style(out))


def _document(lines: Iterable[Line], title: str, *, is_svg: bool) -> bytes:
    """Lines as a picture of a terminal in SVG, or as a page in HTML."""
    import io

    from rich.console import Console
    from rich.text import Text

    from rnnterm.terminal import safe_line

    console = Console(
        record=True, width=_EXPORT_WIDTH, file=io.StringIO(), force_terminal=True,
        color_system="truecolor", highlight=False, markup=False, emoji=False,
    )  # fmt: skip
    for line in lines:
        console.print(Text.from_ansi(_ansi(line)), no_wrap=True, overflow="ignore", crop=False)
    document = console.export_svg(title=safe_line(title)) if is_svg else console.export_html()
    return document.encode()


def _ansi(line: Line) -> str:
    """A line with its styles as escape sequences; the texts bring none of their own."""
    return "".join(
        f"\x1b[{style}m{safe_text(text)}\x1b[m" if style else safe_text(text)
        for text, style in line
    )


def shown(text: str) -> str:
    """Text on one safe line that shows its tabs and line ends; blanks stay blank."""
    return visible(text).replace("␣", " ")


def wrapped(pieces: Iterable[tuple[str, str]], width: int, gap: str = "  ") -> Iterator[Line]:
    """Pieces side by side with a gap between, on as many lines as they need."""
    line: Line = []
    used = 0
    for text, style in pieces:
        needed = columns(text)
        if line and used + len(gap) + needed > width:
            yield line
            line, used = [], 0
        if line:
            line.append((gap, ""))
            used += len(gap)
        line.append((text, style))
        used += needed
    if line:
        yield line


def prose(text: str, width: int, style: str = "") -> Iterator[Line]:
    """A sentence on as many lines as it needs."""
    for line in textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False):
        yield [(line, style)]


def titled(title: str, about: str, width: int) -> Iterator[Line]:
    """A heading, and what is told of it beside it or, where there is no room, below it."""
    if columns(title) + 2 + columns(about) <= width:
        yield [(title, BOLD), (f"  {about}", "")]
        return
    yield from prose(title, width, BOLD)
    yield from prose(about, width)
