"""`rnnterm attach` without a terminal; tests/pty has the screen."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from installed import COMMAND

from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Failed, Started
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import is_locked
from rnnterm.runs.metrics import MetricsLog
from rnnterm.runs.status import read_status

SMALL = ["--hidden-size", "16"]
for value in ("batch_size=4", "bptt=16", "log_every=5"):
    SMALL += ["--set", value]


@pytest.fixture
def cat(trained) -> RunFolder:
    """A finished run in this test's own folder."""
    shutil.copytree(trained, runs_root())
    return RunFolder(runs_root() / "cat")


def attach(run: str, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        [COMMAND, "attach", run, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def read_until(process: subprocess.Popen, part: str) -> list[str]:
    lines = []
    for line in process.stderr:
        lines.append(line)
        if part in line:
            return lines
    pytest.fail(f"it ended before it said {part!r}: {lines}")


def test_of_a_run_that_is_over_the_summary_comes(rnnterm, cat):
    status = read_status(cat.status)
    answer = rnnterm("attach", "ca")
    assert answer.code == 0
    assert answer.out.startswith("run    cat finished: 120 steps in ")
    assert f"val {status.val_loss:.4f}" in answer.out
    assert "rnnterm generate --model cat" in answer.err
    summary = json.loads(rnnterm("attach", "cat", "--json").out)
    assert (summary["run"], summary["reason"], summary["steps"]) == ("cat", "finished", 120)
    assert summary["best_val_loss"] == status.best_val_loss
    assert Path(summary["model"]).is_file()


def test_without_its_log_a_finished_run_is_told_by_its_status(rnnterm, cat):
    whole = json.loads(rnnterm("attach", "cat", "--json").out)
    cat.metrics.unlink()
    told = json.loads(rnnterm("attach", "cat", "--json").out)
    only_logged = {"chars_per_second": 0, "train_loss": 0}  # a mean, and one over all the session
    assert told | only_logged == whole | only_logged


def test_a_damaged_best_checkpoint_is_said(rnnterm, cat):
    best = CheckpointStore(cat.checkpoints).best()
    best.model.write_bytes(b"rubbish")
    answer = rnnterm("attach", "cat")
    assert answer.code == 0
    assert f"warning: {best.path.name}/{best.model.name} is damaged" in answer.err
    assert str(best.model) not in answer.out


def test_a_stopped_run_tells_how_to_go_on(rnnterm, cat):
    lines = cat.metrics.read_text().splitlines()
    last = json.loads(lines[-1])
    assert last["event"] == "finished"
    cat.metrics.write_text("\n".join([*lines[:-1], json.dumps(last | {"reason": "stopped"}), ""]))
    edit(cat.status, state="stopped")
    answer = rnnterm("attach", "cat")
    assert answer.code == 0
    assert "cat stopped" in answer.out
    assert "--resume --name cat" in answer.err


def test_a_run_that_broke_off_is_one_line(rnnterm, cat):
    with MetricsLog(cat.metrics) as log:
        log.append(Started("cat", 120, "LSTM 1x24", 1, "cpu", "fp32", ()))
    edit(cat.status, state="running")
    answer = rnnterm("attach", "cat")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
    assert "--resume --name cat" in answer.err
    with MetricsLog(cat.metrics) as log:
        log.append(Failed("diverged", 130, "the loss is not a number: try less"))
    edit(cat.status, state="diverged")
    answer = rnnterm("attach", "cat")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "rnnterm: the loss is not a number: try less\n"


def test_a_name_of_nothing_is_one_line(rnnterm, cat):
    answer = rnnterm("attach", "nonesuch")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)


def test_watch_leave_come_back_and_see_the_end(rnnterm, tmp_path):
    text = tmp_path / "abc.txt"
    text.write_text("the cat sat on the mat. " * 100)
    begun = rnnterm("train", text, "--name", "otter", "--time-budget", "20m", "--detach", *SMALL)
    assert begun.code == 0, begun.err
    first = attach("ott")
    lines = read_until(first, "chars/s")
    assert lines[0].startswith("run otter · LSTM 1x16 · ")
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=30)
    assert (first.returncode, out) == (0, "")
    assert err.splitlines()[-1].startswith("detached; otter trains on")
    assert is_locked(runs_root() / "otter")

    assert rnnterm("pause", "otter").code == 0
    second = attach("otter", "--json")
    said = read_until(second, "is paused")
    assert any("train " in line for line in said)  # the last figures of what it missed
    assert rnnterm("continue", "otter").code == 0
    read_until(second, "going on")
    stopped = json.loads(rnnterm("stop", "otter", "--json").out)
    out, err = second.communicate(timeout=30)
    summary = json.loads(out)
    assert second.returncode == 0
    assert (summary["reason"], summary["steps"]) == ("stopped", stopped["step"])
    assert "--resume --name otter" in err


def test_a_trainer_that_is_killed_is_told_at_once(rnnterm, tmp_path):
    text = tmp_path / "abc.txt"
    text.write_text("the cat sat on the mat. " * 100)
    begun = rnnterm("train", text, "--name", "otter", "--time-budget", "20m", "--detach", "--json",
                    *SMALL)  # fmt: skip
    watcher = attach("otter")
    read_until(watcher, "chars/s")
    subprocess.run(["kill", "-KILL", str(json.loads(begun.out)["pid"])], check=True)
    killed = time.monotonic()
    out, err = watcher.communicate(timeout=30)
    assert time.monotonic() - killed < 5
    assert (watcher.returncode, out) == (1, "")
    assert "was ended at step" in err.splitlines()[-1]
    assert "--resume --name otter" in err.splitlines()[-1]
