"""The panel Model: every value of the recipe, explained, checked as it is typed."""

import math
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.widgets import Input, Static

from rnnterm.errors import RnntermError, UsageError
from rnnterm.terminal import safe_line
from rnnterm.text.corpus import Corpus
from rnnterm.training.estimate import estimate_training, matrix_speed
from rnnterm.training.fitting import fit
from rnnterm.training.recipe import Recipe, bundled_recipes, load_recipe
from rnnterm.tui.messages import RecipeChanged
from rnnterm.tui.open_dialog import OpenDialog
from rnnterm.tui.panel import Panel, bindings_for
from rnnterm.tui.text import model_rows
from rnnterm.tui.text.model_field import ValueInput
from rnnterm.tui.text.model_recipes import offer_recipe, open_recipe
from rnnterm.tui.widgets.value_form import ValueForm

_WIDE = 60  # columns from which figures share lines


class ModelPanel(Panel):
    """A form over the recipe; what is good at once becomes the recipe of the next training."""

    DEFAULT_CSS = """
    ModelPanel .panel-body { layers: form field; }
    ModelPanel .model-meaning { color: $foreground-muted; }
    ModelPanel .model-meaning { height: auto; min-height: 2; max-height: 4; }
    ModelPanel .model-meaning.-error { color: $text-error; }
    ModelPanel .model-figures { height: auto; }
    """

    TITLE = "Model"
    SCOPE = "model"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("model")

    def __init__(self) -> None:
        super().__init__()
        self._original = self._recipe = load_recipe()
        self._corpus: Corpus | None = None
        self._speed = math.nan  # of matrix products here; NaN until it is measured
        self._every = False
        self._edited = ""  # the value that the field is open for; "" where it is closed

    @property
    def recipe(self) -> Recipe:
        """The values as they are now; all of them are good."""
        return self._recipe

    def compose_body(self) -> ComposeResult:
        """The form, the meaning of its value, and what comes of all of them."""
        yield ValueForm()
        yield Static("", classes="model-meaning", markup=False)
        yield Static("", classes="model-figures", markup=False)
        yield ValueInput(select_on_focus=False, compact=True)

    def on_mount(self) -> None:
        """Show the recipe, and measure how fast this machine is."""
        self._accept(self._recipe)
        self._measure_speed()
        self.watch(self.query_one(ValueForm), "scroll_y", self._place_field, init=False)

    def use_corpus(self, corpus: Corpus) -> None:
        """The network's size, the time, and what is fitted follow from the text."""
        self._corpus = corpus
        if fit(self._recipe, corpus) == self._recipe:
            self._tell_figures()
        else:
            self._accept(self._recipe)

    @work(thread=True)
    def _measure_speed(self) -> None:
        self.app.call_from_thread(self._take_speed, matrix_speed())

    def _take_speed(self, speed: float) -> None:
        self._speed = speed
        self._tell_figures()

    # Showing

    def _accept(self, recipe: Recipe) -> None:
        """Take other values, and tell the rest of the app."""
        self._recipe = fit(recipe, self._corpus) if self._corpus else recipe
        self._show()
        self._tell_figures()
        self.post_message(RecipeChanged(self._recipe))

    def _show(self) -> None:
        rows = model_rows.form_rows(self._recipe, self._original, every=self._every)
        self.query_one(ValueForm).show(rows)
        self._tell_meaning()

    def _tell_meaning(self, error: str = "") -> None:
        name = self._current
        lines = [model_rows.explained(name)]
        options = model_rows.choices(name)
        if options:
            now = model_rows.spelled(self._recipe, name)
            lines.append(
                "‹ › " + " ".join(f"[{each}]" if each == now else each for each in options)
            )
        elif name == model_rows.RECIPE:
            changed = model_rows.changed_names(self._recipe, self._original)
            lines += [f"changed: {', '.join(changed)}"] * bool(changed)
        elif name in model_rows.changed_names(self._recipe, self._original):
            usual = model_rows.usual(self._original, name)
            lines.append(f"{self._original.name}: {usual} ({self.key_of('model.reset')})")
        elif name in self._recipe.fitted and self._corpus is not None:
            lines.append("chosen for this budget and text")
        meaning = self.query_one(".model-meaning", Static)
        meaning.set_class(bool(error), "-error")
        meaning.update(self._joined([error] if error else lines))

    def _tell_figures(self) -> None:
        lines, key_figure = self._figures()
        self.query_one(".model-figures", Static).update(self._joined(lines))
        self.key_figure = safe_line(key_figure)

    def _joined(self, lines: list[str]) -> str:
        """Safe lines, the first two side by side where there is room."""
        safe = list(map(safe_line, lines))
        if self.size.width >= _WIDE:
            safe = [" · ".join(safe[:2]), *safe[2:]]
        return "\n".join(safe)

    def _figures(self) -> tuple[list[str], str]:
        """What the values come to with this text, at length and in short."""
        kind = f"{self._recipe.cell.upper()} {self._recipe.num_layers}x{self._recipe.hidden_size}"
        if self._corpus is None or math.isnan(self._speed):
            return ["measuring …"], kind
        try:
            estimate = estimate_training(self._recipe, self._corpus, self._speed)
        except RnntermError as error:
            return [str(error)], f"{kind} · {error}"
        size, outcome = model_rows.told_size(estimate), model_rows.told_outcome(estimate)
        cost = model_rows.told_cost(estimate)
        return [size, cost, outcome], f"{kind} · {size}"

    def on_resize(self, event: Resize) -> None:
        """Share the lines out anew; a field would lie in a wrong place."""
        self._close()
        self._tell_meaning()
        self._tell_figures()

    # Changing a value

    @property
    def _current(self) -> str:
        return self.query_one(ValueForm).cursor.name

    @property
    def _field(self) -> ValueInput:
        return self.query_one(ValueInput)

    def _change(self, values: dict[str, Any]) -> bool:
        """Take values if they are good; else tell what is wrong with them."""
        try:
            recipe = self._recipe.with_values(values)
        except UsageError as error:
            self._tell_meaning(str(error))
            return False
        if recipe != self._recipe:
            self._accept(recipe)
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check what is typed."""
        if self._edited:
            self._check(event.value)

    def _check(self, text: str) -> None:
        error = ""
        try:
            self._recipe.with_values({self._edited: text.strip()})
        except UsageError as found:
            error = str(found)
        self._field.set_class(bool(error), "-wrong")
        self._tell_meaning(error)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed, if it is good."""
        self._leave(take=True)

    def on_value_input_left(self, message: ValueInput.Left) -> None:
        """Go on to another value, or back to the form."""
        if self._leave(take=message.take) and message.step:
            self._move(message.step)

    def on_input_blurred(self, event: Input.Blurred) -> None:
        """Whoever goes elsewhere means what was typed, if it is good."""
        if self._edited and self.app.app_focus:
            if not self._field.has_class("-wrong"):
                self._take_typed()
            self._close()

    def _leave(self, *, take: bool) -> bool:
        """Close the field; False where what is typed is wrong and the field stays."""
        if take and not self._take_typed():
            return False
        self._close()
        return True

    def _take_typed(self) -> bool:
        """Take what is in the field, if that is another value; False where it is wrong."""
        typed = self._field.value.strip()
        same = typed == model_rows.spelled(self._recipe, self._edited)
        return same or self._change({self._edited: typed})

    def _close(self) -> None:
        if self._edited:
            self._edited = ""
            if self._field.has_focus:
                self.screen.set_focus(self)  # at once: keys may have come in a burst
            self._field.display = False
            self._tell_meaning()

    def _move(self, step: int) -> None:
        self.query_one(ValueForm).move(step)
        self._tell_meaning()

    def _cycle(self, step: int) -> None:
        options = model_rows.choices(self._current)
        if options:
            place = options.index(model_rows.spelled(self._recipe, self._current))
            self._change({self._current: options[(place + step) % len(options)]})

    def on_value_form_row_clicked(self, message: ValueForm.RowClicked) -> None:
        """A click selects, a second one edits."""
        self._close()
        self._tell_meaning()
        if message.again:
            self.action_edit()

    # Actions

    def action_edit(self) -> None:
        if self._current == model_rows.RECIPE:
            self.action_recipe()
        elif model_rows.choices(self._current):
            self._cycle(1)
        else:
            self._open_field()

    def _open_field(self) -> None:
        field = self._field
        field.remove_class("-wrong")
        field.value = model_rows.spelled(self._recipe, self._current)
        field.cursor_position = len(field.value)
        field.display = True
        self._edited = self._current
        self._place_field()
        self.screen.set_focus(field)

    def _place_field(self) -> None:
        """Keep the field over its row, or close it when that is scrolled away."""
        form = self.query_one(ValueForm)
        if not 0 <= form.cursor_line < max(1, form.size.height):
            self._close()
        self._field.styles.offset = (form.name_columns, form.cursor_line)
        self._field.styles.width = form.scrollable_content_region.width - form.name_columns

    def action_next_choice(self) -> None:
        self._cycle(1)

    def action_previous_choice(self) -> None:
        self._cycle(-1)

    def action_next_value(self) -> None:
        self._move(1)

    def action_previous_value(self) -> None:
        self._move(-1)

    def action_toggle_all(self) -> None:
        self._every = not self._every
        self._show()

    def action_reset(self) -> None:
        if self._current != model_rows.RECIPE:
            self._change(model_rows.reset_values(self._recipe, self._original, self._current))

    def action_recipe(self) -> None:
        changed = len(model_rows.changed_names(self._recipe, self._original))
        lost = f" It takes the place of {changed} changed values." if changed else ""
        self.app.push_screen(
            OpenDialog(
                f"Which recipe?{lost}",
                [offer_recipe(name) for name in bundled_recipes()],
                open_recipe,
                chosen=self._original.name,
                suffix=".toml",
            ),
            self._take_recipe,
        )

    def _take_recipe(self, recipe: Recipe | None) -> None:
        if recipe is not None:
            self._original = recipe
            self._accept(recipe)
