"""`rnnterm steer` in a pipe: a command a line in, an answer each out."""

import json
import os
import subprocess
import sys

import pytest
from installed import COMMAND


@pytest.fixture
def steer(rnnterm, trained):
    def run(*lines, options=(), **settings):
        return rnnterm(
            "steer", "--model", "cat", "--seed", "the cat", "--rng-seed", 1, *options,
            stdin="".join(line + "\n" for line in lines).encode(),
            env={"RNNTERM_RUNS": str(trained)} | settings.pop("env", {}),
            **settings,
        )  # fmt: skip

    return run


def objects(answer) -> list[dict]:
    assert answer.code == 0, answer.err
    assert answer.out.isascii()
    return [json.loads(line) for line in answer.out.splitlines()]


def test_a_hand_on_the_wheel(steer):
    answer = steer(
        "pick space", "type on", "", "back 2", "branches", "pick s", "text", "undo", "turn 1",
        "redo", "text", "quit", "nonsense after the end",
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        " ", "on", "on", "> 1  on", "s", "the cat s", "s", "> 1  on", "  2  s", "on", "the cat on",
    ]  # fmt: skip


def test_one_object_a_command(steer):
    answers = objects(
        steer("sample", "run 5", "back 2", "forward", "text", "candidates 3", "temperature 0.5",
              "branches", options=["--json"])
    )  # fmt: skip
    sampled, ran, back, forward, text, candidates, temperature, branches = answers
    assert [one["command"] for one in answers[:3]] == ["sample", "run", "back"]
    assert [one["position"] for one in answers] == [1, 6, 4, 5, 5, 5, 5, 5]
    written = sampled["passed"] + ran["passed"]
    assert back["passed"] == written[4:]
    assert forward["passed"] == written[4]
    assert text["seed"] == "the cat"
    assert text["text"] == "the cat" + written[:5]
    shares = [one["probability"] for one in candidates["candidates"]]
    assert len(shares) == 3
    assert 1 >= shares[0] >= shares[1] >= shares[2] >= 0
    assert temperature["temperature"] == 0.5
    assert (branches["branches"], branches["ahead"]) == ([written[5]], 1)


def test_candidates_can_be_picked_by_rank_and_are_listed_as_asked(steer):
    listed = steer("candidates", options=["--top", "4"]).out.splitlines()
    assert [line.split()[0] for line in listed] == ["1", "2", "3", "4"]
    glyph, probability, chance = listed[1].split()[1:]
    assert 0 <= float(chance) <= float(probability) <= 1  # below 1, temperature favours the first
    picked = steer("pick #2").out.removesuffix("\n")
    assert picked == {"␣": " "}.get(glyph, glyph)


def test_the_same_seed_makes_the_same_text_and_the_default_length_is_the_option(steer):
    first, again = (steer("run", "text", options=["--length", "60"]) for _ in range(2))
    assert first == again
    assert len(first.out.splitlines()[0]) == 60
    assert steer("run 60", options=["--rng-seed", "2"]).out != steer("run 60").out


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("steal", "'steal'"),
        ("Sample", "'Sample'"),
        ("evil\x1b[31m", "evil"),
        ("pick", "pick takes one"),
        ("pick ab", "pick takes one"),
        ("pick #0", "#0"),
        ("pick #999", "#999"),
        ("pick #x", "'x'"),
        ("pick Z", "'Z'"),
        ("type", "a text"),
        ("type caZ", "'Z'"),
        ("run many", "'many'"),
        ("run -3", "'-3'"),
        ("run 999999999999", "100,000"),
        ("run ²", "whole number"),
        ("back 1.5", "'1.5'"),
        ("sample 3", "'3'"),
        ("text now", "'now'"),
        ("turn 3", "no branch 3"),
        ("turn", "no branch"),
        ("temperature cold", "'cold'"),
        ("temperature nan", "temperature must"),
        ("temperature -1", "temperature must"),
        ("save", "a file"),
    ],
)
def test_a_bad_line_is_one_line_on_stderr_and_ends_it(steer, tmp_path, line, reason):
    answer = steer("type  sat", line, "sample", cwd=tmp_path)
    assert (answer.code, answer.out) == (2, " sat\n"), answer.err
    (said,) = answer.err.splitlines()
    assert reason in said
    assert "line 2: " in said
    assert "\x1b" not in said
    assert list(tmp_path.iterdir()) == []


def test_saving_never_replaces_a_file(steer, tmp_path):
    answer = steer("type  on", "save new.txt", "back", "save new.txt", cwd=tmp_path)
    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert (tmp_path / "new.txt").read_text() == "the cat on"
    answer = steer("save nowhere/new.txt", cwd=tmp_path)
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)


def test_model_text_in_a_pipe_cannot_drive_a_terminal(steer):
    # The model knows ESC; after "sat" it is the likeliest.
    plain = steer("type  sat", "temperature 0", "run 5", "candidates 50", "text")
    assert "\x1b" not in plain.out
    assert "the cat sat␛[31m" in plain.out
    (_, _, ran, *_) = objects(
        steer("type  sat", "temperature 0", "run 5", "text", options=["--json"])
    )
    assert ran["passed"] == "\x1b[31m"


def test_seeds_come_from_files_and_unknown_characters_are_left_out(rnnterm, trained, tmp_path):
    path = tmp_path / "seed.txt"
    path.write_text("the Zcat")
    runs = {"RNNTERM_RUNS": str(trained)}
    answer = rnnterm("steer", "--model", "cat", "--seed", f"@{path}", stdin=b"text\n", env=runs)
    assert (answer.code, answer.out) == (0, "the cat\n")
    assert "Z" in answer.err
    assert rnnterm("steer", "--model", "cat", stdin=b"text\n", env=runs).out == "\n"


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (["--seed", "-"], 2, "--seed @FILE"),
        (["--seed", "@nowhere.txt"], 2, "nowhere.txt"),
        (["--temperature", "nan"], 2, "temperature"),
        (["--top", "0"], 2, "--top"),
        (["--length", "0"], 2, "--length"),
        (["--rng-seed", "-1"], 2, "--rng-seed"),
        (["--model", "nonesuch"], 2, "nonesuch"),
        (["--model", "./nonesuch.safetensors"], 1, "nonesuch"),
    ],
    ids=str,
)
def test_bad_options(steer, options, code, reason):
    answer = steer("sample", options=options)
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (code, 1, ""), answer.err
    assert reason in answer.err


def test_each_answer_comes_before_the_next_command(trained):
    """A program can hold a conversation: nothing waits for the end of its input."""
    with subprocess.Popen(
        [COMMAND, "steer", "--model", "cat", "--seed", "the", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
    ) as child:
        for position in (1, 2):
            child.stdin.write("sample\n")
            assert json.loads(child.stdout.readline())["position"] == position
        child.stdin.close()
        assert child.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("yes 'run 900' | {steer} | head -c 10", 0, 0),
        ("echo sample | {steer} > /dev/full", 1, 1),
        ("echo sample | {steer} >&-", 1, 1),
        ("{steer} <&-", 2, 1),
        ("{steer} < /dev/null", 0, 0),
    ],
)
def test_surroundings(trained, line, code, said):
    command = line.format(steer=f"{COMMAND} steer --model cat")
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[1]:-${{PIPESTATUS[0]}}}}"],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
        check=False,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (code, said), done.stderr


def test_a_pipe_needs_no_drawing(trained):
    code = (
        "import sys; from rnnterm.cli.main import cli; cli.main(sys.argv[1:], 'rnnterm', "
        "standalone_mode=False); print({'rich', 'torch', 'textual'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "steer", "--model", "cat"],
        input="run 3\n",
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "set()"
