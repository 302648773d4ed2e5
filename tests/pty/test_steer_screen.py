"""`rnnterm steer` in a real pseudo-terminal: every key, and the terminal given back."""

import signal

import numpy as np
import pytest
from installed import COMMAND
from person import Person

from rnnterm.nn.modelfile import Model, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

UP, DOWN, RIGHT, LEFT, ESCAPE = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b"
SGR_COLOR = "\x1b[38"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of random weights that knows what could hurt a terminal."""
    vocab = Vocabulary("\n\t\x1b abcdefgh[/]=1m3漢\u0301")
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, embedding_size=4)
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    path = tmp_path_factory.mktemp("model") / "noise.safetensors"
    save_model(path, Model(spec, vocab, tensors))
    return path


@pytest.fixture
def sit_down(model):
    people = []

    def start(*options: str, seed="bad cab", **settings) -> Person:
        arguments = ["steer", "--model", str(model), "--seed", seed, "--rng-seed", "1", *options]
        person = Person(COMMAND, arguments, **settings)
        people.append(person)
        return person

    yield start
    for person in people:
        person.child.close(force=True)


def written(text: str) -> str:
    """What the terminal is sent for a text: its own line ends."""
    return text.replace("\n", "\r\n")


def test_moves_and_the_text_at_the_end(sit_down):
    person = sit_down("--length", "12")
    person.see("0 written", "bad cab", "q quit")
    person.press(" ")
    person.see("1 written")
    person.press("\r")
    person.see("2 written")
    person.press("g")
    person.see("14 written")
    person.press(LEFT, "\x1bOD")
    person.see("12 written")
    person.press(RIGHT)
    person.see("13 written")
    person.press("u")
    person.see("2 written")
    person.press("r")
    person.see("14 written")
    person.press("u", "u", "u", "ta", "tc", "te", "t\r", "tf")
    lines = person.see("5 written", "bad cabace")
    assert lines[2] == "f"
    person.press("q")
    assert "bad cabace\r\nf\r\n" in person.end()
    assert person.child.exitstatus == 0


def test_candidates_and_branches(sit_down):
    person = sit_down()
    person.see("0 written", "  1 ", "  9 ", "model  at 0.8")
    person.press("1", LEFT)
    person.see("0 written", "1•")
    person.press("3", LEFT)
    person.see("3•", "↑↓ 2/2")
    person.press(UP)
    person.see("↑↓ 1/2")
    person.press(UP)
    person.see("↑↓ 2/2")
    person.press(DOWN)
    person.see("↑↓ 1/2")
    person.press("+", "+", "-")
    person.see("model  at 0.9", "temperature 0.9")
    person.press(*"-" * 11)
    person.see("model    at 0", "1.000  ████")
    person.press("\x04")
    person.end()
    assert person.child.exitstatus == 0


def test_help_and_keys_that_do_nothing(sit_down):
    person = sit_down()
    person.see("0 written")
    person.press("?")
    person.see("undo", "back to where the last move began", "so does Ctrl-D", "less")
    person.press("?")
    person.see("model  at 0.8")
    person.press("x")
    person.see("this key does nothing")
    person.press("\x02", "\n", "\x0f", "\x1a", "\x1b[15~", "\x1b[1;5C")  # tmux's keys and others
    person.press("tX")
    person.see("does not know 'X'", "0 written")
    person.press("t", ESCAPE)
    person.press(" ")
    person.see("1 written", "q quit")


def test_saving_asks_for_a_name_and_refuses_one_that_is_taken(sit_down, tmp_path):
    person = sit_down(cwd=str(tmp_path))
    person.see("0 written")
    person.press("s", "né", "\x7f", "ew\r")
    person.see("saved 7 characters in new")
    assert (tmp_path / "new").read_text() == "bad cab"
    person.press("ta", "snew\r")
    person.see("already: choose another name", "1 written")
    assert (tmp_path / "new").read_text() == "bad cab"
    person.press("s", "other", ESCAPE)
    person.see("not saved")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_ctrl_c_gives_the_terminal_back(sit_down):
    person = sit_down()
    person.see("0 written")
    person.press("\x03")
    assert person.end().strip() == "rnnterm: interrupted"
    assert person.child.exitstatus == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_give_the_terminal_back(sit_down, number):
    person = sit_down()
    person.see("0 written")
    person.child.kill(number)
    assert person.end() == ""
    assert person.child.exitstatus == 128 + number


def test_any_size_down_to_a_single_cell(sit_down):
    person = sit_down("--length", "200", seed="bad [/cab] 漢漢 face " * 20)
    person.see("0 written")
    for columns, rows in ((1, 1), (2, 3), (1, 24), (80, 1), (7, 7), (200, 50)):
        person.resize(columns, rows)
        person.press("g", LEFT)
    person.resize(80, 24)
    lines = person.see(f"{6 * 199:,} written", "q quit")
    assert "temperature 0.8" in lines[0]
    assert "q quit" in lines[-1]
    person.press("q")
    person.end()
    assert person.child.exitstatus == 0


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36), (200, 50)])
def test_the_page_fills_the_screen_and_no_more(sit_down, columns, rows):
    person = sit_down(columns=columns, rows=rows)
    lines = person.see("0 written", "q quit")
    assert lines[0].endswith("temperature 0.8 · 0 written")
    assert "q quit" in lines[rows - 1]
    assert lines[rows - 3].startswith("  9")


def test_no_colours_where_none_are_wanted(sit_down):
    for options, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
        person = sit_down(env=options)
        person.see("0 written")
        person.press("g")
        person.see("40 written")
        assert (SGR_COLOR in person.sent) is colored


def test_no_text_drives_the_terminal(sit_down):
    person = sit_down(seed="\x1b[31m [/a] [b=c]\t\u0301\u0301\u0301\u0301\u0301\u0301")
    person.see("␛[31m [/a] [b=c]⇥")
    person.press("t\x1b[31m", "q")  # ESC by a key is a question taken back
    after = person.end()
    assert "␛[31m" in after
    assert "\x1b[31m" not in person.sent
    assert person.sent.count("\u0301" * 5) == 0


def test_a_piped_seed_leaves_the_keys_to_the_terminal(model):
    line = f"printf 'bad cab' | {COMMAND} steer --model {model} --seed -"
    person = Person("/bin/sh", ["-c", line])
    person.see("bad cab", "0 written")
    person.press("ta")
    person.see("1 written")
    person.press("q")
    assert "bad caba" in person.end()
    assert person.child.exitstatus == 0


def test_a_dumb_terminal_gets_lines(sit_down):
    person = sit_down(env={"TERM": "dumb"})
    person.see("a command a line")
    person.press("type ace\n", "text\n")
    person.see("bad cabace")
    person.press("\x04")
    person.end()
    assert "\x1b" not in person.sent
