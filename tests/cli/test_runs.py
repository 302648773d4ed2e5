"""`rnnterm runs`: the table and its subcommands."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from installed import COMMAND
from kept_runs import add_run, edit
from made_runs import log_a_million_steps, made_run

from rnnterm.cli.moments import format_moment
from rnnterm.glyphs import columns
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.status import read_status


def test_the_table_tells_each_run_the_latest_first(rnnterm, runs):
    add_run(runs, "older", active=-100)
    add_run(runs, "newer", active=+100)
    answer = rnnterm("runs", env={"COLUMNS": "80"})
    assert (answer.code, answer.err) == (0, "")
    heading, *rows = (line.split() for line in answer.out.splitlines())
    assert heading[:4] == ["name", "state", "step", "done"]
    assert [row[0] for row in rows] == ["newer", "cat", "older"]
    status = read_status(runs / "cat" / "status.json")
    told = dict(zip(heading, rows[1], strict=False))
    assert (told["state"], told["step"], told["done"]) == ("finished", "120", "100%")
    assert float(told["val"]) == pytest.approx(status.val_loss, abs=5e-4)
    assert float(told["best"]) == pytest.approx(status.best_val_loss, abs=5e-4)
    assert told["age"][-1] in "smh"


@pytest.mark.parametrize("name", ["x", "a-name-of-thirty-letters-indeed", "n" * 64])
def test_the_table_fits_80_columns_and_shows_more_where_there_is_room(rnnterm, runs, name):
    add_run(runs, name)
    narrow = rnnterm("runs", env={"COLUMNS": "80"}).out.splitlines()
    assert max(map(columns, narrow)) <= 80
    for heading in ("name", "state", "step", "train", "val", "chars/s", "ETA", "age"):
        assert heading in narrow[0].split()
    assert any(name[:26] in line for line in narrow)
    wide = rnnterm("runs", env={"COLUMNS": "200"}).out.splitlines()
    assert {"best", "done", "network", "corpus"} <= set(wide[0].split())
    assert any(line.startswith(name + " ") for line in wide)
    assert any("LSTM 1x24" in line for line in wide)


def test_a_long_name_costs_other_columns_before_it_shrinks(rnnterm, runs):
    name = "a-name-of-thirty-letters-indee"
    add_run(runs, name)
    table = rnnterm("runs", env={"COLUMNS": "80"}).out
    assert name in table
    assert "best" not in table.splitlines()[0].split()


def test_as_json_each_run_is_an_object_of_what_is_known(rnnterm, runs):
    (cat,) = json.loads(rnnterm("runs", "--json").out)
    status = read_status(runs / "cat" / "status.json")
    assert (cat["name"], cat["state"], cat["pid"]) == ("cat", "finished", None)
    assert (cat["step"], cat["progress"], cat["eta_seconds"]) == (120, 1.0, None)
    for key in ("train_loss", "val_loss", "best_val_loss", "chars_per_second", "seconds"):
        assert cat[key] == getattr(status, key) > 0
    assert (cat["corpus"], cat["network"], cat["path"]) == ("cat", "LSTM 1x24", str(runs / "cat"))
    assert (cat["error"], cat["problem"]) == (None, None)
    assert cat["created"] <= cat["active"]


def test_show_as_json_holds_the_recipe_and_the_checkpoints_too(rnnterm, runs):
    shown = json.loads(rnnterm("runs", "show", "ca", "--json").out)
    (listed,) = json.loads(rnnterm("runs", "--json").out)
    assert listed.items() <= shown.items()
    assert shown["changed_recipe"] == {
        "hidden_size": 24, "batch_size": 4, "bptt": 16, "learning_rate": 0.02,
        "time_budget": 0, "steps": 120,
    }  # fmt: skip
    assert shown["recipe"]["bptt"] == 16
    assert (shown["device"], shown["precision"]) == ("cpu", "fp32")
    assert shown["machine"]["cores"] == os.cpu_count()
    assert shown["parameters"] > 1000
    assert shown["corpus_characters"] == 3600
    kept = CheckpointStore(runs / "cat" / "checkpoints")
    assert [each["step"] for each in shown["checkpoints"]] == [each.step for each in kept.all()]
    (best,) = (each for each in shown["checkpoints"] if each["best"])
    assert Path(best["path"]) == kept.best().path
    assert best["val_loss"] == kept.best().facts()["val_loss"]


def test_show_for_people(rnnterm, runs):
    answer = rnnterm("runs", "show", "cat", env={"COLUMNS": "80"})
    assert (answer.code, answer.err) == (0, "")
    text = " ".join(answer.out.split())
    for fact in ("cat · finished · LSTM 1x24", str(runs / "cat"), "120 · 100%", "hidden_size=24",
                 "3,600 characters", "step 120", "best", "cores", "torch"):  # fmt: skip
        assert fact in text
    lines = [line for line in answer.out.splitlines() if not line.startswith("/")]
    assert max(map(columns, lines)) <= 80


def test_show_draws_a_spike_of_a_very_long_run(rnnterm, tmp_path):
    log_a_million_steps(made_run(tmp_path / "runs", "long"), spike_at=650_000)
    answer = rnnterm("runs", "show", "long", "--runs-dir", tmp_path / "runs", env={"COLUMNS": "80"})
    chart = answer.out.splitlines()[-13:]
    column = next(line.index("░") for line in chart if "░" in line)
    assert 50 <= column <= 54
    assert sum(line[column : column + 1] == "░" for line in chart) > 7


def test_a_live_run_tells_its_process(rnnterm, runs):
    edit(runs / "cat" / "status.json", state="running", eta_seconds=48.0, progress=0.61)
    with hold_lock(runs / "cat"):
        shown = json.loads(rnnterm("runs", "show", "cat", "--json").out)
        assert (shown["state"], shown["pid"]) == ("running", os.getpid())
        assert shown["eta_seconds"] == 48
        assert "0:48" in rnnterm("runs").out
        text = rnnterm("runs", "show", "cat").out
        assert str(os.getpid()) in text
        assert "ETA 0:48" in text
        edit(runs / "cat" / "status.json", state="paused")
        assert rnnterm("runs").out.splitlines()[1].split()[1] == "paused"
    assert rnnterm("runs").out.splitlines()[1].split()[1] == "crashed"


def test_no_runs_is_said_beside_the_data(rnnterm, tmp_path):
    answer = rnnterm("runs", "--runs-dir", tmp_path / "none")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (0, "", 1)
    assert "rnnterm train" in answer.err
    assert json.loads(rnnterm("runs", "--json", "--runs-dir", tmp_path / "none").out) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("named", [["--runs-dir", "runs"], []])
def test_paths_are_whole_however_the_runs_folder_was_named(rnnterm, runs, named):
    told = rnnterm("runs", "show", "cat", "--json", *named, cwd=runs.parent,
                   env={"RNNTERM_RUNS": "runs"})  # fmt: skip
    shown = json.loads(told.out)
    assert shown["path"] == str(runs / "cat")
    assert all(Path(kept["path"]).is_absolute() for kept in shown["checkpoints"])


def test_the_runs_folder_may_be_named_before_or_after(rnnterm, runs, tmp_path):
    shutil.copytree(runs, tmp_path / "other")
    for arguments in (
        ["--runs-dir", tmp_path / "other", "show", "cat"],
        ["show", "cat", "--runs-dir", tmp_path / "other"],
    ):
        assert str(tmp_path / "other" / "cat") in rnnterm("runs", *arguments).out


def test_watch_in_a_pipe_tells_again_what_has_changed(runs):
    process = subprocess.Popen(
        [COMMAND, "runs", "--watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline().startswith("name")
    assert process.stdout.readline().startswith("cat")
    assert process.stdout.readline() == "\n"
    edit(runs / "cat" / "status.json", step=77)
    assert process.stdout.readline().startswith("name")
    assert " 77 " in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=30)
    assert (process.returncode, rest.strip(), err) == (0, "", "")


def test_watch_ends_when_its_reader_leaves(runs):
    process = subprocess.Popen(
        [COMMAND, "runs", "--watch", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert json.loads(process.stdout.readline())[0]["name"] == "cat"
    process.stdout.close()
    edit(runs / "cat" / "status.json", step=77)
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    "arguments", [["runs"], ["runs", "show", "cat"], ["attach", "cat"], ["log", "cat"]]
)
def test_looking_needs_no_torch(runs, arguments):
    code = (
        "import sys; from rnnterm.cli.main import cli\n"
        f"cli({arguments!r}, standalone_mode=False)\n"
        "assert not {'torch', 'rich', 'textual', 'onnx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("attach c", ["cat"]), ("runs show ", ["cat", "dog"]), ("generate --model d", ["dog"])],
)
def test_names_are_completed(rnnterm, runs, words, expected):
    add_run(runs, "dog", active=-10)
    env = {"_RNNTERM_COMPLETE": "bash_complete", "COMP_WORDS": f"rnnterm {words}"}
    answer = rnnterm(env=env | {"COMP_CWORD": str(len(words.split(" ")))})
    assert [line.partition(",")[2] for line in answer.out.splitlines()] == expected


def test_moments():
    assert format_moment(1e300) == format_moment(float("nan")) == "at no known time"


def test_the_lock_is_what_tells_a_live_run(rnnterm, runs):
    """A status that says `running` means nothing once nobody holds the lock."""
    edit(runs / "cat" / "status.json", state="running", eta_seconds=5.0)
    (cat,) = json.loads(rnnterm("runs", "--json").out)
    assert (cat["state"], cat["eta_seconds"], cat["pid"]) == ("crashed", None, None)
