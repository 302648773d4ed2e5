"""`rnnterm explore --gradients`: what a prediction depends on, and how gradients fade with time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.explore.asked import Asked, name_of
from rnnterm.cli.explore.charts import chart_lines, series_style
from rnnterm.cli.explore.page import BOLD, MUTED, Canvas, Line, prose, titled, wrapped
from rnnterm.cli.explore.steps import share
from rnnterm.cli.explore.tint import Range, tinted_text
from rnnterm.cli.table import GAP, UNKNOWN, column_widths, table_row
from rnnterm.explore.fresh import fresh_model
from rnnterm.explore.gradients import (
    Connectivity,
    Decay,
    Dynamics,
    connectivity,
    decay,
    dynamics,
    spread_positions,
)
from rnnterm.explore.reading import Reading, read_text
from rnnterm.glyphs import visible
from rnnterm.nn.spec import CellKind
from rnnterm.plotting.lines import Line as Curve
from rnnterm.plotting.lines import line_chart
from rnnterm.plotting.series import Series

_KINDS: tuple[CellKind, ...] = ("rnn", "gru", "lstm")
_DECADES = 2  # of norms that the tint tells apart
_HEIGHT = 13
_LONG = 2_000  # characters, of which gradients take long enough to be told of
_DISPENSABLE = ("gradient", "bias", "radius")
_DASHES = ((1, 0), (2, 1), (4, 2), (6, 3))
_SAMPLES = ("━━━━", "╍╍╍╍", "┅┅┅┅", "─ ─ ")
_MARKS = "*123456789"


@dataclass(frozen=True)
class Curved:
    """A network and how gradients go through it."""

    label: str
    decay: Decay
    dynamics: Dynamics


@dataclass(frozen=True)
class Gradients:
    """What the prediction at a step depends on, and how gradients fade in it and fresh networks.

    Attributes:
        curves: the model itself, then the fresh ones.
        training: what truncation and clipping were asked for, in words.
    """

    asked: Asked
    found: Connectivity
    curves: tuple[Curved, ...]
    training: str

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked, found = self.asked, self.found
        yield from asked.headline(canvas)
        yield [("", "")]
        chance = share(float(np.exp(found.log_probability)))
        question = f"what '{visible(found.char)}' ({chance}) after step {found.step + 1} depends on"
        yield from prose(question, canvas.width, BOLD)
        yield from self._tinted(canvas)
        yield [("", "")]
        yield from titled("‖dL/dh‖ by lag", self._setting(), canvas.width)
        yield from self._chart(canvas)
        yield from self._table(canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        found = self.found
        return {
            **self.asked.as_json(),
            "layer": self.asked.layer + 1,
            "step": self.asked.step + 1,
            "predicted": found.char,
            "log_probability": found.log_probability,
            "connectivity": found.norms.tolist(),
            "positions": [int(place) + 1 for place in self.curves[0].decay.positions],
            "networks": [
                {
                    "network": one.label,
                    "norms": one.decay.norms.tolist(),
                    "per_step": one.decay.per_step,
                    "gradient_norm": one.decay.gradient_norm,
                    "scale": one.decay.scale,
                    "spectral_radius": one.dynamics.spectral_radius,
                    "gate": one.dynamics.keeping_gate,
                    "mean_gate": one.dynamics.mean_gate,
                    "gate_bias": one.dynamics.gate_bias,
                }
                for one in self.curves
            ],
        }

    def _tinted(self, canvas: Canvas) -> Iterator[Line]:
        shares = self.found.shares
        with np.errstate(divide="ignore"):
            heights = np.clip(1 + np.log10(shares) / _DECADES, 0, 1)
        rest = len(self.asked.reading) - len(shares)
        values = [*heights.tolist(), *[float("nan")] * rest]
        reach = Range(0.0, 1.0)
        yield from tinted_text(self.asked.reading.text, values, reach, canvas, self.found.step)
        legend = reach.legend(canvas, ends=("1/100 of the largest norm or less", "the largest"))
        yield from prose(legend, canvas.width, MUTED)

    def _setting(self) -> str:
        count = len(self.curves[0].decay.positions)
        return f"layer {self.asked.layer + 1}, mean of {count} positions{self.training}"

    def _chart(self, canvas: Canvas) -> Iterator[Line]:
        curves = [
            Curve(Series.counted(one.decay.norms), style, _dash(style), _mark(style))
            for style, one in enumerate(self.curves, 1)
        ]
        chart = line_chart(
            curves[::-1], canvas.width, _HEIGHT, log=True, ascii_only=canvas.ascii_only
        )
        yield from chart_lines(chart.grid, canvas)
        names = [
            (f"{_sample(style, canvas)} {one.label}", series_style(style) if canvas.colors else "")
            for style, one in enumerate(self.curves, 1)
        ]
        yield from wrapped(names, canvas.width, gap="   ")

    def _table(self, canvas: Canvas) -> Iterator[Line]:
        clipped = any(one.decay.scale < 1 for one in self.curves)
        rows = [_row(one, clipped=clipped) for one in self.curves]
        heading = {name: name for name in rows[0]}
        rows = _fitting([heading, *rows], canvas.width)
        widths = column_widths(rows, canvas.width, ["network"])
        figures = set(heading) - {"network"}
        yield [("", "")]
        for number, row in enumerate(rows):
            yield [(table_row(row, widths, figures), "" if number else BOLD)]
        for note in self._notes():
            yield from prose(note, canvas.width, MUTED)

    def _notes(self) -> Iterator[str]:
        yield "a step: what one step back multiplies the norm with; below 1 it vanishes"
        yield "radius: largest |eigenvalue| of U (rnn), of ∂h′/∂h at the step (gru; lstm, c held)"
        yield "gradient: norm of the mean loss' gradient by all weights"
        yield "gate: mean of what keeps the state, f (lstm) or z (gru), and its mean bias"


def gradients(asked: Asked, given: dict[str, Any]) -> Gradients:
    """Differentiate the prediction, and lay fresh networks of the same size beside the model.

    `given` holds `truncation`, `clip`, `forget_bias` and `spectral_radius`, each None where it was
    not chosen, in `beside` the names of other models, of which the last layer is shown, and whether
    the `likeliest` character is predicted.
    """
    from rnnterm.cli.speaker import load_speaker

    reading, layer = asked.reading, asked.layer
    spread_positions(reading)  # complains of a text that is too short, before anything is slow
    limits = {"truncation": given["truncation"], "clip": given["clip"]}

    def curved(label: str, one: Reading, place: int) -> Curved:
        if len(one) > _LONG:
            narrate(f"gradients of {label} …")
        step = min(asked.step, len(one) - 1)  # another alphabet may have known less
        return Curved(label, decay(one, place, **limits), dynamics(one, place, step))

    curves = [curved(asked.speaker, reading, layer)]
    for name in given["beside"]:
        other = read_text(load_speaker(name, asked.runs_dir), reading.text)
        curves.append(curved(name_of(name), other, other.model.spec.num_layers - 1))
    for kind in _KINDS:
        model = fresh_model(
            kind,
            asked.model.spec.hidden_size,
            asked.model.vocab,
            seed=asked.rng_seed or 0,
            forget_bias=given["forget_bias"] or 0.0,
            spectral_radius=given["spectral_radius"],
        )
        curves.append(curved(f"fresh {kind}", read_text(model, reading.text), 0))
    found = connectivity(reading, asked.step, "likeliest" if given["likeliest"] else None)
    return Gradients(asked, found, tuple(curves), _training(given))


def _training(given: dict[str, Any]) -> str:
    parts = []
    if given["truncation"] is not None:
        parts.append(f"cut off after {given['truncation']} steps")
    if given["clip"] is not None:
        parts.append(f"clipped to {given['clip']:g}")
    return "".join(f", {part}" for part in parts)


def _row(one: Curved, *, clipped: bool) -> dict[str, str]:
    figures = one.dynamics
    gate, bias = UNKNOWN, UNKNOWN
    if figures.keeping_gate:
        gate = f"{figures.keeping_gate} {figures.mean_gate:.2f}"
        bias = f"{figures.gate_bias:z.2f}".replace("-", "−")
    row = {
        "network": one.label,
        "a step": UNKNOWN if np.isnan(one.decay.per_step) else f"{one.decay.per_step:.3f}",
        "radius": f"{figures.spectral_radius:.2f}",
        "gate": gate,
        "bias": bias,
        "gradient": f"{one.decay.gradient_norm:.3g}",
    }
    return row | ({"clipped by": f"{one.decay.scale:.3g}"} if clipped else {})


def _fitting(rows: list[dict[str, str]], width: int) -> list[dict[str, str]]:
    """The rows of a table without the columns that have to go for the rest to fit."""
    for name in _DISPENSABLE:
        widths = column_widths(rows, width, [])
        if sum(widths.values()) + len(GAP) * (len(widths) - 1) > width:
            rows = [{key: cell for key, cell in row.items() if key != name} for row in rows]
    return rows


def _mark(style: int) -> str:
    return _MARKS[style % len(_MARKS) - 1]


def _dash(style: int) -> tuple[int, int]:
    return _DASHES[(style - 1) % len(_DASHES)]


def _sample(style: int, canvas: Canvas) -> str:
    """A stretch of a curve, as in the chart."""
    return _mark(style) * 3 if canvas.ascii_only else _SAMPLES[(style - 1) % len(_SAMPLES)]
