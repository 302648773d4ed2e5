"""The tool that walks through the classic hand computation, every weight of it editable."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from rnnterm.errors import RnntermError, UsageError
from rnnterm.explore.classic import EXAMPLES, ClassicNetwork, figure, weight_symbol
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.hidden.lines import Lines
from rnnterm.tui.hidden.pick_list import PickList
from rnnterm.tui.hidden.tool import Tool
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.widgets.rows import Row, Rows

_LABEL = 6


class TinyTool(Tool):
    """Two linear units that read x = 1, 2, 3; Enter changes the number under the cursor."""

    NAME = "tiny"
    TITLE = "Tiny network"
    SCOPE = "tiny"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("tiny")
    DEFAULT_CSS = """
    TinyTool #tiny-body { height: 1fr; layout: vertical; }
    TinyTool PickList { height: 10; }
    TinyTool #tiny-walk { width: 1fr; height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._example = next(iter(EXAMPLES))
        self._network = EXAMPLES[self._example]
        self._step = 0

    def compose(self) -> ComposeResult:
        """The equations, the numbers, and the walk."""
        yield Lines(id="tiny-head")
        with Container(id="tiny-body"):
            yield PickList()
            yield Rows(id="tiny-walk")

    def open(self) -> None:
        """Begin with the numbers."""
        self.screen.set_focus(self.query_one(PickList))
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Break the lines elsewhere."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        network = self._network
        rows: list[Row] = [[(f"{'x':<{_LABEL}}{' '.join(map(figure, network.xs))}", "")]]
        rows += [
            [(f"{weight_symbol(name, row, column):<{_LABEL}}{figure(value)}", "")]
            for name, row, column, value in network.weights()
        ]
        self.query_one(PickList).fill(rows)
        changed = "" if network == EXAMPLES[self._example] else ", changed"
        self.query_one("#tiny-head", Lines).show(
            [
                [("h = x wx + h wh    o = h wy    h₀ = 0", "bold")],
                [(f"{self._example}{changed} · ρ(wh) = {network.spectral_radius:.5g}", "muted")],
            ]
        )
        self._show_walk()

    def _show_walk(self) -> None:
        walk = self.query_one("#tiny-walk", Rows)
        steps = self._network.steps()
        self._step = min(self._step, len(steps) - 1)
        step = steps[self._step]
        rows: list[Row] = [
            [(f"step {step.number} of {len(steps)}", "bold"), (f"  x = {figure(step.x)}", "")]
        ]
        rows += [[(line, "")] for line in step.lines(max(20, walk.size.width))]
        norms = self._network.gradient_norms()
        told = f"‖∂o{len(steps)}/∂h{step.number}‖ = {norms[self._step]:.5f}"
        rows.append([(told, "muted")])
        walk.show(rows)

    def on_cursor_rows_moved(self, message: PickList.Moved) -> None:
        """Every number is in sight already."""
        message.stop()

    def on_pick_list_picked(self, message: PickList.Picked) -> None:
        """Change a number."""
        message.stop()
        if message.place == 0:
            self._ask_inputs()
        else:
            self._ask_weight(message.place - 1)

    def _ask_inputs(self) -> None:
        def take(answer: str | None) -> None:
            if answer is not None:
                self._take(self._network.with_inputs(read_numbers(answer)))

        spelled = " ".join(f"{x:g}" for x in self._network.xs)
        check = lambda text: self._network.with_inputs(read_numbers(text))  # noqa: E731
        self.app.push_screen(Ask("Which numbers shall it read?", spelled, check), take)

    def _ask_weight(self, place: int) -> None:
        name, row, column, value = list(self._network.weights())[place]

        def changed(text: str) -> ClassicNetwork:
            return self._network.with_weight(name, row, column, read_number(text))

        def take(answer: str | None) -> None:
            if answer is not None:
                self._take(changed(answer))

        question = f"What shall {weight_symbol(name, row, column)} be?"
        self.app.push_screen(Ask(question, repr(value), changed), take)

    def _take(self, network: ClassicNetwork) -> None:
        self._network = network
        self._show()

    # Actions

    def action_next_step(self) -> None:
        """See the action table, as for all below."""
        self._walk(1)

    def action_previous_step(self) -> None:
        self._walk(-1)

    def _walk(self, steps: int) -> None:
        self._step = max(0, min(self._step + steps, len(self._network.xs) - 1))
        self._show_walk()

    def action_example(self) -> None:
        names = list(EXAMPLES)
        self._example = names[(names.index(self._example) + 1) % len(names)]
        self._take(EXAMPLES[self._example])

    def action_reset(self) -> None:
        self._take(EXAMPLES[self._example])


def read_number(text: str) -> float:
    """The number that a person wrote; raises UsageError for anything else."""
    try:
        return float(text.strip().replace("−", "-").replace("_", "x"))
    except ValueError:
        raise UsageError(f"expected a number such as 0.5, not {text!r}") from None


def read_numbers(text: str) -> list[float]:
    """Numbers with blanks or commas between; raises RnntermError for none."""
    numbers = [read_number(part) for part in text.replace(",", " ").split()]
    if not numbers:
        raise RnntermError("give at least one number, such as 1 2 3")
    return numbers
