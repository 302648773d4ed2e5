"""The table of runs: a row each, as lines of styled pieces, and the same as plain values."""

import textwrap
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rnnterm.cli.table import GAP, UNKNOWN, cells, column_widths, figure, table_row
from rnnterm.glyphs import columns, fit
from rnnterm.quantities import format_age, format_count, format_duration
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.runs.overview import RunSummary

Line = list[tuple[str, str]]
"""Pieces of one line, each with its style as SGR parameters, or none."""

STATE_STYLES = {
    "running": "1;94",
    "paused": "33",
    "silent": "38;5;208",
    "crashed": "38;5;208",
    "diverged": "38;5;208",
    "damaged": "38;5;208",
}
"""The states that want attention; the words alone say as much."""

_DIM, _HEADING = "2", "1"
_FIGURES = frozenset(("step", "done", "train", "val", "best", "chars/s", "ETA", "age"))
_OPTIONAL = ("corpus", "network", "done", "best")  # given up in this order where room is short
_NARROWEST = 40  # columns of a problem's text, however narrow the terminal


def summary_to_json(summary: "RunSummary") -> dict[str, Any]:
    """All that a list knows of a run; losses in nats per character, times in seconds."""
    from dataclasses import asdict

    status = summary.status
    return {
        "name": summary.name,
        "state": summary.state,
        "pid": summary.pid,
        "step": status.step,
        "progress": status.progress,
        "train_loss": status.train_loss,
        "val_loss": status.val_loss,
        "best_val_loss": status.best_val_loss,
        "chars_per_second": status.chars_per_second,
        "eta_seconds": summary.eta_seconds,
        "seconds": status.seconds,
        "corpus": summary.corpus,
        "network": status.network,
        "device": status.device,
        "created": summary.created,
        "active": status.time or None,
        "checkpoints": [
            asdict(kept) | {"path": str(kept.path)} for kept in summary.checkpoints
        ],
        "path": str(summary.path),
        "error": status.error,
        "problem": summary.problem,
        "pace": status.pace if summary.state == "running" else None,
        "other_cores": status.others if summary.state == "running" else None,
        "threads": status.threads,
        "silent_seconds": summary.silence.seconds if summary.silence else None,
        "stopped_pid": summary.silence.stopped_pid if summary.silence else None,
    }  # fmt: skip


def table_lines(summaries: Sequence["RunSummary"], width: int) -> list[Line]:
    """The table, at most `width` columns wide if that is possible.

    A damaged run has its problem in place of its figures, any other has it below them.
    """
    rows = [_cells(summary) for summary in summaries]
    headings = {name: name for name in rows[0]}
    widths = _widths([headings, *rows], width)
    lines = [[(table_row(headings, widths, _FIGURES), _HEADING)]]
    for summary, row in zip(summaries, rows, strict=True):
        lines += _row_lines(summary, row, widths, width)
    return lines


def _widths(rows: Sequence[dict[str, str]], width: int) -> dict[str, int]:
    """The columns to show, and how wide each is."""
    shown = list(rows[0])
    for name in ("", *_OPTIONAL):
        shown = [heading for heading in shown if heading != name]
        widths = column_widths([{key: row[key] for key in shown} for row in rows], width, ())
        if sum(widths.values()) + len(GAP) * (len(widths) - 1) <= width:
            return widths
    return column_widths([{key: row[key] for key in shown} for row in rows], width, ("name",))


def _row_lines(
    summary: "RunSummary", row: dict[str, str], widths: dict[str, int], width: int
) -> list[Line]:
    name, state, *figures = cells(row, widths, _FIGURES)
    begin = [(name + GAP, ""), (state, STATE_STYLES.get(summary.shown_state, ""))]
    problem = safe_line(summary.trouble or "")
    indent = columns(name + GAP + state + GAP)
    if summary.state == "damaged":
        first, *more = _wrapped(problem, width - indent) or [""]
        rest = [[(" " * indent + line, "")] for line in more]
        return [[*begin, (GAP + first, "")], *rest]
    below = [[(GAP + line, _DIM)] for line in _wrapped(problem, width - len(GAP))]
    return [[*begin, ((GAP + GAP.join(figures)).rstrip(), "")], *below]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(_NARROWEST, width), break_on_hyphens=False)


def _cells(summary: "RunSummary") -> dict[str, str]:
    status = summary.status
    return {
        "name": safe_line(summary.name),
        "state": summary.shown_state,
        "step": figure(status.step, format_count),
        "done": f"{min(1.0, max(0.0, status.progress)):.0%}",
        "train": figure(status.train_loss, "{:.3f}".format),
        "val": figure(status.val_loss, "{:.3f}".format),
        "best": figure(status.best_val_loss, "{:.3f}".format),
        "chars/s": figure(status.chars_per_second, format_count),
        "ETA": figure(summary.eta_seconds, format_duration),
        "age": figure(time.time() - status.time if status.time else None, format_age),
        "network": fit(status.network or UNKNOWN, 16).rstrip(),
        "corpus": fit(summary.corpus or UNKNOWN, 24).rstrip(),
    }
