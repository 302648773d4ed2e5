"""The tool that tells everything about the step under the cursor."""

from textual.app import ComposeResult

from rnnterm.tui.hidden.step_rows import step_rows
from rnnterm.tui.hidden.tool import Tool
from rnnterm.tui.widgets.rows import Rows


class StepTool(Tool):
    """Equations with their numbers, surprise, and what is expected next."""

    NAME = "equations"
    TITLE = "Step"

    def compose(self) -> ComposeResult:
        """Rows."""
        yield Rows()

    def draw(self, *, is_other_scene: bool) -> None:
        """See `Tool.draw`."""
        rows = self.query_one(Rows)
        width, height = rows.size
        if self.scene is not None and width and height:
            ascii_only = self.host.settings.ascii
            reading = self.scene.reading
            rows.show(step_rows(reading, self.eye, width, height, ascii_only=ascii_only))

    def on_resize(self) -> None:
        """Fill the new size."""
        self.call_after_refresh(self.draw, is_other_scene=False)
