"""The app's log of its own failures, for bug reports: a person gets one line that names it."""

import os
import platform
import sys
import time
import traceback
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from rnnterm.errors import UsageError
from rnnterm.files import make_private_folder, open_to_append, user_path

_LARGEST = 1 << 20  # bytes; an older log is begun anew
_STDERR = "/dev/stderr"


def report_path() -> Path:
    """The log: `RNNTERM_LOG`, or `app.log` in the user's folder of logs."""
    named = os.environ.get("RNNTERM_LOG")
    if named:
        with suppress(UsageError):  # the home of nobody: a failure to tell must not fail itself
            return user_path(named)
        return Path(named)
    import platformdirs

    return platformdirs.user_log_path("rnnterm") / "app.log"


def write_report(error: BaseException) -> str:
    """Add a failure to the log; one line for the person, whether that worked or not."""
    path = report_path()
    told = f"rnnterm: {type(error).__name__}: {error}".split("\n")[0]
    if str(path) == os.devnull:
        return told
    lines = [f"{time.strftime('%Y-%m-%d %H:%M:%S %z')} {_circumstances()}\n"]
    lines += [*traceback.format_exception(error), "\n"]
    if str(path) == _STDERR:  # as a file it would be a link
        with suppress(OSError, ValueError):  # closed
            if sys.__stderr__ is not None:
                sys.__stderr__.write("".join(lines))
                sys.__stderr__.flush()
        return told
    try:
        make_private_folder(path.parent)
        with open_to_append(path) as log:  # no link is followed, no pipe waited for
            os.fchmod(log.fileno(), 0o600)  # what a person typed may be in it
            if os.fstat(log.fileno()).st_size > _LARGEST:
                log.truncate(0)
            log.write("".join(lines).encode(errors="replace"))
    except OSError as failure:
        return f"{told} (and {path} cannot be written: {failure.strerror})"
    return f"{told}; all about it, for a bug report, is in {path}"


def _circumstances() -> str:
    parts = [f"{name} {version(name)}" for name in ("rnnterm", "textual", "numpy")]
    parts += [f"python {platform.python_version()}", platform.platform(terse=True)]
    parts += [f"{name}={os.environ.get(name, '')}" for name in ("TERM", "COLORTERM", "TMUX")]
    return " · ".join(parts)
