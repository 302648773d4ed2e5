"""A training that is watched on a real pseudo-terminal, left, watched again and ended."""

import json
import os
import signal

import pytest
from installed import COMMAND, run_command
from person import Person

from rnnterm.runs.folder import runs_root
from rnnterm.runs.lock import is_locked, read_owner

SMALL = ["--hidden-size", "16"]
for value in ("batch_size=4", "bptt=16", "log_every=5", "sample_every=1s"):
    SMALL += ["--set", value]
QUESTION = "d detach, otter trains on"


@pytest.fixture
def sit_down():
    people = []

    def start(*arguments: str, **settings) -> Person:
        person = Person(COMMAND, list(arguments), **settings)
        people.append(person)
        return person

    yield start
    for person in people:
        person.child.close(force=True)


@pytest.fixture
def train(sit_down, tmp_path):
    """Begin a training of `otter` on a terminal, and wait until it goes."""
    text = tmp_path / "text.txt"
    text.write_text("the cat [/red] sat\x1b[31m on the mat. " * 150)

    def start(**settings) -> Person:
        person = sit_down(
            "train", str(text), "--name", "otter", "--time-budget", "20m", *SMALL, **settings
        )
        person.see("run otter", "train ", "chars/s")
        return person

    return start


def step() -> int:
    return json.loads(run_command("runs", "show", "otter", "--json").out)["step"]


def test_ctrl_c_asks_and_the_run_can_be_left_and_watched_again(train, sit_down):
    person = train()
    person.press("\x03")
    person.see(QUESTION)
    person.press("x", "g")
    before = step()
    person.see("wrote")  # it shows the training again
    person.press("\x03")
    while person.sent.count(QUESTION) < 2:
        person.see(QUESTION)
        person.sent += person.child.read_nonblocking(65536, timeout=30)
    person.press("d")
    assert "otter" in person.end()
    assert "it trains on; watch it with: rnnterm attach otter" in person.sent
    assert person.child.exitstatus == 0
    assert is_locked(runs_root() / "otter")

    watcher = sit_down("attach", "ott")
    lines = watcher.see("run otter · LSTM 1x16", "wrote", "sat␛[31m", "chars/s", "ETA")
    assert max(map(len, lines)) <= 80
    assert "sat\x1b[31m" not in watcher.sent
    watcher.press("\x03")
    said = watcher.end()
    assert watcher.child.exitstatus == 0
    assert "otter trains on" in said
    assert is_locked(runs_root() / "otter")
    assert step() > before

    assert run_command("pause", "otter").code == 0
    watcher = sit_down("attach", "otter", columns=120, rows=36)
    watcher.see("otter is paused at step", "rnnterm continue otter")
    assert run_command("stop", "otter").code == 0
    watcher.see("otter stopped", "--resume --name otter")
    watcher.end()
    assert watcher.child.exitstatus == 0


@pytest.mark.parametrize("answer", ["s", "\x03"])
def test_stop_saves_and_ends(train, answer):
    person = train()
    person.press("\x03")
    person.see(QUESTION, "s stop with a checkpoint")
    person.press(answer)
    person.see("otter stopped", "--resume --name otter")
    person.end()
    assert person.child.exitstatus == 130
    shown = json.loads(run_command("runs", "show", "otter", "--json").out)
    assert shown["state"] == "stopped"
    assert shown["checkpoints"][-1]["step"] == shown["step"] > 0


@pytest.mark.parametrize("asked", [False, True])
def test_sigterm_stops_without_asking(train, asked):
    person = train()
    if asked:
        person.press("\x03")
        person.see(QUESTION)
    person.child.kill(signal.SIGTERM)
    person.see("stopping with a checkpoint", "otter stopped")
    person.end()
    assert person.child.exitstatus == 130
    assert person.sent.count(QUESTION) == asked
    assert json.loads(run_command("runs", "show", "otter", "--json").out)["state"] == "stopped"


def test_a_second_ctrl_c_ends_at_once(train):
    person = train()
    owner = read_owner(runs_root() / "otter")
    os.kill(owner.pid, signal.SIGSTOP)  # a trainer in a very long step
    person.press("\x03")
    person.see(QUESTION)
    person.press("s")
    person.see("once more ends at once")
    person.press("\x03")
    person.see("was ended at step")
    person.end()
    assert person.child.exitstatus == 1
    assert not owner.is_alive_here()
    assert not is_locked(runs_root() / "otter")


def test_when_the_terminal_is_closed_the_run_trains_on(train):
    person = train()
    person.child.close(force=True)
    before = step()
    answer = json.loads(run_command("checkpoint", "otter", "--json").out)
    assert answer["step"] >= before
