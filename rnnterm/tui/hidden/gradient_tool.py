"""The tool for gradients: what a prediction depends on, and how they fade with time."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

import numpy as np
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.fresh import fresh_model
from rnnterm.explore.gradients import (
    Connectivity,
    Decay,
    Dynamics,
    Target,
    connectivity,
    decay,
    dynamics,
)
from rnnterm.explore.reading import Reading, read_text
from rnnterm.nn.cells import Array
from rnnterm.nn.spec import CellKind
from rnnterm.plotting.lines import Line, line_chart
from rnnterm.plotting.series import Series
from rnnterm.tui.hidden.lines import Lines, wrapped_rows
from rnnterm.tui.hidden.text_rows import quoted, share
from rnnterm.tui.hidden.tool import TextTool
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.widgets.chart import rows_of
from rnnterm.tui.widgets.rows import Row, Rows

_Choice = TypeVar("_Choice")
_KINDS: tuple[CellKind, ...] = ("rnn", "gru", "lstm")
_DASHES = ((1, 0), (2, 1), (4, 2), (6, 3))
_MARKS = "*rgl"
_TRUNCATIONS = (None, 64, 32, 16, 8)
_CLIPS = (None, 1.0, 0.25, 0.05)
_FORGET_BIASES = (0.0, 1.0, 3.0)
_TALL = 20  # rows from which figures are explained
_LONGEST = 400  # characters of a text that gradients go through
_DECADES = 2  # of norms that the tint tells apart
_FRESH_SIZE = 128  # units of fresh networks at most, so that they answer at once


@dataclass(frozen=True)
class Training:
    """What a training would do to gradients.

    Attributes:
        truncation: steps back, or None for all.
        clip: the longest gradient, or None.
        forget_bias: of the fresh LSTM.
        fresh: whether fresh networks are laid over.
    """

    truncation: int | None = None
    clip: float | None = None
    forget_bias: float = 0.0
    fresh: bool = True


@dataclass(frozen=True)
class Curve:
    """How gradients fade in a network."""

    label: str
    decay: Decay
    dynamics: Dynamics


class GradientTool(TextTool):
    """Tints the text by what the prediction at the cursor depends on, and draws decays by lag."""

    NAME = "gradients"
    TITLE = "Gradients"
    NEEDS = "it asks what the next character depends on"
    SCOPE = "gradients"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("gradients")
    DEFAULT_CSS = """
    GradientTool #gradient-chart { height: 1fr; max-height: 18; }
    """

    class Connected(Message):
        """A thread found what the prediction depends on."""

        def __init__(self, found: Connectivity) -> None:
            super().__init__()
            self.found = found

        def can_replace(self, message: Message) -> bool:
            """An older one is out of date."""
            return isinstance(message, GradientTool.Connected)

    class Decayed(Message):
        """A thread followed the gradients back, or found out why it cannot."""

        def __init__(self, curves: list[Curve] | RnntermError) -> None:
            super().__init__()
            self.curves = curves

    def __init__(self) -> None:
        super().__init__()
        self._training = Training()
        self._target: Target | None = None
        self._curves: list[Curve] = []
        self._done: object = None
        self._connected: object = None
        self._fresh: dict[object, Reading] = {}

    def compose(self) -> ComposeResult:
        """What is predicted, the decays, and their figures."""
        yield Lines(id="gradient-head")
        yield Rows(id="gradient-chart")
        yield Lines(id="gradient-legend")

    def close(self) -> None:
        """Nobody waits for it any more."""
        self._connected = None
        self.workers.cancel_group(self, "connect")
        self.workers.cancel_group(self, "decay")

    def draw(self, *, is_other_scene: bool) -> None:
        """Follow the cursor with the tint, and the text with the decays."""
        reading = self.reading
        if self.scene is None or reading is None:
            return
        wanted = (reading, self.eye.step, self._target)
        if wanted != self._connected:
            self._connected = wanted
            self._connect(reading, self.eye.step, self._target)
        needed = (reading, self.scene.layer, self._training)
        if needed != self._done:
            self._done = needed
            self._follow_back(reading, self.scene.layer, self._training)

    # What it depends on

    @work(thread=True, exclusive=True, group="connect", description="")
    def _connect(self, reading: Reading, step: int, target: Target | None) -> None:
        worker = get_current_worker()
        has_next = step + 1 < len(reading)
        found = connectivity(reading, step, target if has_next else None)
        if not worker.is_cancelled:
            self.post_message(self.Connected(found))

    def on_gradient_tool_connected(self, message: Connected) -> None:
        """Tint the text."""
        message.stop()
        if self.scene is None or not self.is_open:
            return
        found = message.found
        shares = np.zeros(len(self.scene.reading))
        shares[: found.step + 1] = tints_of(found)
        chance = share(math.exp(found.log_probability))
        came = "likeliest next" if self._target == "likeliest" else "next"
        told = f"step {found.step + 1}: {came} {quoted(found.char)}, expected {chance}"
        rows: list[Row] = [[(told, "bold")]]
        rows += wrapped_rows("tint: |∂ log p / ∂ input| of each character, two decades",
                             self.size.width, "muted")  # fmt: skip
        self.query_one("#gradient-head", Lines).show(rows[:3])
        self.post_message(self.Tinted(f"what {quoted(found.char)} depends on", shares))

    # How gradients fade

    @work(thread=True, exclusive=True, group="decay", description="")
    def _follow_back(self, reading: Reading, layer: int, training: Training) -> None:
        worker = get_current_worker()
        curves: list[Curve] = []
        try:
            mine = _ending(reading)
            curves.append(_curve("this model", mine, layer, training))
            self.post_message(self.Decayed(list(curves)))
            for kind in _KINDS if training.fresh else ():
                if worker.is_cancelled:
                    return
                other = self._fresh_reading(kind, mine, training.forget_bias)
                curves.append(_curve(f"fresh {kind}", other, 0, training))
        except RnntermError as error:
            self.post_message(self.Decayed(error))
            return
        if not worker.is_cancelled:
            self.post_message(self.Decayed(curves))

    def _fresh_reading(self, kind: CellKind, mine: Reading, forget_bias: float) -> Reading:
        key = (kind, mine.text, mine.model.vocab.symbols, forget_bias if kind == "lstm" else 0.0)
        if key not in self._fresh:
            size = min(mine.model.spec.hidden_size, _FRESH_SIZE)
            model = fresh_model(kind, size, mine.model.vocab, forget_bias=key[3])
            self._fresh[key] = read_text(model, mine.text)
        return self._fresh[key]

    def on_gradient_tool_decayed(self, message: Decayed) -> None:
        """Draw the curves."""
        message.stop()
        if isinstance(message.curves, RnntermError):
            self._curves = []
            rows = wrapped_rows(str(message.curves), self.size.width, "warning")
            self.query_one("#gradient-legend", Lines).show(rows)
            self.query_one("#gradient-chart", Rows).show([])
            return
        self._curves = message.curves
        self._draw_curves()

    def on_resize(self) -> None:
        """Draw into another size."""
        self.call_after_refresh(self._draw_curves)

    def _draw_curves(self) -> None:
        rows = self.query_one("#gradient-chart", Rows)
        width, height = rows.size
        if not self._curves or not width or not height:
            return
        lines = [
            Line(
                Series.counted(np.where(curve.decay.norms > 0, curve.decay.norms, np.nan)),
                number + 1, _DASHES[number], _MARKS[number],
            )
            for number, curve in enumerate(self._curves)
        ]  # fmt: skip
        ascii_only = self.host.settings.ascii
        chart = line_chart(lines, width, height, log=True, ascii_only=ascii_only)
        rows.show(rows_of(chart.grid))
        legend: list[Row] = [[("‖∂L/∂h‖ by lag, log scale", "muted")]]
        for number, curve in enumerate(self._curves):
            label = f"{_sample_of(number, ascii_only)} {curve.label}"
            figures = _figures(curve)
            legend.append([(label, number + 1), (f"  {figures}", "")])
            if len(label) + len(figures) + 2 > width:
                legend[-1:] = [[(label, number + 1)], [(f"    {figures}", "")]]
        legend += wrapped_rows(_told(self._training), width, "muted")
        if self.size.height > _TALL:
            told = "×: per step back · ρ: spectral radius of ∂h′/∂h · f, z: mean keeping gate"
            legend += wrapped_rows(told, width, "muted")
        self.query_one("#gradient-legend", Lines).show(legend)

    # Actions

    def _turn(self, training: Training) -> None:
        self._training = training
        self.draw(is_other_scene=False)

    def action_truncation(self) -> None:
        """See the action table, as for all below."""
        self._turn(
            replace(self._training, truncation=_after(_TRUNCATIONS, self._training.truncation))
        )

    def action_clip(self) -> None:
        self._turn(replace(self._training, clip=_after(_CLIPS, self._training.clip)))

    def action_fresh(self) -> None:
        self._turn(replace(self._training, fresh=not self._training.fresh))

    def action_forget_bias(self) -> None:
        bias = _after(_FORGET_BIASES, self._training.forget_bias)
        self._turn(replace(self._training, forget_bias=bias))

    def action_target(self) -> None:
        self._target = "likeliest" if self._target is None else None
        self.draw(is_other_scene=False)


def tints_of(found: Connectivity) -> Array:
    """The norms as shares of the tint, on a log scale of two decades."""
    with np.errstate(divide="ignore"):
        decades = np.log10(found.shares)
    shares: Array = np.clip(1 + decades / _DECADES, 0, 1)
    return shares


def _ending(reading: Reading) -> Reading:
    """The end of a long text, read from a cold start."""
    return (
        reading if len(reading) <= _LONGEST else read_text(reading.model, reading.text[-_LONGEST:])
    )


def _curve(label: str, reading: Reading, layer: int, training: Training) -> Curve:
    found = decay(reading, layer, truncation=training.truncation, clip=training.clip)
    return Curve(label, found, dynamics(reading, layer, len(reading) // 2))


def _after(choices: tuple[_Choice, ...], here: _Choice) -> _Choice:
    return choices[(choices.index(here) + 1) % len(choices)]


def _figures(curve: Curve) -> str:
    told = []
    if not math.isnan(curve.decay.per_step):
        told.append(f"×{curve.decay.per_step:.2f} a step")
    told.append(f"ρ {curve.dynamics.spectral_radius:.2f}")
    if curve.dynamics.mean_gate is not None:
        told.append(f"{curve.dynamics.keeping_gate} {share(curve.dynamics.mean_gate)}")
    return " · ".join(told)


def _told(training: Training) -> str:
    truncation = "all the way" if training.truncation is None else f"{training.truncation} steps"
    clip = "no clipping" if training.clip is None else f"clipped at {training.clip:g}"
    bias = f" · forget bias {training.forget_bias:g}" if training.fresh else ""
    return f"{truncation} back · {clip}{bias}"


def _sample_of(number: int, ascii_only: bool) -> str:
    return _MARKS[number] if ascii_only else "━╍╌┈"[number]
