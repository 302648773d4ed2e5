"""The table of runs, kept up to date: a live screen, or anywhere else a table at each change."""

import os
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rnnterm.cli.output import stdout
from rnnterm.cli.runs_table import Line, table_lines
from rnnterm.errors import RnntermError
from rnnterm.terminal import can_style, is_terminal, safe_line

if TYPE_CHECKING:
    from rich.text import Text

    from rnnterm.runs.overview import RunSummary

_SECONDS_BETWEEN_LOOKS = 1.0
_QUIT = ("q", "Q", "escape", "ctrl+d")

Look = Callable[[], Sequence["RunSummary"]]


def can_watch_on_screen() -> bool:
    """Whether a person is there, with a terminal to look at and one to type on."""
    return is_terminal(sys.stdin) and can_style(sys.stdout)


def watch_on_screen(look: Look, place: str, nothing: str) -> None:
    """Show the runs that `look` finds, once a second, until q or Ctrl-C.

    `place` is where they live, and `nothing` what to show where there are none.
    """
    from rich.console import Console, Group

    from rnnterm.cli.keyboard import RESIZED, WAITED, keyboard

    console = Console(file=stdout(), force_terminal=True, highlight=False)

    def draw() -> None:
        # Asked of the terminal itself: COLUMNS in the environment would outlive a resize.
        size = os.get_terminal_size(console.file.fileno())
        width, height = max(1, size.columns), max(1, size.lines)
        console.size = width, height
        lines = _page(look, place, nothing, width, height)
        console.update_screen(Group(*(_as_text(line, width) for line in lines)))

    try:
        with keyboard(sys.stdin.fileno(), _SECONDS_BETWEEN_LOOKS) as keys, console.screen():
            draw()
            for key in keys:
                if key in _QUIT:
                    return
                if key in (RESIZED, WAITED):
                    draw()
    except KeyboardInterrupt:
        return


def watch_changes(look: Look, tell: Callable[[Sequence["RunSummary"]], None]) -> None:
    """Tell of all runs, and again whenever one has changed, until Ctrl-C."""
    before = None
    try:
        while True:
            summaries = look()
            if summaries != before:
                tell(summaries)
                before = summaries
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        return


def _page(look: Look, place: str, nothing: str, width: int, height: int) -> list[Line]:
    """What fits the screen: a title, and as many of the runs as there is room for."""
    try:
        summaries = look()
        body = table_lines(summaries, width) if summaries else _paragraph(nothing, width)
        count = f"{len(summaries)} run{'' if len(summaries) == 1 else 's'}"
    except RnntermError as error:  # a folder that cannot be read may be readable soon
        body, count = _paragraph(str(error), width), "no answer"
    title = f"{count} · {time.strftime('%H:%M:%S')} · q quits · {place}"
    room = max(1, height - 2)
    hidden = len(body) - room
    if hidden > 0:
        body = [*body[: room - 1], [(f"… {hidden + 1} more lines: rnnterm runs shows all", "2")]]
    return [[(title, "2")], [("", "")], *body][:height]


def _paragraph(text: str, width: int) -> list[Line]:
    return [[(line, "")] for line in textwrap.wrap(safe_line(text), width)]


def _as_text(line: Line, width: int) -> "Text":
    from rich.text import Text

    text = Text(no_wrap=True, overflow="crop")
    for piece, sgr in line:
        begin = f"\x1b[{sgr}m" if sgr else ""
        # Only the style goes through the parser of escape codes, never the text.
        style = next((str(span.style) for span in Text.from_ansi(f"{begin}x").spans), "")
        text.append(safe_line(piece), style)
    text.truncate(width, overflow="ellipsis")
    return text
