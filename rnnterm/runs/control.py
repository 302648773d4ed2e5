"""Requests to a trainer: small files that anyone leaves in the run's `control/`.

A request is written under a hidden name and renamed, so the trainer never meets half of one. The
trainer takes it away, does it, and says so in the metrics log with the request's id.
"""

import json
import os
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rnnterm.errors import RnntermError
from rnnterm.files import check_real_folder, failing_as, read_json, remove, replace_file
from rnnterm.runs.entries import check_folder, make_folder
from rnnterm.runs.events import Answered, Event, Failed, Finished
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import is_trained, read_owner
from rnnterm.runs.metrics import LogTail
from rnnterm.runs.silence import silence_of
from rnnterm.runs.status import read_status

REQUESTS = ("pause", "continue", "stop", "checkpoint")

_LARGEST_REQUEST = 1 << 16  # bytes
_LONGEST_ID = 100
_SECONDS_BETWEEN_LOOKS = 0.05
_SECONDS_BETWEEN_POLLS = 0.02
_SECONDS_BETWEEN_DOUBTS = 0.5


@dataclass(frozen=True)
class Request:
    """Something that a trainer is asked to do: one of `REQUESTS`."""

    verb: str
    id: str


class Inbox:
    """The trainer's side: takes requests away, the oldest first."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._looked = -1.0

    def open(self) -> None:
        """Begin a session: whatever was asked of an earlier one is void.

        Raises RnntermError where there can be no folder of requests, or it is a link to one.
        """
        check_folder(self._folder)
        with suppress(OSError):  # what cannot be removed is passed over when it is taken
            remove(self._folder)
        with failing_as("cannot take requests"):
            make_folder(self._folder)

    def take(self) -> list[Request]:
        """What was asked since the last time; looks at most twenty times a second."""
        now = self._clock()
        if now - self._looked < _SECONDS_BETWEEN_LOOKS:
            return []
        self._looked = now
        waiting: list[Path] = []
        with suppress(OSError):  # a folder that is gone, or exchanged for a link, holds no requests
            check_real_folder(self._folder)
            waiting = sorted(self._folder.glob("[!.]*.json"))
        taken = []
        for path in waiting:
            request = _read(path)
            with suppress(OSError):  # what cannot be taken away would be done again and again
                path.unlink(missing_ok=True)
                if request is not None:
                    taken.append(request)
        return taken


def send_request(run: RunFolder, verb: str) -> str:
    """Leave a request for the run's trainer; returns its id.

    Where the folder cannot be written, a trainer on this machine still hears `stop`, by a signal.
    Raises RnntermError if the run has no trainer now, or it cannot be asked.
    """
    if not is_trained(run.path):
        raise RnntermError(f"run {run.name} is not being trained: nobody would answer")
    request = Request(verb, secrets.token_hex(4))
    path = run.control / f"{time.time_ns():020}-{request.id}.json"
    try:
        check_folder(run.control)
        replace_file(path, json.dumps({"request": verb, "id": request.id}).encode(), private=True)
    except (OSError, RnntermError) as error:
        if not (verb == "stop" and _signal_owner(run)):
            reason = getattr(error, "strerror", None) or error
            raise RnntermError(f"cannot ask run {run.name}: {reason}: {run.control}") from None
    return request.id


def _signal_owner(run: RunFolder) -> bool:
    """Ask the run's trainer to save and end; False where it is out of reach."""
    owner = read_owner(run.path)
    if owner is None or not owner.is_alive_here():
        return False
    try:
        os.kill(owner.pid, signal.SIGTERM)
    except OSError:
        return False
    return True


def ask(run: RunFolder, verb: str, patience: float = 60.0) -> Event:
    """Send a request and wait for its answer; `stop` is answered by the end of the session.

    Returns the Answered event, or for `stop`, once the run is free, the session's last. Raises
    RnntermError if the trainer could not do it, ends without an answer, gives no sign of life, or
    no answer in `patience` seconds: one step may take long.
    """
    ear = _Ear(run)
    request = send_request(run, verb)
    end: Event | None = None
    deadline = time.monotonic() + patience
    doubted = time.monotonic()
    while time.monotonic() < deadline:
        alive = is_trained(run.path)  # asked before reading: what it said last is then in the log
        for event in ear.hear():
            if verb == "stop" and isinstance(event, Finished | Failed):
                end = event
            if verb != "stop" and isinstance(event, Answered) and event.id == request:
                if event.failure is not None:
                    raise RnntermError(event.failure)
                return event
        if not alive and end is not None:
            return end
        if not alive:
            raise RnntermError(f"run {run.name} ended before it could {verb}")
        if time.monotonic() - doubted > _SECONDS_BETWEEN_DOUBTS:
            doubted = time.monotonic()
            if silence := silence_of(run):
                raise RnntermError(
                    f"run {run.name} is {silence.describe()}; the request stands until then"
                )
        time.sleep(_SECONDS_BETWEEN_POLLS)
    raise RnntermError(
        f"run {run.name} has not answered for {patience:.0f} s; it will when its step is done"
    )


class _Ear:
    """Hears what a trainer says from now on."""

    def __init__(self, run: RunFolder) -> None:
        self._run, self._before, self._tail = run, read_status(run.status), LogTail(run.metrics)
        self._tail.skip_to_end()

    def hear(self) -> list[Event]:
        """What was said since the last time; where the log cannot be written, the status tells."""
        status = read_status(self._run.status)
        entries, _ = self._tail.read()
        told = status.last_words() if status and status != self._before else []
        return [*told, *(entry.event for entry in entries)]


def _read(path: Path) -> Request | None:
    try:
        values = read_json(path, _LARGEST_REQUEST)
        verb, number = values["request"], values["id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if verb not in REQUESTS or not isinstance(number, str) or len(number) > _LONGEST_ID:
        return None
    return Request(verb, number)
