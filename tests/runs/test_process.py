"""Processes that were started, and how they are ended."""

import subprocess
import sys

import psutil
import pytest

from rnnterm.runs.folder import RunFolder
from rnnterm.runs.process import TrainerProcess

LAUNCHER = """
import subprocess, sys
sleeper = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(1000)"]
subprocess.Popen(sleeper).wait()
"""


@pytest.fixture
def launched(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout.readline() == b"up\n"
    yield TrainerProcess(process, RunFolder(tmp_path))
    for left in [*psutil.Process().children(recursive=True)]:
        left.kill()
    process.stdout.close()
    process.wait()


def test_at_once_ends_everything_that_was_started(launched):
    (worker,) = psutil.Process(launched.process.pid).children()
    launched.end_at_once()
    assert launched.process.returncode < 0
    gone, alive = psutil.wait_procs([worker], timeout=30)
    assert (gone, alive) == ([worker], [])
