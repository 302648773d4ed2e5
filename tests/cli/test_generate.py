"""`rnnterm generate`: seeds, options, forms of output."""

import json
import math
import os

import pexpect
import pytest
from installed import COMMAND, Answer, run_command


@pytest.fixture
def generate(trained):
    """The command on the small model `cat`, repeatable unless told otherwise."""

    def run(*arguments, stdin: bytes = b"", **settings) -> Answer:
        env = {"RNNTERM_RUNS": str(trained)}
        fixed = [] if "--rng-seed" in arguments else ["--rng-seed", 1]
        return run_command(
            "generate", "--model", "cat", *fixed, *arguments, stdin=stdin, env=env, **settings
        )

    return run


def test_the_same_seed_the_same_bytes_and_another_another(generate):
    first, again = generate("--seed", "the"), generate("--seed", "the")
    assert first == again
    assert len(first.out) == 500
    assert first.out != generate("--seed", "the", "--rng-seed", 2, "--temperature", 2).out


def test_a_seed_may_come_from_anywhere(generate, tmp_path):
    expected = generate("--seed", "the cat ").out
    (tmp_path / "seed.txt").write_bytes(b"\xef\xbb\xbfthe cat ")
    assert generate("--seed", f"@{tmp_path / 'seed.txt'}").out == expected
    assert generate("--seed", "-", stdin=b"the cat ").out == expected
    assert generate("--seed", "@@the cat ").out == expected  # an unknown @, left out
    assert generate("--seed", "the cat " * 3000, "--length", 5).code == 0  # longer than any context
    assert generate("--seed", "").code == 0


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["--seed", "@nonesuch.txt"], b"", 2),
        (["--seed", "@."], b"", 1),
        (["--seed", "-"], b"\xff\xfe", 1),
        (["--seed", "-"], b"abc\xff", 1),
        (["--seed", "Zebra", "--strict"], b"", 2),
        (["--seed", b"\xed\xa0\x80".decode("utf-8", "surrogateescape"), "--strict"], b"", 2),
        (["--top-p", "0"], b"", 2),
        (["--top-p", "1.5"], b"", 2),
        (["--top-p", "nan"], b"", 2),
        (["--top-k", "-1"], b"", 2),
        (["--min-p", "2"], b"", 2),
        (["--temperature", "inf"], b"", 2),
        (["--repetition-penalty", "0"], b"", 2),
        (["--samples", "0"], b"", 2),
        (["--samples", "99999999999"], b"", 2),
        (["--beam", "0"], b"", 2),
        (["--beam", "3", "--samples", "2"], b"", 2),
        (["--beam", "3", "--temperature", "1"], b"", 2),
        (["--beam", "3", "--device", "gpu"], b"", 2),
        (["--beam", "99999"], b"", 2),
        (["--stop", ""], b"", 2),
        (["--raw", "--json"], b"", 2),
        (["--color", "--samples", "3"], b"", 2),
        (["--log-probabilities"], b"", 2),
        (["--seed", "@"], b"", 2),
        (["--seed", "@~nobody-here/x"], b"", 2),
        (["--device", "gpu"], b"", 2),
        (["--device", "cuda:77"], b"", 1),
    ],
)
def test_bad_seeds_and_options_are_one_line(generate, arguments, stdin, code):
    answer = generate(*arguments, stdin=stdin)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (code, "", 1), answer.err
    assert "Traceback" not in answer.err


def test_unknown_characters_are_a_warning_unless_quiet(generate):
    warned = generate("--seed", b"the \xed\xa0\x80cat".decode("utf-8", "surrogateescape"))
    assert (warned.code, warned.err.count("\n")) == (0, 1)
    assert warned.err.startswith("warning: ")
    assert generate("--seed", "the ☃cat", "-q").err == ""


def test_json_tells_everything(generate):
    answer = generate("--seed", "the", "--length", 40, "--json", "--log-probabilities")
    told = json.loads(answer.out)
    assert answer.out.isascii()
    assert (told["seed"], told["rng_seed"], told["model"]) == ("the", 1, "cat")
    assert set(told["text"]) <= set("the cat [/red] sat\x1b[31m on the mat. ")
    assert len(told["text"]) == len(told["log_probabilities"]) == 40
    mean = sum(told["log_probabilities"]) / 40
    assert told["mean_log_probability"] == pytest.approx(mean, abs=1e-4)
    assert math.exp(told["mean_log_probability"]) > 0.3  # it knows its text by heart
    assert told["chars_per_second"] > 0
    assert "log_probabilities" not in json.loads(generate("--json").out)


def test_many_samples(generate):
    together = generate("--samples", 4, "--length", 30, "--temperature", 1.5)
    lines = generate(
        "--samples", 4, "--length", 30, "--temperature", 1.5, "--json"
    ).out.splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    assert [json.loads(line)["sample"] for line in lines] == [0, 1, 2, 3]
    assert len(set(texts)) == 4
    shown = [text.replace("\x1b", "␛") for text in texts]
    assert together.out == "\n\n".join(shown) + "\n"


def test_stop_greedy_loops_and_beam(generate):
    stopped = json.loads(generate("--seed", "the cat", "--stop", "mat", "--json").out)
    assert stopped["done_reason"] == "stop: 'mat'"
    assert "mat" not in stopped["text"]
    greedy = json.loads(generate("--seed", "the cat", "--greedy", "--json").out)
    assert len(greedy["text"]) == 500
    assert greedy["done_reason"].startswith("loop of 36: ")
    looped = json.loads(generate("--seed", "the cat", "--greedy", "--stop-loops", "--json").out)
    assert len(looped["text"]) < 500
    short = ["--seed", "e", "--length", 30, "--json"]
    greedy, beam = (
        json.loads(generate(*short, *how).out) for how in (["--greedy"], ["--beam", 64])
    )
    assert beam["mean_log_probability"] >= greedy["mean_log_probability"]
    assert beam["done_reason"] == "length"


def test_beam_and_stop_keep_probabilities_with_their_characters(generate):
    options = ["--seed", "the cat", "--beam", 2, "--length", 40, "--json", "--log-probabilities"]
    whole = json.loads(generate(*options).out)
    cut = json.loads(generate(*options, "--stop", "mat").out)
    length = len(cut["text"])
    assert cut["done_reason"] == "stop: 'mat'"
    assert cut["text"] == whole["text"][:length]
    assert cut["log_probabilities"] == whole["log_probabilities"][:length]


def test_a_stop_that_can_never_come_is_a_warning(generate):
    warned = generate("--stop", "☃")
    assert (warned.code, len(warned.out)) == (0, 500)
    assert "never writes" in warned.err
    assert generate("--stop", "☃", "--strict").code == 2


def test_raw_gives_every_byte_and_verbose_tells_the_speed(generate):
    raw = generate("--seed", "the cat [/red] sat", "--raw", "--greedy", "-v")
    assert "\x1b[31m" in raw.out
    assert "chars/s" in raw.err
    assert "loaded in" in raw.err
    assert len(raw.err.splitlines()) == 1


def test_torch_writes_the_same(generate):
    assert generate("--device", "cpu", "--length", 60).out == generate("--length", 60).out


def in_terminal(trained, *arguments: str, env=None) -> str:
    child = pexpect.spawn(
        COMMAND,
        ["generate", "--model", "cat", "--seed", "the cat", "--rng-seed", "1", *arguments],
        env=os.environ | {"RNNTERM_RUNS": str(trained), "TERM": "xterm-256color"} | (env or {}),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before)


def test_color_tints_on_a_terminal_only(trained, generate):
    assert "\x1b[" in in_terminal(trained, "--color", "--temperature", "1.5")
    assert "\x1b" not in in_terminal(trained, "--color", env={"NO_COLOR": "1"})
    assert "\x1b" not in in_terminal(trained)
    assert "\x1b" not in generate("--color").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_every_shell(shell):
    answer = run_command(env={"_RNNTERM_COMPLETE": f"{shell}_source"})
    assert answer.code == 0
    assert "rnnterm" in answer.out
    # bash and zsh say which word is being completed, fish says the word itself.
    words = {"COMP_WORDS": "rnnterm gen", "COMP_CWORD": "gen" if shell == "fish" else "1"}
    completed = run_command(env={"_RNNTERM_COMPLETE": f"{shell}_complete"} | words)
    assert "generate" in completed.out
