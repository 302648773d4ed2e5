"""The first line of the screen: who speaks, and how the run is doing."""

from rich.text import Text
from textual.widgets import Static

from rnnterm.quantities import format_duration
from rnnterm.runs.reader import RunView
from rnnterm.terminal import safe_line
from rnnterm.tui.marks import state_mark


class TopLine(Static):
    """`rnnterm  shakespeare · LSTM 1x512 …` on the left, `● bold-otter · 61% …` on the right."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._speaker, self._run = "", ""

    def show_speaker(self, name: str, label: str) -> None:
        """Tell which model speaks."""
        self._speaker = safe_line(f"{name} · {label}")
        self._draw()

    def show_run(self, view: RunView | None) -> None:
        """Tell how the watched run is doing."""
        run = "" if view is None else _told(view)
        if run != self._run:
            self._run = run
            self._draw()

    def on_resize(self) -> None:
        """Fill the new width."""
        self._draw()

    def _draw(self) -> None:
        line = Text("rnnterm", style="bold", no_wrap=True, overflow="ellipsis")
        line.append(f"  {self._speaker}", style="not bold")
        right = Text(self._run, style="not bold")
        room = self.size.width - right.cell_len - 2
        line.truncate(max(room, 7), overflow="ellipsis", pad=True)
        line.append("  ")
        line.append_text(right)
        self.update(line, layout=False)


def _told(view: RunView) -> str:
    parts = [f"{state_mark(view.state)} {safe_line(view.name)}", view.state]
    if view.state == "running":
        eta = view.status.eta_seconds
        parts[1] = f"{view.status.progress:.0%}"
        if view.silence is not None:
            parts.append("not answering")
        elif eta is not None:
            parts.append(f"ETA {format_duration(eta)}")
    return " · ".join(parts)
