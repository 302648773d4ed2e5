"""`rnnterm explore`: a hidden state in a pipe, on a terminal, in a file."""

import json
import math
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pexpect
import pyte
import pytest
from installed import COMMAND

from rnnterm.explore.classic import REFLECTION, ROTATION
from rnnterm.explore.fresh import fresh_model
from rnnterm.explore.gradients import connectivity, decay
from rnnterm.explore.reading import read_text
from rnnterm.nn.modelfile import load_model, save_model
from rnnterm.text.vocab import Vocabulary

TEXT = "the cat [/red]\nsat\ton the mat 'so'"


@pytest.fixture(scope="module")
def model_path(tmp_path_factory) -> Path:
    """A small untrained model of two layers: what is shown of it is as true as of a trained one."""
    path = tmp_path_factory.mktemp("explore") / "small.safetensors"
    vocab = Vocabulary(TEXT + "\x1b\u202exyz")
    save_model(path, fresh_model("lstm", 30, vocab, seed=5, num_layers=2))
    return path


@pytest.fixture
def ask(rnnterm, model_path):
    return lambda *arguments, **more: rnnterm("explore", model_path, *arguments, **more)


def test_json_is_the_reading(ask, model_path):
    answer = ask("--text", TEXT + "Ω", "--layer", 1, "--unit", 7, "--step", 9, "--json")
    assert answer.code == 0, answer.err
    assert "passed over" in answer.err
    found = json.loads(answer.out)
    reading = read_text(load_model(model_path), TEXT)
    assert (found["text"], found["unknown"]) == (TEXT, "\u03a9")
    assert (found["layer"], found["unit"], found["step"]) == (1, 7, 9)
    assert found["surprisal"][0] is None
    np.testing.assert_allclose(found["surprisal"][1:], reading.surprisal[1:])
    assert found["mean_surprisal"] == pytest.approx(np.nanmean(reading.surprisal))
    for name in reading.names:
        np.testing.assert_allclose(found["values"][name], reading.values(0, name)[:, 7])
    for equation in found["equations"]:
        total = sum(math.prod(term["factors"]) for term in equation["terms"])
        assert equation["sum"] == pytest.approx(total)
        traced = reading.values(0, equation["name"])[8, 7]
        assert equation["value"] == pytest.approx(traced, abs=1e-5)
    assert found["expected"][0]["char"] == reading.expected(8, 1)[0][0]


def test_a_pipe_gets_everything_in_glyphs(ask, model_path):
    answer = ask("--text", "-", "--unit", 3, "--show", "c", stdin=TEXT.encode())
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert f"LSTM 2x30 · {len(TEXT)} characters" in lines[0]
    assert lines[1] == "layer 2 of 2 · c · unit 3 · step 34/34"
    shown = "\n".join(lines)
    assert "the cat [/red]⏎" in shown
    assert "sat⇥on the mat 'so'" in shown
    assert "c′ = f c + i g = " in shown
    assert "entropy" in shown
    # The glyphs under the text follow the unit's sign.
    values = read_text(load_model(model_path), TEXT).values(1, "c")[:, 3]
    below = lines[lines.index("the cat [/red]⏎") + 1].ljust(15)
    for glyph, value in zip(below, values, strict=False):
        assert glyph in (" ░▒▓█" if value > 0 else " ·-=≡")
    default = json.loads(ask("--text", TEXT, "--json").out)
    spread = read_text(load_model(model_path), TEXT).values(1, "h").var(axis=0)
    assert default["unit"] == spread.argmax()


def on_terminal(model_path, *arguments, columns=80, env=None) -> tuple[str, pyte.Screen]:
    child = pexpect.spawn(
        COMMAND, ["explore", str(model_path), *arguments],
        env=os.environ | {"TERM": "xterm-256color"} | (env or {}),
        dimensions=(70, columns), encoding="utf-8", timeout=60,
    )  # fmt: skip
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    screen = pyte.Screen(columns, 70)
    pyte.Stream(screen).feed(child.before)
    return child.before, screen


def test_a_terminal_is_tinted_and_not_driven(model_path):
    evil = "the\x1b[31mcat\u202e"
    sent, screen = on_terminal(model_path, "--text", evil, "--step", "2")
    assert "\x1b[31m" not in sent
    assert "\u202e" not in sent
    row = next(at for at, line in enumerate(screen.display) if line.startswith("the␛"))
    cells = [screen.buffer[row][column] for column in range(len("thecat"))]
    assert len({cell.bg for cell in cells}) > 2
    assert [cell.reverse for cell in cells] == [False, True, *[False] * 4]
    assert any("▀" in line for line in screen.display)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["no color", "dumb"])
def test_without_colour_glyphs_tell(model_path, env):
    sent, screen = on_terminal(model_path, "--text", TEXT, columns=60, env=env)
    assert not re.search(r"[34]8;5", sent)
    shown = "\n".join(screen.display)
    assert "▀" not in shown
    if "TERM" in env:
        assert "\x1b" not in sent
        assert "⠤" not in shown
    else:
        assert "░" in shown or "▒" in shown


def test_gradients(ask, model_path):
    found = json.loads(ask("--text", TEXT, "--gradients", "--step", 12, "--json").out)
    reading = read_text(load_model(model_path), TEXT)
    expected = connectivity(reading, 11)
    assert found["predicted"] == expected.char == TEXT[12]
    np.testing.assert_allclose(found["connectivity"], expected.norms)
    likeliest = json.loads(
        ask("--text", TEXT, "--gradients", "--step", 12, "--likeliest", "--json").out
    )
    assert likeliest["predicted"] == reading.expected(11, 1)[0][0]
    assert likeliest["predicted"] != found["predicted"]
    own, *fresh = found["networks"]
    np.testing.assert_allclose(own["norms"], decay(reading, 1).norms)
    assert [one["network"] for one in fresh] == ["fresh rnn", "fresh gru", "fresh lstm"]
    assert own["scale"] == 1
    answer = ask(
        "--text", TEXT, "--gradients", "--truncation", 3, "--clip", 0.01,
        "--forget-bias", 3, "--spectral-radius", 2, "--json",
    )  # fmt: skip
    changed = json.loads(answer.out)["networks"]
    for one, other in zip(changed, found["networks"], strict=True):
        assert one["scale"] == pytest.approx(0.01 / one["gradient_norm"])
        assert one["scale"] < 1
        assert not any(one["norms"][3:])
        assert all(other["norms"][:6])
    assert changed[1]["spectral_radius"] == pytest.approx(2, rel=1e-3)
    assert changed[3]["gate_bias"] == pytest.approx(3, abs=0.2)
    both = json.loads(
        ask("--text", TEXT, "--gradients", "--beside", model_path, "--json").out
    )["networks"]  # fmt: skip
    assert len(both) == 5
    assert both[1]["norms"] == both[0]["norms"] == own["norms"]
    narrow = ask("--text", TEXT, "--gradients", env={"COLUMNS": "40"}).out.splitlines()
    assert max(map(len, narrow)) <= 40
    assert any(line.startswith("fresh lstm ") for line in narrow)
    shown = ask("--text", TEXT, "--gradients", "--clip", 0.01)
    assert shown.code == 0, shown.err
    assert "clipped by" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


def test_an_export_replaces_a_file_only_if_asked_to(ask, tmp_path):
    for name in ("a.svg", "a.html"):
        (tmp_path / name).write_text("mine")
        refused = ask("--text", "cat", "--export", tmp_path / name)
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "--force" in refused.err
        assert (tmp_path / name).read_text() == "mine"
        assert ask("--text", "cat", "--export", tmp_path / name, "--force").code == 0
        assert "mine" not in (tmp_path / name).read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.svg"]


def test_an_export_has_the_modes_that_the_user_wants(ask, tmp_path):
    before = os.umask(0o027)
    try:
        assert ask("--text", "cat", "--export", tmp_path / "a.svg").code == 0
    finally:
        os.umask(before)
    assert (tmp_path / "a.svg").stat().st_mode & 0o777 == 0o640


def test_exports_hold_the_text_as_text(ask, tmp_path):
    evil = "the\x1b[31mcat [/red] <z>"
    for name in ("a.svg", "a.HTML"):
        answer = ask("--text", evil.replace("<z>", "x"), "--export", tmp_path / name)
        assert (answer.code, answer.out) == (0, "")
        written = (tmp_path / name).read_text()
        assert "\x1b" not in written
        assert "[/red]" in written.replace("&#160;", " ")
    ElementTree.parse(tmp_path / "a.svg")
    both = ask("--text", "cat", "--json", "--export", tmp_path / "b.svg")
    assert json.loads(both.out)["text"] == "cat"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.HTML", "a.svg", "b.svg"]


def test_the_tiny_network_by_hand(rnnterm):
    answer = rnnterm("explore", "tiny")
    assert (answer.code, answer.err) == (0, "")
    for printed in (
        "= −0.07471441", "= −3.64187915", "= −1.30195885", "= −6.8417258", "= −3.86981229",
        "wh₁₂ = −0.49338293", "h1  0.80152",
    ):  # fmt: skip
        assert printed in answer.out
    found = json.loads(rnnterm("explore", "tiny:reflection", "--json").out)
    assert found["steps"][-1]["o"] == REFLECTION.outputs[-1]
    found = json.loads(
        rnnterm(
            "explore", "tiny", "--weight", "wh12=0.5", "--weight", "wx2 = -1e-2", "--text", "2, 5",
            "--json",
        ).out
    )  # fmt: skip
    edited = ROTATION.with_inputs([2, 5]).with_weight("wh", 0, 1, 0.5)
    edited = edited.with_weight("wx", 0, 1, -0.01)
    assert [step["h"] for step in found["steps"]] == edited.states.tolist()
    assert found["gradient_norms"] == list(edited.gradient_norms())


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--text", ""], 1, "empty"),
        (["--text", "日本"], 1, "no character"),
        (["--text", "@"], 2, "names no file"),
        (["--text", "@none"], 2, "no file 'none'"),
        ([], 2, "no text"),
        (["--text", "cat", "--layer", "3"], 2, "from 1 to 2"),
        (["--text", "cat", "--unit", "30"], 2, "from 0 to 29"),
        (["--text", "cat", "--step", "0"], 2, "from 1 to 3"),
        (["--text", "cat", "--show", "r"], 2, "choose h, c, i, f, g, o"),
        (["--text", "t", "--gradients"], 1, "longer text"),
        (["--text", "cat", "--clip", "1"], 2, "part of --gradients"),
        (["--text", "cat", "--likeliest"], 2, "part of --gradients"),
        (["--text", "cat", "--gradients", "--truncation", "0"], 2, "--truncation"),
        (["--text", "cat", "--weight", "wh11=1"], 2, "explore tiny"),
        (["--text", "cat", "--export", "picture.png"], 2, ".svg or .html"),
        (["--text", "cat", "--export", "/nowhere/a.svg"], 1, "cannot write"),
    ],
)
def test_what_cannot_be_explored(run_here, model_path, arguments, code, reason):
    answer = run_here("explore", model_path, *arguments)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (code, "", 1), answer.err
    assert reason in answer.err


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["nonesuch", "--text", "a"], 2, "no model"),
        (["tiny:small"], 2, "tiny:rotation"),
        (["tiny", "--unit", "1"], 2, "--unit"),
        (["tiny", "--gradients"], 2, "--gradients"),
        (["tiny", "--step", "4"], 2, "from 1 to 3"),
        (["tiny", "--text", ""], 1, "1 to 50 numbers"),
        (["tiny", "--text", "1 two"], 2, "'two' is not a number"),
        (["tiny", "--weight", "wh13=1"], 2, "wh11, wh12"),
        (["tiny", "--weight", "wy1=nan"], 1, "nan"),
    ],
)
def test_other_models_that_cannot_be_explored(run_here, arguments, code, reason):
    answer = run_here("explore", *arguments)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (code, "", 1), answer.err
    assert reason in answer.err
