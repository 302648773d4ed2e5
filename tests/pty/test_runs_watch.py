"""`rnnterm runs` on a real pseudo-terminal: the live table, and what asks before it deletes."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
from installed import COMMAND
from person import PATIENCE, Person

from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunConfig, RunFolder, runs_root
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.records import record_to_json
from rnnterm.runs.status import RunStatus

SGR_COLOR = re.compile(r"\x1b\[(?:\d;)*[39]\d[;\d]*m")
TOP_LEFT = "\x1b[1;1H"


def add_run(name: str, **status) -> RunFolder:
    """A run of which only the table can be asked."""
    run = RunFolder(runs_root() / name)
    run.path.mkdir(parents=True)
    run.metrics.touch()
    known = {"name": "text", "source": "text", "sha256": "0", "characters": 9, "symbols": 3}
    run.write_config(RunConfig(name, "2024-01-01T00:00:00+00:00", known, {"name": "fast"}))
    CheckpointStore(run.checkpoints).save(
        1, {"model.safetensors": b"-", "trainer.safetensors": b"-"}, {}, best=True
    )
    tell(run, **status)
    return run


def tell(run: RunFolder, **status) -> None:
    """Let its status say so."""
    told = RunStatus(**({"state": "finished", "time": time.time(), "network": "LSTM"} | status))
    temporary = run.path / "new"
    temporary.write_text(json.dumps({"version": 1} | record_to_json(told)))
    temporary.replace(run.status)


@pytest.fixture
def sit_down():
    people = []

    def start(*arguments: str, **settings) -> Person:
        person = Person(COMMAND, ["runs", *arguments], **settings)
        people.append(person)
        return person

    yield start
    for person in people:
        person.child.close(force=True)


@pytest.mark.parametrize("leave", ["q", "\x03"])
def test_watch_shows_what_changes_and_gives_the_terminal_back(sit_down, leave):
    run = add_run("otter", step=7, train_loss=1.25)
    person = sit_down("--watch")
    lines = person.see("otter", "1 run ·", "q quits")
    row = next(line for line in lines if line.startswith("otter"))
    assert row.split()[1:4] == ["finished", "7", "0%"]
    tell(run, step=77)
    person.see(" 77 ")
    add_run("owl")
    person.see("2 runs ·", "owl")
    person.press("x", leave)
    assert person.end() == ""
    assert person.child.exitstatus == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_give_the_terminal_back(sit_down, number):
    add_run("otter")
    person = sit_down("--watch")
    person.see("otter")
    person.child.kill(number)
    assert person.end() == ""
    assert person.child.exitstatus == 128 + number


def test_watch_needs_no_runs_and_takes_any_size(sit_down):
    person = sit_down("--watch")
    person.see("no runs in", "othello --time-budget 1m")
    for number in range(30):
        add_run(f"otter-{number}", step=number)
    person.see("30 runs ·", "more lines")
    assert max(map(len, person.lines())) <= 80
    for columns, rows in ((1, 1), (20, 3), (200, 50), (120, 36)):
        person.resize(columns, rows)
    person.see("otter-29", "network")
    person.press("q")
    assert person.end() == ""
    assert person.child.exitstatus == 0


def test_colours_only_where_they_are_wanted(sit_down):
    run = add_run("otter", state="running")
    for arguments in (["--watch"], []):
        for wanted in (True, False):
            with hold_lock(run.path):
                env = {} if wanted else {"NO_COLOR": "1"}
                person = sit_down(*arguments, env=env)
                person.see("otter", "running")
                person.press("q")
                person.end()
            assert bool(SGR_COLOR.search(person.sent)) is wanted, arguments


def test_a_dumb_terminal_gets_tables_one_after_the_other(sit_down):
    run = add_run("otter", step=7)
    person = sit_down("--watch", env={"TERM": "dumb"})
    person.see("otter")
    tell(run, step=77)
    person.see(" 7 ", " 77 ")
    person.press("\x03")
    assert "\x1b" not in person.end()
    assert person.child.exitstatus == 0


def test_a_name_cannot_drive_the_terminal(sit_down):
    run = add_run("otter", network="\x1b]0;PWNED\x07[/red]")
    run.path.rename(run.path.with_name("x\x1b[31m\u202e[bold]"))
    for arguments in (["--watch"], [], ["show", "x"]):
        person = sit_down(*arguments, columns=200)
        person.see("x␛[31m�[bold]", "␛]0;PWNED␇[/red]")
        person.press("q")
        person.end()
        assert "\x1b]0;" not in person.sent
        assert "\x1b[31m" not in person.sent


@pytest.mark.parametrize(("answer", "code"), [("y\r", 0), ("n\r", 1), ("\r", 1), ("\x03", 130)])
def test_delete_asks_on_a_terminal(sit_down, answer, code):
    add_run("otter")
    add_run("owl")
    person = sit_down("delete", "ot", "owl")
    person.see("delete otter, owl with all checkpoints? [y/N]:")
    person.press(answer)
    person.end()
    assert person.child.exitstatus == code
    left = [] if code == 0 else ["otter", "owl"]
    assert sorted(path.name for path in Path(runs_root()).iterdir()) == left


def test_the_table_is_drawn_about_once_a_second(sit_down):
    """Watching costs next to nothing."""
    add_run("otter")
    person = sit_down("--watch")
    person.see("otter")
    begin, first = time.monotonic(), person.sent.count(TOP_LEFT)
    while person.sent.count(TOP_LEFT) < first + 3:
        assert time.monotonic() - begin < PATIENCE
        person.sent += person.child.read_nonblocking(65536, timeout=PATIENCE)
    assert time.monotonic() - begin > 1.5
