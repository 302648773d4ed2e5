"""Requests and answers, where the log or the folder of requests is not as it should be."""

import os
import threading
import time

import pytest

from rnnterm.errors import RnntermError
from rnnterm.runs.control import Inbox, ask
from rnnterm.runs.events import Answered, Event, Failed, Finished
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.status import StatusWriter


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "mine")
    folder.path.mkdir()
    folder.control.mkdir()
    return folder


def train_without_log(run: RunFolder, locked: threading.Event, answer) -> None:
    """A trainer that can write its status alone; `answer` gives its words to a request."""
    with hold_lock(run.path):
        inbox = Inbox(run.control)
        locked.set()
        deadline = time.monotonic() + 30
        while not (requests := inbox.take()) and time.monotonic() < deadline:
            time.sleep(0.01)
        said = answer(requests[0])
        if said is not None:
            StatusWriter(run.status, 2).report(said)


def answered(run: RunFolder, verb: str, answer) -> Event:
    locked = threading.Event()
    trainer = threading.Thread(target=train_without_log, args=(run, locked, answer))
    trainer.start()
    try:
        assert locked.wait(30)
        return ask(run, verb)
    finally:
        trainer.join()


@pytest.mark.parametrize("verb", ["pause", "continue", "checkpoint"])
def test_without_a_log_the_status_tells_the_answer(run, verb):
    said = answered(run, verb, lambda request: Answered(7, request.verb, request.id))
    assert (said.step, said.request) == (7, verb)


def test_what_could_not_be_done_is_an_error(run):
    with pytest.raises(RnntermError, match="a full disk"):
        answered(run, "checkpoint", lambda asked: Answered(7, asked.verb, asked.id, "a full disk"))


@pytest.mark.parametrize(
    "end", [Finished("stopped", 9, 1.0, 2.0, None, None, 5.0), Failed("crashed", 9, "no memory")]
)
def test_without_a_log_the_status_tells_the_end(run, end):
    said = answered(run, "stop", lambda request: end)
    assert (type(said), said.step, said.reason) == (type(end), 9, end.reason)


def test_the_end_of_an_earlier_session_answers_nobody(run):
    StatusWriter(run.status, 1).report(Finished("stopped", 9, 1.0, 2.0, None, None, 5.0))
    with pytest.raises(RnntermError, match="ended before it could stop"):
        answered(run, "stop", lambda request: None)


def test_a_folder_among_the_requests_keeps_no_other_back(run):
    (run.control / "0.json").mkdir()
    (run.control / "1.json").write_text('{"request": "pause", "id": "a"}')
    assert [request.id for request in Inbox(run.control).take()] == ["a"]
    assert os.listdir(run.control) == ["0.json"]  # noqa: PTH208
