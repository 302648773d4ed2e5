"""Starting a trainer as a process of its own, which nothing that happens to a screen can end."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.control import send_request
from rnnterm.runs.folder import RunFolder

_SECONDS_TO_CLEAN_UP = 5.0
_LAST_WORDS = 2000  # characters of a failed trainer's standard error


@dataclass(frozen=True)
class TrainerProcess:
    """A trainer that was started by this process, and the run that it owns."""

    process: "subprocess.Popen[bytes]"
    run: RunFolder

    @property
    def pid(self) -> int:
        """The process that trains; with several, the one that leads."""
        return self.process.pid

    def stop(self) -> None:
        """Ask for a checkpoint and an end."""
        with suppress(RnntermError):  # it has ended by itself
            send_request(self.run, "stop")

    def end_at_once(self) -> None:
        """End it without a checkpoint, and all processes that it started."""
        _end_at_once(self.process)


def start_trainer(
    request: str,
    nproc: int = 1,
    interruptible: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> TrainerProcess:
    """Start a trainer and wait until it holds its run.

    It gets a session of its own, no terminal, and /dev/null for standard input; its standard error
    goes to the run's `train.log` once there is one. `request` is what `rnnterm.training` takes as
    its argument. Where waiting raises something, as `interruptible` may let it, the trainer ends.

    Raises RnntermError or UsageError as the trainer does that cannot begin.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "rnnterm.training", request, str(nproc)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            with process.stdout as answers, interruptible():
                answer = _first_answer(answers)
        except BaseException:  # interrupted before it began: nobody would know of it
            _end_soon(process)
            raise
        if "run" in answer:
            return TrainerProcess(process, RunFolder(Path(str(answer["run"]))))
        code = process.wait()
        if "error" in answer:
            failure = UsageError if answer["exit_code"] == UsageError.exit_code else RnntermError
            raise failure(str(answer["error"]))
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()[-_LAST_WORDS:].splitlines()
        last = f": {said[-1]}" if said else ""
        raise RnntermError(f"the trainer ended with {code} before it began{last}")


def answer_starter(answer: dict[str, str | int]) -> None:
    """The trainer's side: say once, on standard output, how the start went."""
    try:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        pass  # whoever started it is gone, which changes nothing


def _end_soon(process: "subprocess.Popen[bytes]") -> None:
    """Let a process clean up and end; at once if that takes long."""
    process.terminate()
    try:
        process.wait(_SECONDS_TO_CLEAN_UP)
    except subprocess.TimeoutExpired:
        _end_at_once(process)


def _end_at_once(process: "subprocess.Popen[bytes]") -> None:
    """End a trainer and the processes that it started, which share its session and group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _first_answer(stream: IO[bytes]) -> dict[str, str | int]:
    """The first line that is an answer; a library may have its say before."""
    for line in stream:
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict) and ("run" in answer or "error" in answer):
            return answer
    return {}
