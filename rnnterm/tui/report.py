"""The app's log of its own failures, for bug reports: a person gets one line that names it."""

import os
import platform
import time
import traceback
from importlib.metadata import version
from pathlib import Path

_LARGEST = 1 << 20  # bytes; an older log is begun anew


def report_path() -> Path:
    """The log: `RNNTERM_LOG`, or `app.log` in the user's folder of logs."""
    named = os.environ.get("RNNTERM_LOG")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_log_path("rnnterm") / "app.log"


def write_report(error: BaseException) -> str:
    """Add a failure to the log; one line for the person, whether that worked or not."""
    path = report_path()
    told = f"rnnterm: {type(error).__name__}: {error}".split("\n")[0]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists() or path.stat().st_size > _LARGEST
        with path.open("w" if fresh else "a", encoding="utf-8", errors="replace") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S %z')} {_circumstances()}\n")
            log.writelines(traceback.format_exception(error))
            log.write("\n")
    except OSError as failure:
        return f"{told} (and {path} cannot be written: {failure.strerror})"
    return f"{told}; all about it, for a bug report, is in {path}"


def _circumstances() -> str:
    parts = [f"{name} {version(name)}" for name in ("rnnterm", "textual", "numpy")]
    parts += [f"python {platform.python_version()}", platform.platform(terse=True)]
    parts += [f"{name}={os.environ.get(name, '')}" for name in ("TERM", "COLORTERM", "TMUX")]
    return " · ".join(parts)
