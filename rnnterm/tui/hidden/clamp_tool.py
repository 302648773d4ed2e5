"""The tool that takes units in hand: two samples side by side, and what the change costs."""

import time
from secrets import randbits

from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.intervention import (
    GRAMMAR,
    Effect,
    IntervenedModel,
    intervene,
    measure_effect,
    parse_interventions,
    side_by_side,
)
from rnnterm.explore.texts import open_text
from rnnterm.glyphs import visible
from rnnterm.nn.modelfile import Model
from rnnterm.plotting.cells import cell_text
from rnnterm.sampling.strategies import recipe_strategy
from rnnterm.tui.hidden.lines import Lines, wrapped_rows
from rnnterm.tui.hidden.tool import TextTool
from rnnterm.tui.widgets.rows import Row, Rows

_LENGTH = 600  # characters that each model writes
_SEED = 1_000  # characters of the text that they go on from
_SECONDS_BETWEEN_REPORTS = 0.1
_SIDE_BY_SIDE = 50  # columns from which two samples stand beside each other


class ClampTool(TextTool):
    """Asks what is to be done to which units; the same seed for both samples."""

    NAME = "clamp"
    TITLE = "Intervene"
    NEEDS = "it has a model write a text on"
    DEFAULT_CSS = """
    ClampTool Input { border: none; height: 1; padding: 0; background: $panel; }
    ClampTool Input:focus { border: none; }
    """

    class Wrote(Message):
        """Both models wrote a little more."""

        def __init__(self, model: IntervenedModel, plain: str, changed: str) -> None:
            super().__init__()
            self.model, self.plain, self.changed = model, plain, changed

    class Measured(Message):
        """What the change costs is known, or why it is not."""

        def __init__(self, effect: Effect | RnntermError, corpus: str) -> None:
            super().__init__()
            self.effect, self.corpus = effect, corpus

    def __init__(self) -> None:
        super().__init__()
        self._rng_seed = randbits(31)
        self._wrote: ClampTool.Wrote | None = None
        self._cost: list[Row] = []

    def compose(self) -> ComposeResult:
        """The field, what is done and what it costs, and the samples."""
        field = Input(placeholder="73=0.5")
        field.cursor_blink = False  # a screen at rest sends nothing
        yield field
        yield Lines(id="clamp-head")
        yield Rows(id="clamp-texts")

    def open(self) -> None:
        """Propose to silence the chosen unit."""
        field = self.query_one(Input)
        if not field.value or self._wrote is None:
            field.value = f"{self.eye.unit}=off"
        if self._wrote is None:
            self._lines.say(f"⏎ does it. Also: {GRAMMAR}", "muted")
        self.screen.set_focus(field)

    def close(self) -> None:
        """Nobody waits for it any more."""
        self.workers.cancel_group(self, "clamp")

    @property
    def _width(self) -> int:
        return max(12, self.size.width)

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong before says nothing now."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, if it can be done."""
        event.stop()
        reading = self.reading
        if reading is None:
            return
        try:
            found = parse_interventions(event.value, reading.model.spec, self.eye.layer)
            model = intervene(reading.model, found)
        except RnntermError as error:
            self._lines.say(str(error), "warning")
            return
        self._wrote, self._cost = None, [[("measuring what it costs …", "muted")]]
        self.query_one("#clamp-texts", Rows).show([])
        self._lines.show(self._head(model))
        seed = reading.text[: self.eye.step + 1][-_SEED:]
        self._write(reading.model, model, seed, self._rng_seed)

    @work(thread=True, exclusive=True, group="clamp", description="")
    def _write(self, model: Model, changed: IntervenedModel, seed: str, rng_seed: int) -> None:
        worker = get_current_worker()
        plain = other = ""
        told_at = time.monotonic()
        pairs = side_by_side(model, changed, seed, recipe_strategy(model, None), rng_seed)
        for number, (one, another) in enumerate(pairs, 1):
            plain, other = plain + one, other + another
            is_last = number == _LENGTH
            if is_last or time.monotonic() - told_at > _SECONDS_BETWEEN_REPORTS:
                if worker.is_cancelled:
                    return
                self.post_message(self.Wrote(changed, plain, other))
                told_at = time.monotonic()
            if is_last:
                break
        effect: Effect | RnntermError
        corpus = ""
        try:
            material, _ = open_text(model, part="val")
            corpus = material.corpus.name
            effect = measure_effect(model, changed, material.ids)
        except RnntermError as error:
            effect = error
        if not worker.is_cancelled:
            self.post_message(self.Measured(effect, corpus))

    def on_clamp_tool_wrote(self, message: Wrote) -> None:
        """Show both samples."""
        message.stop()
        self._wrote = message
        self._lines.show(self._head(message.model))
        self._show_texts()

    def on_clamp_tool_measured(self, message: Measured) -> None:
        """Show what it costs."""
        message.stop()
        effect = message.effect
        if isinstance(effect, RnntermError):
            told = f"its cost is not known: {effect}"
            self._cost = wrapped_rows(told, self._width, "warning")
        else:
            bits = f"{effect.bits:+.4f}".replace("-", "−")
            told = (
                f"{effect.before.bits:.3f} → {effect.after.bits:.3f} on the held-out part of "
                f"{message.corpus}, {effect.before.characters:,} characters"
            )
            self._cost = [[(f"{bits} bits per character", "bold")]]
            self._cost += wrapped_rows(told, self._width, "muted")
        if self._wrote is not None:
            self._lines.show(self._head(self._wrote.model))

    def _head(self, model: IntervenedModel) -> list[Row]:
        told = ", ".join(one.describe() for one in model.interventions[:3])
        more = len(model.interventions) - 3
        told += f" and {more} more" if more > 0 else ""
        return [*wrapped_rows(told, self._width, "bold")[:2], *self._cost]

    def on_resize(self) -> None:
        """Samples are broken elsewhere."""
        self.call_after_refresh(self._show_texts)

    def _show_texts(self) -> None:
        rows, wrote = self.query_one("#clamp-texts", Rows), self._wrote
        if wrote is None or not rows.size.height:
            return
        width, height = rows.size
        if width >= _SIDE_BY_SIDE:
            half = (width - 3) // 2
            left = _sample("untouched", wrote.plain, wrote.changed, half, height)
            right = _sample("changed", wrote.changed, wrote.plain, half, height)
            both = zip(left, right, strict=False)
            rows.show([[*one, (" │ ", "muted"), *other] for one, other in both])
        else:
            half = (height - 1) // 2
            above = _sample("untouched", wrote.plain, wrote.changed, width, half)
            below = _sample("changed", wrote.changed, wrote.plain, width, height - half - 1)
            rows.show([*above, [], *below])

    @property
    def _lines(self) -> Lines:
        return self.query_one("#clamp-head", Lines)


def _sample(name: str, text: str, other: str, width: int, height: int) -> list[Row]:
    """A sample in `height` rows of `width` columns; from where it leaves the other on it is bold.

    Characters that lines end with are shown: the two then stay comparable.
    """
    shared = next(
        (n for n, (one, another) in enumerate(zip(text, other, strict=False)) if one != another),
        min(len(text), len(other)),
    )
    rows: list[Row] = [[(name.ljust(width)[:width], "muted")]]
    cells = "".join(" " if char == " " else cell_text(visible(char))[:1] for char in text)
    for number in range(max(0, height - 1)):
        start = number * width
        line = cells[start : start + width]
        same = max(0, min(len(line), shared - start))
        rows.append([(line[:same], ""), (line[same:], "bold"), (" " * (width - len(line)), "")])
    return rows
