"""What stands beside the map: one tool at a time, each with a key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Vertical
from textual.message import Message

from rnnterm.explore.reading import Reading
from rnnterm.explore.unrolled import Unrolled
from rnnterm.nn.cells import Array
from rnnterm.terminal import safe_line
from rnnterm.tui.actions import actions_of
from rnnterm.tui.help import key_of
from rnnterm.tui.hidden.scene import Eye, Scene

if TYPE_CHECKING:
    from rnnterm.tui.app import RnntermApp


class Tool(Vertical, can_focus=True):
    """A tool; on a narrow screen it takes the place of the map.

    Attributes:
        NAME: of the action that opens it.
        TITLE: what stands in the border.
        scene, eye: what is looked at; None before anything is read.
        is_open: whether it is the one to be seen.
    """

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""

    @dataclass
    class Pointed(Message):
        """The tool means a step, or a unit, or both: the eye is to go there."""

        step: int | None = None
        unit: int | None = None

    class Tinted(Message):
        """The text is to be tinted by other values than the unit's, shape (T,), -1 to 1.

        `label` tells what they are; without one the text has the unit's again.
        """

        def __init__(self, label: str = "", shares: Array | None = None) -> None:
            super().__init__()
            self.label, self.shares = label, shares

    class Closed(Message):
        """The person is done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self.eye = Eye()
        self.is_open = False

    @property
    def host(self) -> "RnntermApp":
        """The app, by its own type."""
        return cast("RnntermApp", self.app)

    def on_mount(self) -> None:
        """Show the title, and the keys that are the tool's own."""
        self.border_title = self.TITLE
        own = actions_of(getattr(self, "SCOPE", ""))
        self.border_subtitle = " · ".join(
            safe_line(f"{key_of(action.name, self.host.settings)} {action.label}") for action in own
        )

    def refusal(self, reading: Unrolled) -> str:
        """Why it cannot be used on what was read; empty where it can."""
        del reading
        return ""

    def show(self, scene: Scene, eye: Eye) -> None:
        """Follow another scene, or the eye; called while the tool is open."""
        before, self.scene, self.eye = self.scene, scene, eye
        self.draw(is_other_scene=before is not scene)

    def draw(self, *, is_other_scene: bool) -> None:
        """Draw what `scene` and `eye` are now."""

    def open(self) -> None:
        """It can be seen from now on; keys go to it."""
        self.screen.set_focus(self)

    def close(self) -> None:
        """It cannot be seen any more."""


class TextTool(Tool):
    """A tool for texts alone; it is not open while a series is looked at.

    Attributes:
        NEEDS: what it does with a text, such as `it follows features of characters`.
    """

    NEEDS: ClassVar[str] = ""

    @property
    def reading(self) -> Reading | None:
        """The text that is looked at, as it was read."""
        return None if self.scene is None else text_of(self.scene)

    def refusal(self, reading: Unrolled) -> str:
        """See `Tool.refusal`."""
        if isinstance(reading, Reading):
            return ""
        return f"{self.TITLE} is not for a series: {self.NEEDS}"


def text_of(scene: Scene) -> Reading | None:
    """The text of a scene, as it was read; None of a series."""
    return scene.reading if isinstance(scene.reading, Reading) else None
