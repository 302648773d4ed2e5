"""All about one run, for people and as plain values."""

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.moments import format_moment
from rnnterm.cli.runs_table import summary_to_json
from rnnterm.cli.summary import losses_line
from rnnterm.cli.table import assignments, figure
from rnnterm.errors import RnntermError
from rnnterm.glyphs import labelled
from rnnterm.quantities import format_age, format_count, format_duration
from rnnterm.terminal import can_style, is_terminal, safe_line

if TYPE_CHECKING:
    from rnnterm.runs.events import Started
    from rnnterm.runs.folder import RunConfig, RunFolder
    from rnnterm.runs.overview import KeptCheckpoint, RunSummary
    from rnnterm.runs.reader import RunView

_LABEL_WIDTH = 13
_CHART_HEIGHT = 12


@dataclass(frozen=True)
class RunFacts:
    """A run, and what only its configuration and its log tell.

    Attributes:
        config: None where it cannot be read.
        view: what the log tells.
    """

    summary: "RunSummary"
    config: "RunConfig | None"
    view: "RunView"

    @property
    def started(self) -> "Started | None":
        """The beginning of the last session; None where the log does not tell."""
        return self.view.started

    @classmethod
    def of(cls, run: "RunFolder") -> "RunFacts":
        """What there is to know now; nothing is written."""
        from rnnterm.runs.overview import summarize_run
        from rnnterm.runs.reader import RunReader

        try:
            config = run.read_config()
        except RnntermError:  # the summary says so
            config = None
        reader = RunReader(run)
        reader.skim()
        return cls(summarize_run(run), config, reader.catch_up())

    @property
    def recipe(self) -> dict[str, Any]:
        """Every hyper-parameter; empty where the configuration cannot be read."""
        return self.config.recipe if self.config else {}

    @property
    def changed_recipe(self) -> dict[str, Any]:
        """The recipe values that are not what the recipe of that name has."""
        from rnnterm.training.recipe import changed_values

        return changed_values(self.recipe) if self.recipe else {}


def facts_to_json(facts: RunFacts) -> dict[str, Any]:
    """Everything as JSON values, the keys of a list's entry first."""
    started, config = facts.started, facts.config
    text = config.corpus if config else {}
    return summary_to_json(facts.summary) | {
        "corpus_source": text.get("source"),
        "corpus_sha256": text.get("sha256"),
        "corpus_characters": text.get("characters"),
        "corpus_symbols": text.get("symbols"),
        "recipe": facts.recipe or None,
        "changed_recipe": facts.changed_recipe,
        "parameters": started.parameters if started else None,
        "precision": started.precision if started else None,
        "machine": started.system if started else None,
    }


def described(facts: RunFacts, width: int) -> list[str]:
    """The same for people: a heading, the folder, and labelled rows at most `width` wide."""
    summary, started = facts.summary, facts.started
    parameters = f"{started.parameters:,} parameters" if started else ""
    heading = (summary.name, summary.shown_state, summary.status.network, parameters)
    return [
        safe_line(" · ".join(filter(None, heading))),
        safe_line(str(summary.path)),  # unbroken, so that it can be copied
        "",
        *(
            line
            for label, content in _rows(facts)
            for line in labelled(label, safe_line(content), width, label_width=_LABEL_WIDTH)
        ),
        *_curve(facts.view, width),
    ]


def _curve(view: "RunView", width: int) -> list[str]:
    """The losses over the steps, as the app draws them."""
    from rnnterm.plotting.lines import Band, Line, line_chart
    from rnnterm.runs.curves import LossCurves

    curves = LossCurves.of(view)
    if len(curves.smooth) < 2:
        return []
    plain = not can_style(sys.stdout) and is_terminal(sys.stdout)
    lines = [Line(curves.smooth, 1), Line(curves.val, 2, dash=(2, 2), mark="o")]
    spread = Band(curves.raw, curves.raw, 3)
    chart = line_chart(lines, width, _CHART_HEIGHT, bands=[spread], ascii_only=plain)
    legend = "train loss, smoothed over shaded raw" + (
        "; dashed, validation" if len(curves.val) else ""
    )
    return ["", *chart.grid.lines(), f"{legend}; nats/char over steps"]


def _rows(facts: RunFacts) -> Iterator[tuple[str, str]]:
    summary = facts.summary
    status = summary.status
    if summary.trouble:
        yield "problem", summary.trouble
    if status.error:
        yield "error", status.error
    if summary.is_live:
        yield "process", "not told" if summary.pid is None else f"{summary.pid}"
    yield "step", _step(summary)
    yield "loss", _losses(summary)
    yield "speed", _speed(summary)
    for number, kept in enumerate(reversed(summary.checkpoints)):
        yield "" if number else "checkpoints", _checkpoint(kept)
    yield from _config_rows(facts)
    if facts.started:
        yield "machine", _machine(facts.started)
    for label, moment in (("created", summary.created), ("last active", status.time or None)):
        if moment is not None:
            age = figure(time.time() - moment, format_age)
            yield label, f"{format_moment(moment)}, {age} ago"


def _config_rows(facts: RunFacts) -> Iterator[tuple[str, str]]:
    from rnnterm.nn.modelfile import told_value

    if facts.config is None:
        return
    text = facts.config.corpus
    characters = told_value(text, int, "characters")
    parts = (
        told_value(text, str, "name") or "not told",
        "" if characters is None else f"{characters:,} characters",
        f"sha256 {(told_value(text, str, 'sha256') or 'not told')[:12]}",
    )
    yield "corpus", " · ".join(filter(None, parts))
    name = told_value(facts.recipe, str, "name") or "not told"
    yield "recipe", f"{name}  {assignments(facts.changed_recipe)}"


def _step(summary: "RunSummary") -> str:
    status = summary.status
    parts = (
        figure(status.step, "{:,}".format),
        f"{min(1.0, max(0.0, status.progress)):.0%} of the budget",
        f"{figure(status.seconds, format_duration)} of training",
        f"session {status.session}" if status.session > 1 else "",
    )
    return " · ".join(filter(None, parts))


def _losses(summary: "RunSummary") -> str:
    status = summary.status
    losses = losses_line(status.train_loss, status.val_loss, status.best_val_loss)
    best = status.best_val_loss
    bits = "" if best is None else f" ({best / math.log(2):.3f} bits)"
    return f"{losses} nats/char{bits}" if losses else "not told yet"


def _speed(summary: "RunSummary") -> str:
    eta = summary.eta_seconds
    told = f"{figure(summary.status.chars_per_second, format_count)} chars/s"
    return told if eta is None else f"{told} · ETA {figure(eta, format_duration)}"


def _checkpoint(kept: "KeptCheckpoint") -> str:
    parts = (
        f"step {kept.step:,}",
        "" if kept.val_loss is None else f"val {kept.val_loss:.4f}",
        "best" if kept.best else "",
        "unusable" if kept.problem else "",
    )
    return " · ".join(filter(None, parts))


def _machine(started: "Started") -> str:
    told = started.system
    memory, cores = told.get("memory"), told.get("cores")
    gpu_memory = told.get("gpu_memory")
    parts = [
        told.get("host"),
        started.device,
        started.precision,
        told.get("gpu"),
        f"{format_count(gpu_memory)}B on it" if isinstance(gpu_memory, int) else None,
        f"{cores} cores" if cores else None,
        f"{format_count(memory)}B memory" if isinstance(memory, int) else None,
        told.get("system"),
        *(f"{name} {told[name]}" for name in ("torch", "cuda", "rnnterm") if told.get(name)),
    ]
    return " · ".join(str(part) for part in parts if part)
