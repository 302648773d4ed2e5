"""`rnnterm log`: the history of a run."""

import json
import re
import shutil
import subprocess

import pytest
from installed import COMMAND

from rnnterm.runs.events import (
    Answered,
    Checkpointed,
    Failed,
    Finished,
    Progressed,
    RolledBack,
    Started,
    Troubled,
    Used,
    Validated,
)
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.metrics import MetricsLog, read_metrics

STAMPED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2,4}\S")
BEGUN = Started("owl", 0, "LSTM 1x16", 6000, "cpu", "fp32", ("a note",))


def progress(seconds: float) -> Progressed:
    step = int(seconds * 10)
    return Progressed(step, 0.1, 0.5, seconds, 1.5, 0.01, 40000.0, 60.0)


@pytest.fixture
def cat(trained) -> RunFolder:
    """A finished run in this test's own folder."""
    shutil.copytree(trained, runs_root())
    return RunFolder(runs_root() / "cat")


@pytest.fixture
def owl(cat) -> RunFolder:
    """A run whose log is this test's to write."""
    cat.path.rename(runs_root() / "owl")
    owl = RunFolder(runs_root() / "owl")
    owl.metrics.unlink()
    return owl


def write(run: RunFolder, *events) -> None:
    with MetricsLog(run.metrics) as log:
        for event in events:
            log.append(event)


def test_the_whole_story_of_a_run(rnnterm, cat):
    answer = rnnterm("log", "ca")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert all(STAMPED.match(line) or line.startswith(" " * 21) for line in lines)
    assert "run cat · LSTM 1x24" in lines[0]
    assert "finished at step 120" in lines[-1]
    for part in ("train ", "chars/s", "validation at step", "wrote", "  | "):
        assert part in answer.out
    assert "checkpoint of step" not in answer.out
    assert "\x1b" not in answer.out  # which the text that it learnt is full of


def test_the_curve_is_thinned_and_all_tells_it_all(rnnterm, owl):
    write(owl, BEGUN, *(progress(seconds) for seconds in range(21)), Checkpointed(200),
          Used(200, 3 * 10**8, 1.5))  # fmt: skip
    points = [line for line in rnnterm("log", "owl").out.splitlines() if "chars/s" in line]
    assert [re.search(r"step (\d+)", line)[1] for line in points] == [
        "0",
        "50",
        "100",
        "150",
        "200",
    ]
    everything = rnnterm("log", "owl", "--all").out
    assert everything.count("chars/s") == 21
    assert "checkpoint of step 200" in everything
    assert "memory 300MB · 1.5 cores" in everything


def test_everything_that_happened_has_its_words(rnnterm, owl):
    write(
        owl, BEGUN, progress(1), Validated(10, 1.25, best=True), Answered(11, "checkpoint", "a"),
        Answered(12, "pause", "b"), Answered(12, "continue", "c"), Troubled(13, "the disk is full"),
        RolledBack(14, 10, 0.5), Answered(20, "stop", "d"),
        Finished("stopped", 20, 75.0, 1.5, 1.25, 1.25, 40000.0),
    )  # fmt: skip
    write(owl, Started("owl", 20, "LSTM 1x16", 6000, "cpu", "fp32", ()), progress(80))
    write(owl, BEGUN, Failed("diverged", 30, "the loss is not a number"))
    lines = rnnterm("log", "owl").out.splitlines()
    told = [
        "run owl", "a note", "train 1.5000", "validation at step 10: 1.2500 nats/char · best",
        "checkpoint of step 11, as asked", "paused at step 12", "going on", "the disk is full",
        "back to step 10", "asked to stop at step 20", "stopped at step 20 after 1:15",
        "resumed at step 20", "train 1.5000", "the session before broke off", "run owl", "a note",
        "diverged at step 30: the loss is not a number",
    ]  # fmt: skip
    assert len(lines) == len(told)
    for line, part in zip(lines, told, strict=True):
        assert part in line


def test_lines_are_the_last_ones(rnnterm, cat):
    whole = rnnterm("log", "cat").out.splitlines()
    assert rnnterm("log", "cat", "--lines", 3).out.splitlines() == whole[-3:]
    assert rnnterm("log", "cat", "-n", 0).out == ""
    assert rnnterm("log", "cat", "-n", 10**6).out.splitlines() == whole
    answer = rnnterm("log", "cat", "-n", -1)
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)


def test_the_last_lines_and_the_summary_of_a_long_log_come_soon(owl):
    """Reading each line of it takes far longer than the processor time that is allowed here."""
    with MetricsLog(owl.metrics) as log:
        log.append(BEGUN)
        begin = owl.metrics.stat().st_size
        log.append(progress(1))
        point = owl.metrics.read_bytes()[begin:]
        with owl.metrics.open("ab") as file:
            file.write(point * 400_000)
        for seconds in (6, 12):
            log.append(progress(seconds))
        log.append(Finished("finished", 120, 12.0, 1.5, None, None, 40000.0))
    for command, told in ((["log", "owl", "-n", "3"], "step 60"), (["attach", "owl"], "120 steps")):
        line = f"ulimit -t 4; exec {COMMAND} {' '.join(command)}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
        assert len(done.stdout.splitlines()) >= 3
        assert told in done.stdout.splitlines()[0]


def test_the_last_lines_are_the_same_wherever_reading_begins(rnnterm, owl):
    events = [progress(seconds / 8) for seconds in range(4000)]
    for place in range(500, 4000, 500):
        events[place] = Validated(place, 1.25, best=True)
    write(owl, BEGUN, *events)
    write(owl, BEGUN)
    for options in ([], ["--all"], ["--json"]):
        whole = rnnterm("log", "owl", *options).out.splitlines()
        for count in (1, 2, 7, 100):
            told = rnnterm("log", "owl", "-n", count, *options).out.splitlines()
            assert told == whole[-count:]


def test_as_json_every_entry_is_a_line(rnnterm, cat):
    lines = rnnterm("log", "cat", "--json").out.splitlines()
    written = cat.metrics.read_text().splitlines()
    assert list(map(json.loads, lines)) == list(map(json.loads, written))
    assert len(lines) == len(read_metrics(cat.metrics))
    last = rnnterm("log", "cat", "--json", "--lines", 1).out
    assert json.loads(last)["event"] == "finished"


def test_what_libraries_said_comes_last(rnnterm, cat):
    assert "standard error" not in rnnterm("log", "cat").out
    with cat.train_log.open("a") as file:
        file.write("UserWarning: \x1b[31mcuda is old\n\n")
    lines = rnnterm("log", "cat").out.splitlines()
    assert "train.log" in lines[-2]
    assert lines[-1] == "UserWarning: ␛[31mcuda is old"
    assert rnnterm("log", "cat", "--lines", 2).out.splitlines() == lines[-2:]
    cat.train_log.write_text("x" * 10**6 + "\nthe end\n")
    answer = rnnterm("log", "cat")
    assert answer.out.endswith("\nthe end\n")
    assert len(answer.out) < 10**5


def test_a_log_that_cannot_be_read_is_one_line(rnnterm, cat):
    cat.metrics.unlink()
    answer = rnnterm("log", "cat")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
    cat.metrics.mkdir()
    answer = rnnterm("log", "cat", "--follow")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)


def test_a_log_with_rubbish_tells_the_rest(rnnterm, cat):
    whole = rnnterm("log", "cat").out
    with cat.metrics.open("ab") as file:
        file.write(b'\xff\xfe{"event": "progressed"}\n[]\n{"session": 1, "seq": 0, "ti')
    assert rnnterm("log", "cat").out == whole


def test_follow_tells_what_comes_until_the_run_ends(owl):
    write(owl, BEGUN)
    with hold_lock(owl.path):
        process = subprocess.Popen(
            [COMMAND, "log", "owl", "-f"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout
        assert "run owl" in process.stdout.readline()
        assert "a note" in process.stdout.readline()
        write(owl, Troubled(5, "the disk is full"))
        assert "the disk is full" in process.stdout.readline()
        write(owl, Finished("finished", 20, 75.0, 1.5, None, None, 40000.0))
        assert "finished at step 20" in process.stdout.readline()
        assert process.poll() is None
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_follow_of_a_run_that_is_over_ends_at_once(rnnterm, cat):
    assert rnnterm("log", "cat", "-f").out == rnnterm("log", "cat").out
