"""The table of runs: a row each, a cursor, and marks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from rnnterm.glyphs import columns, fit
from rnnterm.quantities import format_age, format_count, format_duration
from rnnterm.runs.overview import DAMAGED, RunSummary
from rnnterm.terminal import safe_line
from rnnterm.tui.marks import other_curve
from rnnterm.tui.widgets.cursor_rows import CursorRows
from rnnterm.tui.widgets.rows import Row

_GAP = "  "
_UNKNOWN = "–"
_TEXTS = ("name", "state", "network", "corpus")
_GIVEN_UP = ("corpus", "network", "best", "done", "chars/s", "age", "step", "ETA", "train")
_WIDEST = {"name": 28, "network": 16, "corpus": 20}
_TOO_MUCH = 1e12  # no run comes as far: a damaged file says so
_INKS = {
    "running": "success",
    "paused": "warning",
    "silent": "error",
    "crashed": "error",
    "diverged": "error",
}


class RunsTable(CursorRows):
    """Runs with a cursor, and marks."""

    HEADINGS = 1

    @dataclass
    class Clicked(Message):
        """A run was clicked: on its mark, or twice to open it."""

        on_mark: bool

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._summaries: list[RunSummary] = []
        self._marked: list[str] = []

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self._summaries)

    def fill(self, summaries: Sequence[RunSummary], marked: Sequence[str]) -> None:
        """Show these runs; the cursor stays at its run."""
        at = self.current
        self._summaries, self._marked = list(summaries), list(marked)
        names = [each.name for each in self._summaries]
        self.put_cursor(names.index(at.name) if at and at.name in names else self.cursor)

    @property
    def current(self) -> RunSummary | None:
        """The run at the cursor."""
        return self._summaries[self.cursor] if self.cursor < self.count else None

    def on_click(self, event: Click) -> None:
        """Go to the run that was clicked; a second click opens it."""
        at, place = event.get_content_offset(self), self.place_of(event)
        if at is None or place is None:
            return
        self.move_to(place)
        if at.x < 2 or event.chain == 2:
            self.post_message(self.Clicked(on_mark=at.x < 2))

    def draw(self) -> None:
        """Show a heading, and the runs and columns that there is room for."""
        width, height = self.size
        if not self._summaries:
            self.show([])
        if not self._summaries or not width or not height:  # nobody sees it: it stays as it was
            return
        told = [cells_of(summary) for summary in self._summaries]
        widths = column_widths(told, width - 2)
        heading = _GAP.join(_aligned(name, name, size) for name, size in widths.items())
        rows: list[Row] = [[("  " + heading, "bold")]]
        rows += [self._row(place, told[place], widths, width) for place in self.in_sight()]
        self.show(rows)

    def _row(self, place: int, told: dict[str, str], widths: dict[str, int], width: int) -> Row:
        summary = self._summaries[place]
        number = self._marked.index(summary.name) if summary.name in self._marked else None
        row: Row = [("  ", "")] if number is None else [("● ", other_curve(number).style)]
        if summary.state == DAMAGED:
            begin = {name: widths[name] for name in ("name", "state")}
            used = 2 + sum(begin.values()) + len(_GAP) * len(begin)
            row += [(_aligned(name, told[name], size) + _GAP, "") for name, size in begin.items()]
            row.append((fit(summary.problem or "", max(1, width - used)), "error"))
        else:
            for name, size in widths.items():
                ink = _INKS.get(told["state"], "") if name == "state" else ""
                row.append((_aligned(name, told[name], size) + _GAP, ink))
        if place != self.cursor:
            return row
        text = "".join(piece for piece, _ in row)
        pointer = "▸" if number is None else "●"
        return [(fit(pointer + text[1:], width), self.cursor_ink)]


def cells_of(summary: RunSummary) -> dict[str, str]:
    """What the table tells of a run, by column."""
    status = summary.status
    return {
        "name": safe_line(summary.name),
        "state": summary.shown_state,
        "step": _figure(status.step, format_count),
        "done": _figure(min(1.0, max(0.0, status.progress)), "{:.0%}".format),
        "train": _figure(status.train_loss, "{:.3f}".format),
        "val": _figure(status.val_loss, "{:.3f}".format),
        "best": _figure(status.best_val_loss, "{:.3f}".format),
        "chars/s": _figure(status.chars_per_second, format_count),
        "ETA": _figure(summary.eta_seconds, format_duration),
        "age": _figure(time.time() - status.time if status.time else None, format_age),
        "network": safe_line(status.network or _UNKNOWN),
        "corpus": safe_line(summary.corpus or _UNKNOWN),
    }


def column_widths(rows: Sequence[dict[str, str]], width: int) -> dict[str, int]:
    """The columns there is room for, and how wide each is."""
    widths = {
        name: min(max(len(name), *(columns(row[name]) for row in rows)), _WIDEST.get(name, width))
        for name in rows[0]
    }
    for name in _GIVEN_UP:
        if sum(widths.values()) + len(_GAP) * (len(widths) - 1) <= width:
            break
        widths.pop(name)
    return widths


def _aligned(name: str, text: str, size: int) -> str:
    if name in _TEXTS:
        return fit(text, size)
    return " " * max(0, size - columns(text)) + text


def _figure(number: float | None, write: object) -> str:
    if number is None or not abs(number) < _TOO_MUCH:
        return _UNKNOWN
    return str(write(number))  # type: ignore[operator]
