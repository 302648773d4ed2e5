"""What the panel Training asks: which runs to draw beside, how much longer to train."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Button, SelectionList, Static
from textual.widgets.selection_list import Selection

from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.overview import summarize_run
from rnnterm.terminal import safe_line
from rnnterm.training.recipe import Recipe


class _Marks(SelectionList[str]):
    """A list whose marks differ by more than their colours."""

    def render_line(self, y: int) -> Strip:
        """One choice, begun by `[x]` or `[ ]`."""
        line = super().render_line(y)
        place = self.scroll_offset.y + y
        if place >= self.option_count:
            return line
        is_marked = self.get_option_at_index(place).value in self.selected
        prompt = list(line)[3:]
        style = (prompt[0].style or Style()) + Style(bold=is_marked, meta={"option": place})
        return Strip([Segment("[x]" if is_marked else "[ ]", style), *prompt])


class ChooseSome(ModalScreen[list[str]]):
    """Asks for some of a list of (id, label); leaving it takes what is marked."""

    DEFAULT_CSS = "ChooseSome SelectionList { height: auto; max-height: 14; border: none; }"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "done", "done")]

    def __init__(
        self, question: str, choices: Sequence[tuple[str, str]], chosen: Sequence[str]
    ) -> None:
        super().__init__()
        self._question, self._choices, self._chosen = question, choices, chosen

    def compose(self) -> ComposeResult:
        """The question over its list."""
        with Vertical(classes="dialog"):
            yield Static(safe_line(self._question), markup=False)
            yield _Marks(
                *(
                    Selection(Text(safe_line(label)), name, name in self._chosen)
                    for name, label in self._choices
                )
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button(Text("Done"), id="done", variant="primary")

    def on_button_pressed(self) -> None:
        """Take what is marked."""
        self.action_done()

    def action_done(self) -> None:
        """Take what is marked."""
        self.dismiss(list(self.query_one(SelectionList).selected))


def checkpoint_choices(run: RunFolder) -> list[tuple[str, str, str]]:
    """The checkpoints, the newest first: step, what to say of it, why it cannot be used."""
    facts = {}
    for checkpoint in CheckpointStore(run.checkpoints).all():
        try:
            facts[checkpoint.step] = checkpoint.facts()
        except RnntermError:  # the summary says so
            facts[checkpoint.step] = {}
    choices = []
    for kept in reversed(summarize_run(run).checkpoints):
        parts = [f"step {kept.step:>9,}"]
        for label in ("train", "val"):
            loss = facts.get(kept.step, {}).get(f"{label}_loss")
            told = f"{loss:.4f}" if isinstance(loss, float) else "–"
            parts.append(f"{label} {told:<6}")
        parts.append("★ best" if kept.best else "")
        parts.append("damaged" if kept.problem else "")
        choices.append((str(kept.step), "  ".join(filter(None, parts)), kept.problem or ""))
    return choices


class Budget:
    """The one limit of a run, which may be raised."""

    def __init__(self, recipe: Recipe) -> None:
        names = ("time_budget", "steps", "epochs")
        self.recipe = recipe
        self.name = next(name for name in names if getattr(recipe, name))
        self.spent: float = getattr(recipe, self.name)

    @property
    def suggestion(self) -> str:
        """Twice as much, as a person would write it."""
        return f"{2 * self.spent:.12g}" + ("s" if self.name == "time_budget" else "")

    @property
    def question(self) -> str:
        """What to ask."""
        unit = {"time_budget": "such as 5m", "steps": "in steps", "epochs": "in epochs"}[self.name]
        return f"How long shall it have trained in all, {unit}?"

    def check(self, text: str) -> None:
        """Raise UsageError unless the text is a larger budget."""
        more = getattr(self.recipe.with_values({self.name: text.strip()}), self.name)
        if more <= self.spent:
            raise UsageError("that much it has trained already: give it more")
