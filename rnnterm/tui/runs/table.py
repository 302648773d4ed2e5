"""The table of runs: a row each, a cursor, and marks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from rnnterm.glyphs import columns, fit
from rnnterm.quantities import format_age, format_count, format_duration
from rnnterm.runs.overview import DAMAGED, RunSummary
from rnnterm.terminal import safe_line
from rnnterm.tui.marks import other_curve
from rnnterm.tui.widgets.rows import Row, Rows

_GAP = "  "
_UNKNOWN = "–"
_TEXTS = ("name", "state", "network", "corpus")
_GIVEN_UP = ("corpus", "network", "best", "done", "chars/s", "age", "step", "ETA", "train")
_WIDEST = {"name": 28, "network": 16, "corpus": 20}
_TOO_MUCH = 1e12  # no run comes as far: a damaged file says so
_INKS = {"running": "success", "paused": "warning", "crashed": "error", "diverged": "error"}


class RunsTable(Rows, can_focus=True):
    """Runs with a cursor that keys, clicks and the mouse wheel move."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "move(-10)", "page up", show=False),
        Binding("pagedown", "move(10)", "page down", show=False),
        Binding("home", "move(-1000000)", "first", show=False),
        Binding("end", "move(1000000)", "last", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is at another run."""

    @dataclass
    class Clicked(Message):
        """A run was clicked: on its mark, or twice to open it."""

        on_mark: bool

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._summaries: list[RunSummary] = []
        self._marked: list[str] = []
        self._cursor = self._top = 0

    def fill(self, summaries: Sequence[RunSummary], marked: Sequence[str]) -> None:
        """Show these runs; the cursor stays at its run."""
        at = self.current
        self._summaries, self._marked = list(summaries), list(marked)
        names = [each.name for each in self._summaries]
        if at is not None and at.name in names:
            self._cursor = names.index(at.name)
        self._cursor = max(0, min(self._cursor, len(names) - 1))
        self._draw()

    @property
    def current(self) -> RunSummary | None:
        """The run at the cursor."""
        return self._summaries[self._cursor] if self._cursor < len(self._summaries) else None

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        place = max(0, min(self._cursor + by, len(self._summaries) - 1))
        if place != self._cursor:
            self._cursor = place
            self._draw()
            self.post_message(self.Moved())

    def on_click(self, event: Click) -> None:
        """Go to the run that was clicked; a second click opens it."""
        at = event.get_content_offset(self)
        place = self._top + at.y - 1 if at is not None else -1
        if at is None or at.y < 1 or place >= len(self._summaries):
            return
        self.action_move(place - self._cursor)
        if at.x < 2 or event.chain == 2:
            self.post_message(self.Clicked(on_mark=at.x < 2))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """One run up."""
        event.stop()
        self.action_move(-1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """One run down."""
        event.stop()
        self.action_move(1)

    def on_resize(self) -> None:
        """There is room for other columns."""
        self._draw()

    def on_focus(self) -> None:
        """The cursor is where keys go."""
        self._draw()

    def on_blur(self) -> None:
        """Keys go elsewhere."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        if not self._summaries:
            self.show([])
        if not self._summaries or not width or not height:  # nobody sees it: it stays as it was
            return
        room = max(1, height - 1)
        self._top = min(max(self._top, self._cursor - room + 1), self._cursor)
        told = [cells_of(summary) for summary in self._summaries]
        widths = column_widths(told, width - 2)
        heading = _GAP.join(_aligned(name, name, size) for name, size in widths.items())
        rows: list[Row] = [[("  " + heading, "bold")]]
        for place in range(self._top, min(len(told), self._top + room)):
            rows.append(self._row(place, told[place], widths, width))
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
                ink = _INKS.get(summary.state, "") if name == "state" else ""
                row.append((_aligned(name, told[name], size) + _GAP, ink))
        if place != self._cursor:
            return row
        text = "".join(piece for piece, _ in row)
        pointer = "▸" if number is None else "●"
        ink = "reverse" if self.has_focus else "bold"
        return [(fit(pointer + text[1:], width), ink)]


def cells_of(summary: RunSummary) -> dict[str, str]:
    """What the table tells of a run, by column."""
    status = summary.status
    live = summary.state == "running"
    return {
        "name": safe_line(summary.name),
        "state": summary.state,
        "step": _figure(status.step, format_count),
        "done": _figure(min(1.0, max(0.0, status.progress)), "{:.0%}".format),
        "train": _figure(status.train_loss, "{:.3f}".format),
        "val": _figure(status.val_loss, "{:.3f}".format),
        "best": _figure(status.best_val_loss, "{:.3f}".format),
        "chars/s": _figure(status.chars_per_second, format_count),
        "ETA": _figure(status.eta_seconds if live else None, format_duration),
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
