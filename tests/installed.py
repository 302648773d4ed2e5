"""The installed command, run as people run it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("rnnterm"))


@dataclass
class Answer:
    code: int
    out: str
    err: str


def run_command(*arguments, stdin: bytes = b"", env=None, cwd=None) -> Answer:
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=os.environ | (env or {}),
        cwd=cwd,
        timeout=120,
        check=False,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())
