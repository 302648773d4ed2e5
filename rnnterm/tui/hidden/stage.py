"""The left side of the tab: the map over the chosen unit's line."""

from textual.app import ComposeResult
from textual.containers import Vertical

from rnnterm.plotting.heat import Look
from rnnterm.tui.hidden.scene import Eye, Scene
from rnnterm.tui.hidden.unit_line import UnitLine
from rnnterm.tui.hidden.unit_map import UnitMap


class Stage(Vertical, can_focus=True):
    """Keeps map and line on the same steps."""

    def __init__(self, *, look: Look, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look
        self._eye = Eye()
        self._units = 0

    def compose(self) -> ComposeResult:
        """Map and line."""
        yield UnitMap(look=self._look)
        yield UnitLine(ascii_only=self._look == "ascii")

    def show(self, scene: Scene, eye: Eye) -> None:
        """Show a scene with the cursor in it."""
        self._eye = eye
        self._units = len(scene.order)
        self._share_room()
        self.query_one(UnitMap).show(scene, eye)
        self._draw_line()

    def on_resize(self) -> None:
        """Share another height."""
        self._share_room()

    def _share_room(self) -> None:
        """What a map of few units leaves over is the line's."""
        needed = -(-self._units // (2 if self._look == "halves" else 1))
        is_few = 0 < 2 * needed <= self.content_size.height
        self.set_class(is_few, "-few")
        self.query_one(UnitMap).styles.height = needed if is_few else "1fr"

    def on_unit_map_drawn(self, message: UnitMap.Drawn) -> None:
        """The line follows the map."""
        message.stop()
        picture, scene = self.query_one(UnitMap).picture, message.part.scene
        if picture is not None:
            titles = f"units × time ({scene.name}) · by {scene.by}", picture.describe()
            if titles != (self.border_title, self.border_subtitle):  # setting it paints all
                self.border_title, self.border_subtitle = titles
        self._draw_line()

    def _draw_line(self) -> None:
        picture, unit = self.query_one(UnitMap).picture, self._eye.unit
        if picture is not None and unit < len(picture.part.scene.order):
            self.query_one(UnitLine).draw(picture, unit, self._eye.step)
