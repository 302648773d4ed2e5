"""The tool that plots how much of the time each unit's gates are shut or wide open."""

from textual.app import ComposeResult

from rnnterm.errors import RnntermError
from rnnterm.explore.saturation import measure_saturation, saturation_plot
from rnnterm.tui.hidden.lines import wrapped_rows
from rnnterm.tui.hidden.tool import Tool
from rnnterm.tui.widgets.chart import rows_of
from rnnterm.tui.widgets.rows import Row, Rows

_FEWEST_ROWS = 5


class GatesTool(Tool):
    """A plot a gate, a dot a unit; side by side where there is no room below each other."""

    NAME = "gates"
    TITLE = "Gate saturation"

    def compose(self) -> ComposeResult:
        """The plots."""
        yield Rows()

    def draw(self, *, is_other_scene: bool) -> None:
        """Draw the layer's gates."""
        rows = self.query_one(Rows)
        width, height = rows.size
        if self.scene is None or not width or not height:
            return
        try:
            gates = measure_saturation(self.scene.reading, self.scene.layer)
        except RnntermError as error:
            rows.show(wrapped_rows(str(error), width, "warning"))
            return
        ascii_only = self.host.settings.ascii
        told = wrapped_rows("→ share of steps above .9 · ↑ share below .1 · a dot a unit",
                            width, "muted")  # fmt: skip
        room = height - len(told)
        below = room // len(gates) > _FEWEST_ROWS
        shown: list[Row] = []
        if below:
            for gate in gates:
                plot = saturation_plot(gate, width, room // len(gates) - 1, ascii_only=ascii_only)
                shown += [[(f"{gate.gate}", "bold")], *rows_of(plot)]
        else:
            each = (width - 2 * (len(gates) - 1)) // len(gates)
            plots = [
                [[(gate.gate.ljust(each), "bold")],
                 *rows_of(saturation_plot(gate, each, room - 1, ascii_only=ascii_only))]
                for gate in gates
            ]  # fmt: skip
            for parts in zip(*plots, strict=True):
                row: Row = []
                for number, part in enumerate(parts):
                    row += [("  ", ""), *part] if number else part
                shown.append(row)
        rows.show([*told, *shown])

    def on_resize(self) -> None:
        """Draw into another size."""
        self.call_after_refresh(self.draw, is_other_scene=True)
