"""What the panel Training says in words and figures: rows of pieces, and sentences."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rnnterm.glyphs import fit
from rnnterm.plotting.series import Series
from rnnterm.quantities import format_age, format_count, format_duration
from rnnterm.runs.curves import LossCurves
from rnnterm.runs.reader import RunView, why_it_broke_off
from rnnterm.runs.status import FINISHED, PAUSED, RUNNING, STOPPED
from rnnterm.terminal import safe_line
from rnnterm.text.corpus import Corpus
from rnnterm.text.view import Baseline
from rnnterm.training.recipe import Recipe
from rnnterm.tui.marks import TRAIN, VAL, other_curve, other_digit, state_mark
from rnnterm.tui.widgets.rows import Row
from rnnterm.tui.widgets.watched import Watched

WIDTH = 34
"""Columns of the figures."""

_UNKNOWN = "–"
_LONGEST = 1e12  # a figure that is larger, a damaged file says
_INKS = {RUNNING: "success", PAUSED: "warning", FINISHED: "success"}


def figure_rows(
    watched: Watched,
    others: Sequence[LossCurves],
    baseline: Baseline | None,
    cursor: float | None,
    height: int,
    *,
    ascii_only: bool,
) -> list[Row]:
    """The figures of a run in at most `height` rows; where room is short, the main ones."""
    view, curves = watched.view, watched.curves
    if view is None or curves is None:
        return []
    rows = [(0, _state_row(view)), (7, _network_row(view))]
    rows += _loss_rows(view, curves, cursor, ascii_only=ascii_only)
    if baseline is not None:
        name, loss = f"┄ {baseline.order}-gram ", _number(baseline.nats)
        rows.append((5, [(name, "muted"), (loss, "")]))
    for number, other in enumerate(others):
        at = other.last_step if cursor is None else cursor
        rows.append((3, _other_row(number, other, at, ascii_only=ascii_only)))
    rows += _pace_rows(watched, view)
    rows.append((6, _checkpoint_row(view)))
    rows.append((0, _bar_row(view)))
    kept = sorted(range(len(rows)), key=lambda place: (rows[place][0], place))[: max(0, height)]
    return [rows[place][1] for place in sorted(kept)]


def _network_row(view: RunView) -> Row:
    parts = (view.status.network, view.status.device)
    return [(safe_line(" · ".join(part or _UNKNOWN for part in parts)), "muted")]


def _loss_rows(
    view: RunView, curves: LossCurves, cursor: float | None, *, ascii_only: bool
) -> list[tuple[int, Row]]:
    """The losses now, or at the step that is read off."""
    train_label = f"{TRAIN.legend(ascii_only=ascii_only)} train "
    val_label = f"  {VAL.legend(ascii_only=ascii_only)} val "
    if cursor is not None:
        train = _loss(train_label, curves.smooth, cursor, TRAIN.style)
        val = _loss(val_label, curves.val, cursor, VAL.style)
        return [(0, [(f"at step {cursor:,.0f}", "bold")]), (0, [*train, *val])]
    status = view.status
    loss, best = status.val_loss, status.best_val_loss
    is_best = loss is not None and best is not None and loss <= best
    now: Row = [
        (train_label, TRAIN.style), (_number(status.train_loss), "bold"),
        (val_label, VAL.style), (_number(loss), "bold"), (" ★ best" if is_best else "", VAL.style),
    ]  # fmt: skip
    if best is None:
        return [(0, now)]
    bits = f" · {_number(best / math.log(2))} bits"
    return [(0, now), (4, [("best ", "muted"), (_number(best), ""), (bits, "muted")])]


def _other_row(number: int, other: LossCurves, at: float, *, ascii_only: bool) -> Row:
    """A run that is laid over: its name, cut to leave room for its losses."""
    curve = other_curve(number)
    train = _loss("", other.smooth, at, curve.style)
    val = _loss(f"  {other_digit(number)} val ", other.val, at, curve.style)
    losses = [*train, *(val if len(other.val) else [])]
    room = WIDTH - 3 - sum(len(text) for text, _ in losses)
    name = fit(other.name, room).rstrip()
    return [(f"{curve.legend(ascii_only=ascii_only)} {name} ", curve.style), *losses]


def _pace_rows(watched: Watched, view: RunView) -> list[tuple[int, Row]]:
    """How far it is, and how fast."""
    status, last = view.status, watched.last
    epoch = f" · epoch {last.epoch:.2f}" if last and abs(last.epoch) < _LONGEST else ""
    step: Row = [("step ", "muted"), (_count(status.step, "{:,}".format), ""), (epoch, "")]
    pace: Row = [(_count(status.chars_per_second, format_count), ""), (" chars/s", "muted")]
    if view.state == RUNNING and view.silence is None:
        pace += [(" · ETA ", "muted"), (_count(status.eta_seconds, format_duration), "")]
    else:
        pace += [(" · trained ", "muted"), (_count(status.seconds, format_duration), "")]
    rows = [(2, step), (1, pace)]
    if last is not None and view.state in (RUNNING, PAUSED):
        rows.append((8, [("learning rate ", "muted"), (f"{last.learning_rate:.2g}", "")]))
    return rows


def _state_row(view: RunView) -> Row:
    if view.silence is not None:
        told = f"not answering for {format_duration(view.silence.seconds)}"
        return [(f"{state_mark(view.state)} {told}", "error")]
    ink = _INKS.get(view.state, "error")
    return [(f"{state_mark(view.state)} {view.state}", ink)]


def _loss(label: str, series: Series, step: float, style: int) -> Row:
    """A curve's value at a step."""
    point = series.nearest(step)
    return [(label, style), (_number(point.y if point else None), "bold")]


def _checkpoint_row(view: RunView) -> Row:
    step, moment = view.status.checkpoint_step, view.status.checkpoint_time
    if step is None:
        return [("no checkpoint yet", "muted")]
    if view.state == RUNNING and moment is not None:
        return [("checkpoint ", "muted"), (f"{format_age(time.time() - moment)} ago", "")]
    return [("checkpoint of step ", "muted"), (_count(step, "{:,}".format), "")]


def _bar_row(view: RunView) -> Row:
    progress = view.status.progress if math.isfinite(view.status.progress) else 0.0
    progress = min(1.0, max(0.0, progress))
    length = WIDTH - 5
    done = round(progress * length * 2)
    full, half = divmod(done, 2)
    return [
        ("━" * full + "╸" * half, TRAIN.style), ("─" * (length - full - half), "muted"),
        (f"{progress:.0%}".rjust(5), "bold"),
    ]  # fmt: skip


def key_figure(view: RunView) -> str:
    """What the folded panel tells."""
    parts = [f"{state_mark(view.state)} {safe_line(view.name)} {view.state}"]
    if view.silence is not None:
        parts.append("not answering")
    if view.state == RUNNING:
        parts.append(f"{min(1.0, max(0.0, view.status.progress)):.0%}")
    if view.status.val_loss is not None:
        parts.append(f"val {_number(view.status.val_loss)}")
    return " · ".join(parts)


@dataclass(frozen=True)
class Keys:
    """How the keys of some actions are written; `of` takes the action's name."""

    of: Callable[[str], str]

    def ending(self, watched: Watched) -> str:
        """How a run that is over ended, and what to do next; empty while it goes on."""
        view = watched.view
        if view is None or not view.is_over:
            return ""
        if watched.is_gone:
            return why_it_broke_off(view, watched.run)
        start, resume = self.of("training.start"), self.of("training.resume")
        after = f"{_count(view.status.step, '{:,}'.format)} steps"
        if view.state == FINISHED:
            shown = self.of("training.checkpoints")
            next_steps = f"{start} trains anew · {resume} goes on · {shown} lists checkpoints"
            return f"finished after {after}. {next_steps}"
        if view.state == STOPPED:
            return f"stopped after {after}. {resume} goes on from there · {start} trains anew"
        reason = why_it_broke_off(view, watched.run)
        return f"{view.state} after {after}: {reason}. {resume} goes on from the last checkpoint"

    def invitation(self, corpus: Corpus | None, recipe: Recipe | None) -> str:
        """What starting would do now."""
        if corpus is None:
            return f"Choose a text first: {self.of('text.open_corpus')} goes to the panel Corpus."
        if recipe is None:
            return f"The model is not set yet: {self.of('text.open_model')} goes to it."
        start = self.of("training.start")
        return (
            f"{start} trains {corpus.name} with {recipe.cell.upper()} "
            f"{recipe.num_layers}x{recipe.hidden_size} for {spelled_budget(recipe)}."
        )


def spelled_budget(recipe: Recipe) -> str:
    """When a training ends: `1:15`, `2,000 steps` or `3 epochs`."""
    if recipe.time_budget:
        return format_duration(recipe.time_budget)
    if recipe.steps:
        return f"{recipe.steps:,} steps"
    return f"{recipe.epochs:g} epochs"


def _number(loss: float | None) -> str:
    return f"{loss:.3f}" if loss is not None and abs(loss) < 1e6 else _UNKNOWN


def _count(number: float | None, write: Callable[[float], str]) -> str:
    return write(number) if number is not None and abs(number) < _LONGEST else _UNKNOWN
