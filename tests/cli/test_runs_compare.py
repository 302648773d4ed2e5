"""`rnnterm runs compare`: what differs, and what must not be compared."""

import json

from kept_runs import add_run, edit

from rnnterm.glyphs import columns
from rnnterm.training.recipe import changed_values, differing_values


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


def test_recipes_are_told_by_what_is_not_usual():
    assert changed_values({"name": "fast", "hidden_size": 640, "bptt": 3}) == {"bptt": 3}
    assert changed_values({"name": ["odd"], "frob": 1}) == {"frob": 1}
    assert differing_values([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}]) == {
        "b": [2, 3], "c": [None, 4]
    }  # fmt: skip
    assert differing_values([]) == {}
