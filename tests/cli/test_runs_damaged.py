"""`rnnterm runs` over damaged, hostile and absurd run folders: told, and left as they are."""

import json
import shutil
from pathlib import Path

import pytest
from kept_runs import add_run, edit, tree

from rnnterm.glyphs import columns
from rnnterm.runs.lock import hold_lock

HOSTILE = "\x1b[31m\x9b2J[/red]\r\u202eevil"


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
        ("owner-folder", "owner.json", "unreadable", "finished", "owner.json"),
        ("lock-missing", ".lock", "missing", "finished", ""),
        ("train-log-folder", "train.log", "unreadable", "finished", "train.log"),
        ("none-kept", "checkpoints", "missing", "finished", "no checkpoint"),
        ("kept-file", "checkpoints", "file", "finished", "it is a file, not a folder"),
        ("manifest-missing", f"{newest}/manifest.json", "missing", "finished", "manifest.json"),
        ("manifest-cut", f"{newest}/manifest.json", "cut", "finished", "manifest.json"),
        ("manifest-folder", f"{newest}/manifest.json", "unreadable", "finished", "manifest.json"),
        ("best-cut", "checkpoints/best.json", "cut", "finished", "best.json is damaged"),
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
