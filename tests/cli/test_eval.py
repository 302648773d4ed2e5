"""`rnnterm eval`: figures, their JSON, and everything that can be asked in vain."""

import json
import os
import subprocess
import sys

import pytest

# What the `trained` fixture learnt from, in the form it has on disk.
CAT = "the cat [/red] sat\x1b[31m on the mat. "


@pytest.fixture
def ask(rnnterm, trained):
    """Run `rnnterm eval cat` with the runs and the cache of the training."""
    env = {"RNNTERM_RUNS": str(trained), "RNNTERM_CACHE": str(trained.parent / "cache")}
    return lambda *arguments, **more: rnnterm("eval", "cat", *arguments, env=env, **more)


def test_it_finds_the_text_that_the_model_learnt_from(ask):
    answer = ask()
    assert answer.code == 0, answer.err
    heading, columns, carried, blocks, baseline, copied, *_ = answer.out.splitlines()
    assert heading == "cat · LSTM 1x24 on the val part of cat, 360 characters"
    assert columns.split() == ["nats", "bits", "perplexity", "per", "character"]
    for row, label, count in ((carried, "carried", "359"), (blocks, "blocks", "65,536")):
        name, nats, bits, perplexity, _, characters = row.split()
        assert (name, characters) == (label, count)
        assert float(bits) == pytest.approx(float(nats) * 1.4427, abs=1e-3)
        assert float(perplexity) == pytest.approx(2 ** float(bits), abs=1e-2)
    assert baseline.startswith("5-gram")
    assert copied.startswith("copied")
    assert len(answer.err.splitlines()) == 1
    assert "never" in answer.err
    assert max(map(len, answer.out.splitlines())) <= 80


def test_the_carried_loss_is_the_one_that_training_reported(ask, trained):
    figures = json.loads(ask("--json").out)
    log = [json.loads(line) for line in (trained / "cat/metrics.jsonl").read_text().splitlines()]
    (finished,) = [entry for entry in log if entry["event"] == "finished"]
    assert figures["losses"]["carried"]["nats"] == pytest.approx(finished["val_loss"], abs=1e-5)


def test_json(ask):
    answer = ask("--json", "--protocol", "carried", "--copy-length", 5)
    figures = json.loads(answer.out)
    assert answer.err == ""
    assert answer.out.isascii()
    assert [*figures["losses"]] == ["carried"]
    assert figures["corpus"]["name"] == "cat"
    assert figures["was_learnt"] is True
    assert figures["baseline"]["order"] == 5
    copied = figures["copied"]
    assert 0 < copied["share"] <= 1
    assert copied["text"] in CAT * 90
    assert len(copied["text"]) == copied["longest"] >= 5


def test_the_same_seed_gives_the_same_figures(ask):
    assert ask("--rng-seed", 3).out == ask("--rng-seed", 3).out
    first, second = (json.loads(ask("--rng-seed", seed, "--json").out) for seed in (3, 4))
    assert first["losses"]["carried"] == second["losses"]["carried"]
    assert first["losses"]["blocks"] != second["losses"]["blocks"]


def test_another_text_gets_a_note_and_its_strange_characters_are_left_out(ask, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text(CAT * 20 + "Zebra\x1b[2J!", newline="")
    answer = ask("--corpus", path, "--split", "all", "--json")
    figures = json.loads(answer.out)
    assert (answer.code, figures["was_learnt"]) == (0, False)
    assert figures["unknown_symbols"] == "!2JZb"
    assert figures["unknown"] == 5
    assert figures["characters"] == len(CAT) * 20 + len("era\x1b[")
    assert figures["baseline"] is None
    assert "not the text" in answer.err
    assert "left out" in answer.err
    strict = ask("--corpus", path, "--split", "all", "--strict")
    assert (strict.code, strict.out) == (1, "")
    assert "'!2JZb'" in strict.err
    assert "\x1b" not in answer.err + strict.err


def test_a_text_on_standard_input(ask):
    answer = ask("--corpus", "-", "--split", "all", "--json", stdin=CAT.encode() * 10)
    assert json.loads(answer.out)["characters"] == len(CAT) * 10


def test_a_long_part_is_read_to_a_limit_which_is_said(ask):
    answer = ask("--max-characters", 100, "--json")
    assert json.loads(answer.out)["losses"]["carried"]["characters"] == 99
    assert "first 100 of 360" in answer.err


def test_blocks_that_do_not_fit(ask):
    both = ask("--block-size", 360, "--json")
    assert [*json.loads(both.out)["losses"]] == ["carried"]
    assert "too short" in both.err
    alone = ask("--block-size", 360, "--protocol", "blocks")
    assert (alone.code, alone.out) == (2, "")


def test_fail_above(ask):
    nats = json.loads(ask("--json").out)["losses"]["carried"]["nats"]
    assert ask("--fail-above", nats + 0.001, "--protocol", "carried").code == 0
    failed = ask("--fail-above", nats - 0.001, "--protocol", "carried")
    assert failed.code == 1
    assert failed.out  # the figures are an answer all the same
    assert len(failed.err.splitlines()) == 1
    assert "carried loss" in failed.err


def test_a_model_of_windows_is_judged_by_its_windows(rnnterm, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat. " * 40)
    trained = rnnterm(
        "train", path, "--name", "w", "--recipe", "tutorial", "--steps", 3, "--hidden-size", 8,
        "--set", "window=10", "--set", "val_fraction=0.1", "--json",
    )  # fmt: skip
    assert trained.code == 0, trained.err
    answer = rnnterm("eval", "w", "--json", "--sample-length", 50)
    losses = json.loads(answer.out)["losses"]
    assert [*losses] == ["windows"]
    assert losses["windows"]["nats"] == pytest.approx(json.loads(trained.out)["val_loss"], abs=1e-5)
    refused = rnnterm("eval", "w", "--protocol", "carried")
    assert (refused.code, refused.out) == (2, "")
    assert "windows of 10" in refused.err


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--corpus", "nonesuch"], 2, "no corpus"),
        (["--split", "test"], 2, "no test part"),
        (["--split", "dev"], 2, "--split"),
        (["--val-fraction", "1"], 2, "fractions"),
        (["--val-fraction", "nan"], 2, "finite"),
        (["--protocol", "all"], 2, "--protocol"),
        (["--block-size", "0"], 2, "--block-size"),
        (["--blocks", "0"], 2, "--blocks"),
        (["--max-characters", "1"], 2, "--max-characters"),
        (["--copy-length", "0"], 2, "--copy-length"),
        (["--fail-above", "nan"], 2, "finite"),
        (["--fail-above", "low"], 2, "--fail-above"),
        (["--rng-seed", "-1"], 2, "--rng-seed"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(ask, arguments, code, reason):
    answer = ask(*arguments)
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (code, 1, ""), answer.err
    assert reason in answer.err


def test_a_text_that_is_not_at_hand_and_a_model_that_is_not(rnnterm, trained):
    answer = rnnterm("eval", "cat", env={"RNNTERM_RUNS": str(trained)})  # with an empty cache
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert "--corpus" in answer.err
    assert rnnterm("eval", "nonesuch").code == 2
    assert rnnterm("eval").code == 2


PROBE = """
import sys
from rnnterm.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sorted({"torch", "textual", "rich"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["eval cat --corpus TEXT", "score cat TEXT"])
def test_reading_needs_neither_torch_nor_rich(command, trained):
    arguments = command.replace("TEXT", str(trained.parent / "cat.txt")).split()
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
        check=True,
    )
    assert done.stderr.endswith("\n\n") or done.stderr == "\n"
