"""`rnnterm runs rename` and `delete`: what is asked for and nothing else."""

import json
import os

import pytest
from kept_runs import add_run, tree

from rnnterm.runs.lock import hold_lock


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
