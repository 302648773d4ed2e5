"""Starting the app: what must be settled before Textual is imported."""

import os
import sys
from pathlib import Path

from rnnterm.errors import UsageError
from rnnterm.settings import Settings
from rnnterm.terminal import is_terminal
from rnnterm.threads import import_numpy_with_one_thread
from rnnterm.tui.keys import check_keys

_FRAMES, _FRAMES_OVER_SSH = 30, 15
_ESCAPE, _ESCAPE_OVER_SSH = 25, 50  # milliseconds in which the rest of a key's sequence arrives


def run_app(settings: Settings, runs: Path, model: str = "shakespeare") -> int:
    """Run the app until the person leaves it; returns the exit code.

    Raises UsageError without a terminal, or for settings that name no action.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)  # Textual draws on the last
    if not all(map(is_terminal, streams)) or os.environ.get("TERM") == "dumb":
        raise UsageError(
            "the app needs a terminal for its input and all its output; the commands do not: "
            "rnnterm --help"
        )
    check_keys(settings.keys)
    _prepare_environment(settings)
    from rnnterm.tui.app import RnntermApp

    app = RnntermApp(settings, runs, model)
    app.run()
    return app.return_code or 0


def is_remote() -> bool:
    """Whether the screen is at the other end of an SSH connection."""
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def _prepare_environment(settings: Settings) -> None:
    """What Textual and numpy read once, when they are imported."""
    frames = settings.fps or (_FRAMES_OVER_SSH if is_remote() else _FRAMES)
    os.environ["TEXTUAL_FPS"] = str(frames)
    os.environ.setdefault("ESCDELAY", str(_ESCAPE_OVER_SSH if is_remote() else _ESCAPE))
    if is_remote() or not settings.animation:
        os.environ["TEXTUAL_ANIMATIONS"] = "none"
        os.environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    import_numpy_with_one_thread()
