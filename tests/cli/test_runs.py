"""`rnnterm runs`: the table and its subcommands."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from installed import COMMAND
from made_runs import log_a_million_steps, made_run

from rnnterm.cli.moments import format_moment
from rnnterm.glyphs import columns
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.status import read_status
from rnnterm.training.recipe import changed_values, differing_values

HOSTILE = "\x1b[31m\x9b2J[/red]\r\u202eevil"


@pytest.fixture
def runs(trained, tmp_path, monkeypatch) -> Path:
    """A runs folder of this test's own, with the trained `cat` in it."""
    folder = tmp_path / "runs"
    shutil.copytree(trained, folder)
    monkeypatch.setenv("RNNTERM_RUNS", str(folder))
    return folder


def add_run(runs: Path, name: str, active: float | None = None, **config) -> Path:
    """A copy of `cat` by another name, last active so many seconds after it."""
    folder = runs / name
    shutil.copytree(runs / "cat", folder)
    if active is not None:
        moment = (runs / "cat" / "metrics.jsonl").stat().st_mtime + active
        os.utime(folder / "metrics.jsonl", (moment, moment))
    edit(folder / "config.json", name=name, **config)
    return folder


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder, and what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }


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


def damage(folder: Path) -> dict[str, tuple[str, str]]:
    """Runs with something wrong in each file: what the table must say, state and problem."""
    expected = {}
    newest = "checkpoints/step-0000120"
    for name, file, how, state, problem in (
        ("config-missing", "config.json", "missing", "damaged", "config.json"),
        ("config-cut", "config.json", "cut", "damaged", "config.json"),
        ("config-folder", "config.json", "unreadable", "damaged", "config.json"),
        ("config-newer", "config.json", "newer", "damaged", "newer rnnterm"),
        ("config-list", "config.json", "[]", "damaged", "config.json"),
        ("status-missing", "status.json", "missing", "finished", "status.json"),
        ("status-cut", "status.json", "cut", "finished", "status.json"),
        ("status-folder", "status.json", "unreadable", "finished", "status.json"),
        ("status-newer", "status.json", "newer", "finished", "status.json"),
        ("log-missing", "metrics.jsonl", "missing", "finished", "metrics.jsonl"),
        ("log-cut", "metrics.jsonl", "cut", "finished", ""),
        ("log-folder", "metrics.jsonl", "unreadable", "finished", "metrics.jsonl"),
        ("owner-cut", "owner.json", "cut", "finished", ""),
        ("owner-folder", "owner.json", "unreadable", "finished", ""),
        ("lock-missing", ".lock", "missing", "finished", ""),
        ("train-log-folder", "train.log", "unreadable", "finished", ""),
        ("none-kept", "checkpoints", "missing", "finished", "no checkpoint"),
        ("kept-file", "checkpoints", "file", "finished", "no checkpoint"),
        ("manifest-missing", f"{newest}/manifest.json", "missing", "finished", "manifest.json"),
        ("manifest-cut", f"{newest}/manifest.json", "cut", "finished", "manifest.json"),
        ("manifest-folder", f"{newest}/manifest.json", "unreadable", "finished", "manifest.json"),
        ("best-cut", "checkpoints/best.json", "cut", "finished", ""),
        ("empty", ".", "emptied", "damaged", "config.json"),
    ):
        path = add_run(folder, name) / file
        if how in ("missing", "unreadable", "file", "emptied"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if how in ("unreadable", "emptied"):  # root reads whatever the mode: a folder it cannot
            path.mkdir()
        elif how == "cut":
            path.write_bytes(path.read_bytes()[:-20])
        elif how == "newer":
            edit(path, version=99)
        elif how != "missing":
            path.write_text(how)
        expected[name] = state, problem
    return expected


def test_damaged_runs_are_listed_as_such_hide_none_and_stay_as_they_are(rnnterm, runs):
    expected = damage(runs)
    (runs / "no-run.txt").write_text("a file is no run")
    before = tree(runs)
    answer = rnnterm("runs", "--json")
    assert (answer.code, answer.err) == (0, "")
    told = {run["name"]: run for run in json.loads(answer.out)}
    assert set(told) == {"cat", *expected}
    assert told["cat"]["problem"] is None
    for name, (state, problem) in expected.items():
        assert told[name]["state"] == state, name
        assert problem in (told[name]["problem"] or ""), name
        assert bool(told[name]["problem"]) == bool(problem), name
    answer = rnnterm("runs", env={"COLUMNS": "80"})
    assert (answer.code, answer.err) == (0, "")
    assert max(map(columns, answer.out.splitlines())) <= 80
    first_words = {line.split()[0] for line in answer.out.splitlines()}
    assert {"cat", *expected} <= first_words
    damaged = [line for line in answer.out.splitlines() if line.startswith("config-newer")]
    assert damaged[0].split()[:2] == ["config-newer", "damaged"]
    assert tree(runs) == before


@pytest.mark.parametrize("command", ["show", "show --json", "compare", "attach", "log", "delete"])
def test_a_command_on_a_damaged_run_answers_and_changes_nothing(rnnterm, runs, command):
    damage(runs)
    before = tree(runs)
    word, *options = command.split()
    words = ["runs", word] if word in ("show", "compare", "delete") else [word]
    options += {"compare": ["cat"], "delete": ["--yes"]}.get(word, [])
    for name in ("config-cut", "config-newer"):
        answer = rnnterm(*words, name, *options)
        assert "Traceback" not in answer.err
        if word in ("compare", "delete"):
            assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
            assert name in answer.err
        else:
            assert answer.code == 0, answer.err
            assert answer.out
    assert tree(runs) == before


def test_what_a_folder_holds_cannot_drive_the_terminal(rnnterm, runs):
    corpus = json.loads((runs / "cat" / "config.json").read_text())["corpus"]
    folder = add_run(runs, "evil" + HOSTILE[:5], corpus=corpus | {"name": HOSTILE})
    edit(folder / "config.json", recipe={"name": HOSTILE, HOSTILE: HOSTILE})
    edit(folder / "status.json", state="crashed", error=HOSTILE, network=HOSTILE)
    for command in (["runs"], ["runs", "show", "evil"], ["runs", "compare", "evil", "cat"],
                    ["attach", "evil"], ["log", "evil"], ["runs", "--json"]):  # fmt: skip
        answer = rnnterm(*command, env={"COLUMNS": "200"})
        assert "Traceback" not in answer.err
        assert not {"\x1b", "\x9b", "\u202e"} & set(answer.out + answer.err)
        assert answer.out + answer.err


ABSURD = {
    "step": 10**400, "progress": 1e308, "train_loss": 1e308, "val_loss": -1e308,
    "best_val_loss": None, "chars_per_second": 1e308, "eta_seconds": 1e308, "seconds": 1e308,
    "time": 1e308, "session": -1,
}  # fmt: skip


def test_absurd_figures_spoil_no_table(rnnterm, runs):
    edit(add_run(runs, "odd") / "status.json", state="running", **ABSURD)
    with hold_lock(runs / "odd"):
        for command in (["runs"], ["runs", "show", "odd"], ["runs", "compare", "odd", "cat"],
                        ["runs", "--json"], ["runs", "show", "odd", "--json"]):  # fmt: skip
            answer = rnnterm(*command, env={"COLUMNS": "80"})
            assert (answer.code, answer.err) == (0, "")
            assert "odd" in answer.out
            if "--json" not in command and "show" not in command:
                assert max(map(columns, answer.out.splitlines())) <= 80


def test_compare_shows_what_differs(rnnterm, runs):
    recipe = json.loads((runs / "cat" / "config.json").read_text())["recipe"]
    add_run(runs, "dog", recipe=recipe | {"dropout_output": 0.25})
    edit(runs / "dog" / "status.json", best_val_loss=1.25, seconds=75.0)
    answer = rnnterm("runs", "compare", "cat", "dog", env={"COLUMNS": "80"})
    assert (answer.code, answer.err) == (0, "")
    rows = {line[:20].strip(): line.split()[-2:] for line in answer.out.splitlines()}
    assert next(iter(answer.out.splitlines())).split() == ["cat", "dog"]
    assert ["0.0", "0.25"] in rows.values()
    assert "1.2500" in answer.out
    assert "1:15" in answer.out
    for shared in ("hidden_size", "corpus"):
        assert shared not in answer.out
    told = json.loads(rnnterm("runs", "compare", "cat", "dog", "--json").out)
    assert told["differing_recipe"] == {"dropout_output": [0.0, 0.25]}
    assert told["same_text"] is True
    assert [run["name"] for run in told["runs"]] == ["cat", "dog"]
    assert told["runs"][1]["best_val_loss"] == 1.25
    assert told["runs"][0]["parameters"] == told["runs"][1]["parameters"] > 1000


def test_losses_over_different_texts_are_not_to_be_compared(rnnterm, runs):
    corpus = json.loads((runs / "cat" / "config.json").read_text())["corpus"]
    add_run(runs, "dog", corpus=corpus | {"name": "dogs", "sha256": "0" * 64})
    answer = rnnterm("runs", "compare", "cat", "dog")
    assert answer.code == 0
    assert "dogs" in answer.out
    assert "must not be compared" in answer.err
    told = rnnterm("runs", "compare", "cat", "dog", "--json")
    assert json.loads(told.out)["same_text"] is False
    recipe = json.loads((runs / "cat" / "config.json").read_text())["recipe"]
    add_run(runs, "part", recipe=recipe | {"val_fraction": 0.2})
    assert "must not be compared" in rnnterm("runs", "compare", "cat", "part").err


def test_many_runs_are_compared_within_the_width(rnnterm, runs):
    names = [f"a-run-of-a-long-name-{number}" for number in range(6)]
    for name in names:
        add_run(runs, name)
    answer = rnnterm("runs", "compare", *names, env={"COLUMNS": "80"})
    assert max(map(columns, answer.out.splitlines())) <= 80
    for name in names:
        assert name in answer.out


def test_rename(rnnterm, runs):
    before = tree(runs / "cat")
    answer = rnnterm("runs", "rename", "ca", "dog")
    assert (answer.code, answer.out) == (0, "renamed cat to dog\n")
    assert json.loads(rnnterm("runs", "show", "dog", "--json").out)["state"] == "finished"
    after = tree(runs / "dog")
    assert set(after) == set(before)
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"config.json", "owner.json"}


def test_delete_takes_those_named_and_no_others(rnnterm, runs):
    for name in ("dog", "dingo", "emu"):
        add_run(runs, name)
    answer = rnnterm("runs", "delete", "dog", "em", "--yes")
    assert (answer.code, answer.out) == (0, "deleted dog\ndeleted emu\n")
    assert {path.name for path in runs.iterdir()} == {"cat", "dingo"}


REFUSED = {
    "delete without being asked": (["delete", "cat"], 2, "--yes"),
    "delete of none": (["delete", "--yes"], 2, "RUNS"),
    "delete of a stranger": (["delete", "cat", "nonesuch", "--yes"], 2, "nonesuch"),
    "delete by half a name": (["delete", "do", "--yes"], 2, "dog, donkey"),
    "rename to a taken name": (["rename", "cat", "dog"], 2, "dog"),
    "rename to no name": (["rename", "cat", "../dog"], 2, "../dog"),
    "rename of a stranger": (["rename", "nonesuch", "x"], 2, "nonesuch"),
    "show of a stranger": (["show", "nonesuch"], 2, "nonesuch"),
    "show of all": (["show", ""], 2, "no run ''"),
    "compare of one": (["compare", "cat"], 2, "two runs"),
    "compare with itself": (["compare", "cat", "ca"], 2, "two runs"),
    "an option of the table": (["--json", "show", "cat"], 2, "after show"),
    "a command that is none": (["frobnicate"], 2, "frobnicate"),
    "a file in the place of runs": (["--runs-dir", "runs/cat/config.json"], 1, "Not a directory"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(rnnterm, runs, tmp_path, kind):
    arguments, code, reason = REFUSED[kind]
    add_run(runs, "dog")
    add_run(runs, "donkey")
    before = tree(runs)
    answer = rnnterm("runs", *arguments, cwd=tmp_path)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (code, "", 1)
    assert reason in answer.err
    assert tree(runs) == before


@pytest.mark.parametrize("arguments", [["delete", "dog", "cat", "--yes"], ["rename", "cat", "x"]])
def test_a_run_that_is_trained_is_left_alone(rnnterm, runs, arguments):
    add_run(runs, "dog")
    with hold_lock(runs / "cat"):
        before = tree(runs)
        answer = rnnterm("runs", *arguments)
        assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
        assert f"process {os.getpid()}" in answer.err
        assert tree(runs) == before


def test_of_several_to_delete_one_that_cannot_be_keeps_all(rnnterm, runs):
    add_run(runs, "dog")
    (add_run(runs, "emu") / "config.json").write_text("{")
    before = tree(runs)
    answer = rnnterm("runs", "delete", "dog", "emu", "--yes")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
    assert "by hand" in answer.err
    assert tree(runs) == before


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


def test_recipes_are_told_by_what_is_not_usual():
    assert changed_values({"name": "fast", "hidden_size": 640, "bptt": 3}) == {"bptt": 3}
    assert changed_values({"name": ["odd"], "frob": 1}) == {"frob": 1}
    assert differing_values([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}]) == {
        "b": [2, 3], "c": [None, 4]
    }  # fmt: skip
    assert differing_values([]) == {}


def test_moments():
    assert format_moment(1e300) == format_moment(float("nan")) == "at no known time"


def test_the_lock_is_what_tells_a_live_run(rnnterm, runs):
    """A status that says `running` means nothing once nobody holds the lock."""
    edit(runs / "cat" / "status.json", state="running", eta_seconds=5.0)
    (cat,) = json.loads(rnnterm("runs", "--json").out)
    assert (cat["state"], cat["eta_seconds"], cat["pid"]) == ("crashed", None, None)
