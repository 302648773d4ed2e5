"""The tab Hidden state: one cursor over what is read, a map of all units, and a tool beside it."""

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.dom import DOMNode
from textual.widgets import Static

from rnnterm.errors import UsageError
from rnnterm.nn.cells import Array
from rnnterm.plotting.heat import Look
from rnnterm.terminal import safe_line
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.hidden.clamp_tool import ClampTool
from rnnterm.tui.hidden.compare_tool import CompareTool
from rnnterm.tui.hidden.find_tool import FindTool
from rnnterm.tui.hidden.gates_tool import GatesTool
from rnnterm.tui.hidden.gradient_tool import GradientTool
from rnnterm.tui.hidden.info_line import InfoLine
from rnnterm.tui.hidden.match_tool import MatchTool
from rnnterm.tui.hidden.read_view import ReadView
from rnnterm.tui.hidden.scene import Eye
from rnnterm.tui.hidden.sources import SourcedBench
from rnnterm.tui.hidden.stage import Stage
from rnnterm.tui.hidden.step_rows import rows_of_reading
from rnnterm.tui.hidden.step_tool import StepTool
from rnnterm.tui.hidden.tiny_tool import TinyTool
from rnnterm.tui.hidden.tool import Tool
from rnnterm.tui.hidden.unit_map import UnitMap
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.widgets.rows import Rows

_MOST_ZOOM = 16
_TOOLS: tuple[type[Tool], ...] = (
    StepTool, FindTool, MatchTool, ClampTool, GradientTool, GatesTool, CompareTool, TinyTool,
)  # fmt: skip


class HiddenTab(SourcedBench):
    """Line of figures, text or series, map with the unit's line, and one tool.

    Where the screen is narrow, an open tool takes the map's place.
    """

    SCOPE = "hidden"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("hidden")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tool = StepTool.NAME
        self._tint: tuple[str, Array] | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom; the tools beside the stage."""
        yield InfoLine(id="hidden-info")
        yield ReadView()
        yield Static("", id="hidden-notice", markup=False)
        with Horizontal(id="hidden-body"):
            yield Stage(look=self._look, id="hidden-stage")
            with Vertical(id="hidden-tools"):
                for kind in _TOOLS:
                    yield kind()
        yield Rows(id="hidden-figures")

    @property
    def _look(self) -> Look:
        if self.host.settings.ascii:
            return "ascii"
        return "glyphs" if self.app.no_color else "halves"

    def on_mount(self) -> None:
        """The step is told beside the map, until another tool is opened."""
        for tool in self.query(Tool):
            tool.display = self._tool == tool.NAME
        self._tool_of(self._tool).is_open = True

    def take_focus(self) -> None:
        """Let keys go to the stage, unless something in this tab has them already."""
        if not self.has_focus_within:
            self.query_one(Stage).focus()

    def go_to(self, scope: str) -> DOMNode:
        """A tool that has this scope is opened."""
        for tool in self.query(Tool):
            if getattr(tool, "SCOPE", "") == scope:
                self.open_tool(tool.NAME)
                return tool
        return self

    # Showing

    def show_scene(self) -> None:
        """See `Bench.show_scene`."""
        if self.scene is None:
            return
        if self._tint is not None and len(self._tint[1]) != len(self.scene.reading):
            self._tint = None  # it was another text's
        if self._tool_of(self._tool).refusal(self.scene.reading):
            self._show_step()
        self._show_read()
        self._show_rest()

    def show_eye(self, before: Eye) -> None:
        """See `Bench.show_eye`."""
        if before.unit != self.eye.unit and self._tint is None:
            self._show_read()
        else:
            self.query_one(ReadView).point(self.eye)
        self._show_rest()

    def _show_read(self) -> None:
        """Show what was read, in the tool's tint or the unit's."""
        if self.scene is None:
            return
        shares = self._tint[1] if self._tint else self.scene.shares(self.eye.unit)
        self.query_one(ReadView).show(self.scene.reading, shares, self.eye)

    def _show_rest(self) -> None:
        scene, eye = self.scene, self.eye
        if scene is None:
            return
        self.query_one(Stage).show(scene, eye)
        self._tool_of(self._tool).show(scene, eye)
        self._show_figures()

    def _show_figures(self) -> None:
        scene, eye = self.scene, self.eye
        if scene is None or self.subject is None:
            return
        reading = scene.reading
        figures = [
            (self.subject.title, "model"),
            (f"{reading.LAYER} {eye.layer + 1}/{len(reading.layers)}", "layer"),
            (eye.name, "value"),
            (f"unit {eye.unit}", "unit"),
            (f"by {eye.by}", "sort"),
            (self.subject.label, "text"),
        ]
        if self._tint:
            figures.insert(1, (f"tint: {self._tint[0]}", "equations"))
        right = f"step {eye.step + 1:,}/{len(reading):,}"
        if eye.span is not None:
            right = f"{eye.span[1] - eye.span[0]} selected · {right}"
        self.query_one(InfoLine).tell(figures, right)
        line = self.query_one("#hidden-figures", Rows)
        if line.size.width:
            line.show([rows_of_reading(reading).in_a_line(eye, line.size.width)])

    def on_resize(self) -> None:
        """Figures fill another width; the other widgets see to themselves."""
        self.call_after_refresh(self._show_figures)

    def tell(self, notice: str) -> None:
        """See `Bench.tell`."""
        line = self.query_one("#hidden-notice", Static)
        if str(line.content) != safe_line(notice):
            line.update(safe_line(notice))
            line.display = bool(notice)

    # Tools

    def _tool_of(self, name: str) -> Tool:
        return next(tool for tool in self.query(Tool) if name == tool.NAME)

    def open_tool(self, name: str) -> None:
        """Show a tool beside the map, or in its place; one that is of no use here says so."""
        refusal = self._tool_of(name).refusal(self.scene.reading) if self.scene else ""
        if refusal:
            self.host.say(refusal)
            return
        if name != self._tool:
            old = self._tool_of(self._tool)
            old.is_open = old.display = False
            old.close()
            self._tool = name
            self._tint = None
            self._show_read()
        tool = self._tool_of(name)
        tool.is_open = tool.display = True
        tool.scene, tool.eye = self.scene, self.eye
        self.add_class("-tool")
        tool.open()
        if self.scene is not None:
            self.call_after_refresh(self._show_rest)

    def on_tool_pointed(self, message: Tool.Pointed) -> None:
        """Look where the tool means."""
        message.stop()
        eye = self.eye
        if message.unit is not None:
            eye = replace(eye, unit=message.unit)
        if message.step is not None and self.scene is not None:
            eye = eye.at_step(message.step, len(self.scene.reading))
        self.look(eye)

    def on_tool_tinted(self, message: Tool.Tinted) -> None:
        """Tint the text by what the tool found."""
        message.stop()
        self._tint = None if message.shares is None else (message.label, message.shares)
        self._show_read()
        self._show_figures()

    def on_tool_closed(self, message: Tool.Closed) -> None:
        """Show the step again, and on a narrow screen the map."""
        message.stop()
        self.action_close()

    def on_find_tool_scored(self, message: FindTool.Scored) -> None:
        """Put the units that follow the feature on top."""
        message.stop()
        self.sort_by_scores(message.scores)

    def on_match_tool_wanted(self, message: MatchTool.Wanted) -> None:
        """Read the place that was found."""
        message.stop()
        self.read_place(message.source, message.step)

    def on_compare_tool_wanted(self, message: CompareTool.Wanted) -> None:
        """Ask for the second model."""
        message.stop()
        if self.voice is None:
            return
        tool, name = self.query_one(CompareTool), self.voice.title
        self.ask_model(f"Compare {name} with which model?", lambda other: tool.take(other, name))

    # The mouse

    def on_read_view_pointed(self, message: ReadView.Pointed) -> None:
        """Go to the character or value."""
        message.stop()
        self._go(message.step, selecting=message.selecting)

    def on_unit_map_pointed(self, message: UnitMap.Pointed) -> None:
        """Go to the step and the unit."""
        message.stop()
        if self.scene is not None:
            eye = self.eye.at_step(message.step, len(self.scene.reading))
            self.look(replace(eye, unit=eye.unit if message.unit is None else message.unit))

    def on_unit_map_zoomed(self, message: UnitMap.Zoomed) -> None:
        """Zoom."""
        message.stop()
        self._zoom(message.by)

    def on_info_line_clicked(self, message: InfoLine.Clicked) -> None:
        """Do what the figure is for."""
        message.stop()
        getattr(self, f"action_{message.verb}")()

    # Moving

    def _go(self, step: int, *, selecting: bool = False) -> None:
        if self.scene is not None:
            self.look(self.eye.at_step(step, len(self.scene.reading), selecting=selecting))

    def _walk(self, steps: int, *, selecting: bool = False) -> None:
        self.stop_playing()
        self._go(self.eye.step + steps, selecting=selecting)

    def _zoom(self, by: int) -> None:
        closest = self.query_one(UnitMap).is_closest
        if by < 0 or not closest:
            self.look(replace(self.eye, zoom=max(0, min(self.eye.zoom + by, _MOST_ZOOM))))

    # Actions

    def action_next_step(self) -> None:
        """See the action table, as for all below."""
        self._walk(1)

    def action_previous_step(self) -> None:
        self._walk(-1)

    def action_next_line(self) -> None:
        self._walk(self.query_one(ReadView).line_length)

    def action_previous_line(self) -> None:
        self._walk(-self.query_one(ReadView).line_length)

    def action_first_step(self) -> None:
        self._walk(-self.eye.step)

    def action_last_step(self) -> None:
        self._walk(len(self.scene.reading) if self.scene else 0)

    def action_select_on(self) -> None:
        self._walk(1, selecting=True)

    def action_select_back(self) -> None:
        self._walk(-1, selecting=True)

    def action_next_unit(self) -> None:
        self._walk_units(1)

    def action_previous_unit(self) -> None:
        self._walk_units(-1)

    def _walk_units(self, rows: int) -> None:
        if self.scene is not None:
            self.look(replace(self.eye, unit=self.scene.neighbour(self.eye.unit, rows)))

    def action_unit(self) -> None:
        if self.scene is None:
            return
        count = self.scene.values.shape[1]

        def go(answer: str | None) -> None:
            if answer is not None:
                self.look(replace(self.eye, unit=read_unit(answer, count)))

        question = f"Which unit, from 0 to {count - 1}?"
        self.app.push_screen(Ask(question, check=lambda text: read_unit(text, count)), go)

    def action_value(self) -> None:
        if self.scene is not None:
            self.look(self.eye.next_name(self.scene.reading))

    def action_layer(self) -> None:
        if self.scene is not None:
            self.look(self.eye.next_layer(self.scene.reading))

    def action_sort(self) -> None:
        self.look(self.eye.next_order(has_scores=self.scores is not None))

    def action_zoom_in(self) -> None:
        self._zoom(1)

    def action_zoom_out(self) -> None:
        self._zoom(-1)

    def action_equations(self) -> None:
        self._toggle(StepTool.NAME)

    def action_find(self) -> None:
        self.open_tool(FindTool.NAME)

    def action_match(self) -> None:
        self.open_tool(MatchTool.NAME)

    def action_clamp(self) -> None:
        self.open_tool(ClampTool.NAME)

    def action_gradients(self) -> None:
        self._toggle(GradientTool.NAME)

    def action_gates(self) -> None:
        self._toggle(GatesTool.NAME)

    def action_compare(self) -> None:
        self.open_tool(CompareTool.NAME)

    def action_tiny(self) -> None:
        self._toggle(TinyTool.NAME)

    def _toggle(self, name: str) -> None:
        """Open a tool, or close it where it is open already."""
        if name == self._tool and self.has_class("-tool"):
            self.action_close()
        else:
            self.open_tool(name)

    def action_close(self) -> None:
        if self.eye.anchor is not None:
            self.look(replace(self.eye, anchor=None))
        else:
            self._show_step()
            self.query_one(Stage).focus()
            self.call_after_refresh(self._show_rest)

    def _show_step(self) -> None:
        """Show the step beside the map, where there is room, and the map where there is not."""
        if self._tool != StepTool.NAME:
            self.open_tool(StepTool.NAME)
        self.remove_class("-tool")


def read_unit(text: str, count: int) -> int:
    """The unit that a person means; raises UsageError for none of `count`."""
    spelled = text.strip()
    if not (spelled.isascii() and spelled.isdigit()) or int(spelled[:9]) >= count:
        raise UsageError(f"expected a whole number from 0 to {count - 1}, not {text!r}")
    return int(spelled)
