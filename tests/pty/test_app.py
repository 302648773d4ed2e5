"""The app in a real pseudo-terminal: it comes, it answers, it gives the terminal back."""

import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from installed import COMMAND
from person import Person

from rnnterm.nn.modelfile import Model, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.runs.folder import runs_root
from rnnterm.text.vocab import Vocabulary

PANELS = ("Corpus", "Model", "Training", "Live sample")


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNTERM_CONFIG", str(tmp_path / "none.toml"))


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36), (200, 50)])
def test_every_panel_shows_and_q_leaves(columns, rows):
    person = Person(COMMAND, [], columns, rows)
    person.see(*PANELS, "shakespeare", "help")
    person.press("\x11")  # ctrl+q, wherever the focus is
    assert person.end() == ""
    assert person.child.exitstatus == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(number):
    person = Person(COMMAND, [])
    person.see(*PANELS)
    os.kill(person.child.pid, number)
    assert "Traceback" not in person.end()
    assert person.child.exitstatus == 130


def test_a_terminal_that_goes_away_ends_the_app():
    person = Person(COMMAND, [])
    person.see(*PANELS)
    os.close(person.child.child_fd)
    deadline = time.monotonic() + 20
    while person.child.isalive():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert person.child.exitstatus == 130


BROKEN = """
from pathlib import Path
from rnnterm.settings import Settings
from rnnterm.tui.launch import run_app
from rnnterm.tui.top_line import TopLine
def fail(self, name, label):
    raise ZeroDivisionError("something [/red] broke")
TopLine.show_speaker = fail
raise SystemExit(run_app(Settings(), Path("nowhere")))
"""


def test_an_unexpected_failure_is_one_line_and_a_log(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNTERM_LOG", str(tmp_path / "app.log"))
    person = Person(sys.executable, ["-c", BROKEN], columns=200)
    told = person.end()
    assert person.child.exitstatus == 1
    assert "ZeroDivisionError: something [/red] broke" in told
    assert str(tmp_path / "app.log") in told
    assert "Traceback" not in told
    report = (tmp_path / "app.log").read_text()
    assert "Traceback" in report
    assert "textual " in report


def test_it_survives_any_size():
    person = Person(COMMAND, [], 120, 36)
    person.see(*PANELS)
    for columns, rows in ((1, 1), (2, 40), (200, 2), (37, 11), (80, 24), (200, 50)):
        person.resize(columns, rows)
    person.see(*PANELS)
    person.press("?")
    person.see("Everywhere")
    person.press("q")  # leaves the help
    person.press("\x11")
    person.end()
    assert person.child.exitstatus == 0


def test_without_a_terminal_it_says_so_at_once():
    for stdin in (subprocess.DEVNULL, subprocess.PIPE):
        begun = time.monotonic()
        done = subprocess.run(
            [COMMAND], stdin=stdin, capture_output=True, text=True, check=False, timeout=20
        )
        assert time.monotonic() - begun < 5  # of a busy machine; the benchmark knows the figure
        assert (done.returncode, done.stdout) == (2, "")
        assert "needs a terminal" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_wrong_settings_are_one_line_before_the_screen(tmp_path, monkeypatch):
    (tmp_path / "bad.toml").write_text("fps = 'fast'")
    monkeypatch.setenv("RNNTERM_CONFIG", str(tmp_path / "bad.toml"))
    person = Person(COMMAND, [])
    assert "fps must be" in person.end()
    assert person.child.exitstatus == 2


def test_its_process_has_no_torch():
    person = Person(COMMAND, [])
    person.see(*PANELS)
    assert "torch" not in Path(f"/proc/{person.child.pid}/maps").read_text()
    person.press("\x11")
    person.end()


POISON = (
    '[/red][link="x\x1b]0;PWNED\x07\x1b[2J\x1b[31m\x9b5m😀漢\u202e'
    "\u0301\u0301\u0301\u0301\u0301 ab\n"
)


def poisoned_model(path: Path) -> None:
    """An untrained network whose every character is one that someone might fear."""
    vocab = Vocabulary("".join(sorted(set(POISON))))
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, input="onehot")
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    training = {"run": POISON, "corpus": {"name": POISON}, "recipe": {"name": POISON}}
    save_model(path, Model(spec, vocab, tensors, training))


def test_no_text_of_a_model_or_a_run_drives_the_screen(tmp_path):
    run = runs_root() / "poisoned" / "checkpoints" / "step-0000000"
    run.mkdir(parents=True)
    (run.parent.parent / "config.json").write_text('{"version": 1, "name": "\\u001b[2J"}')
    (tmp_path / "poison.txt").write_text(POISON * 200, newline="")
    poisoned_model(tmp_path / "evil.safetensors")
    person = Person(COMMAND, ["--model", str(tmp_path / "evil.safetensors")], 120, 36)
    person.see(*PANELS, "LSTM 1x8")
    person.press("5")
    person.see("poisoned")
    person.press("1")
    person.see("Live sample")
    person.press("\x11")
    person.end()
    assert "PWNED" not in person.sent.replace("␛]0;PWNED␇", "")
    assert "\x1b]0;" not in person.sent
    assert "\x9b" not in person.sent
    shown = "".join("".join(line) for line in person.lines())
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in shown)
