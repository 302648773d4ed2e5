"""The progress bar in a real pseudo-terminal, as a person sees it."""

import os

import pexpect
import pyte
import pytest
from installed import COMMAND

from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import runs_root
from rnnterm.training.state import TrainerState

SGR_COLOR = "\x1b[3"  # the beginning of every foreground colour that rich writes


def train_in_terminal(tmp_path, columns: int, rows: int, env=None) -> tuple[str, list[str]]:
    """Everything a short training sends to a terminal, and the screen it leaves."""
    text = tmp_path / "text.txt"
    text.write_text("the cat [/red] sat\x1b[31m on the mat. " * 150)
    arguments = ["train", str(text), "--name", "cat", "--steps", "200", "--hidden-size", "16"]
    for value in (
        "batch_size=4",
        "bptt=16",
        "log_every=5",
        "learning_rate=0.02",
        "sample_every=60",
    ):
        arguments += ["--set", value]
    child = pexpect.spawn(
        COMMAND,
        arguments,
        env=os.environ | {"TERM": "xterm-256color"} | (env or {}),
        dimensions=(rows, columns),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(child.before)
    return child.before, [line.rstrip() for line in screen.display]


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36), (200, 50)])
def test_the_bar_fits_and_samples_scroll_above_it(tmp_path, columns, rows):
    sent, screen = train_in_terminal(tmp_path, columns, rows)
    (bar,) = [line for line in screen if "100%" in line]
    assert "chars/s" in bar
    assert "val " in bar
    assert len(bar) <= columns
    heading = next(n for n, line in enumerate(screen) if "wrote" in line)
    summary = next(n for n, line in enumerate(screen) if "cat finished" in line)
    assert heading < screen.index(bar) < summary
    assert sent.count("\x1b[?25h") >= sent.count("\x1b[?25l") > 0  # the cursor is back


def test_the_text_of_a_model_cannot_drive_the_terminal(tmp_path):
    sent, screen = train_in_terminal(tmp_path, 80, 24)
    assert "sat\x1b[31m" not in sent
    assert any("sat␛[31m" in line for line in screen)
    assert any("[/red]" in line for line in screen)


def test_no_color_means_none(tmp_path):
    colored, _ = train_in_terminal(tmp_path, 80, 24)
    assert SGR_COLOR in colored
    (tmp_path / "plain").mkdir()
    plain, _ = train_in_terminal(
        tmp_path / "plain", 80, 24, {"NO_COLOR": "1", "RNNTERM_RUNS": str(tmp_path / "plain")}
    )
    assert SGR_COLOR not in plain


def test_a_dumb_terminal_gets_plain_lines(tmp_path):
    sent, screen = train_in_terminal(tmp_path, 80, 24, {"TERM": "dumb"})
    assert "\x1b" not in sent
    assert any("chars/s" in line for line in screen)


def test_generate_on_a_terminal_ends_its_line(tmp_path):
    train_in_terminal(tmp_path, 80, 24)
    child = pexpect.spawn(
        COMMAND,
        ["generate", "--model", "cat", "--seed", "the cat", "--length", "60", "--rng-seed", "1"],
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(pexpect.EOF)
    assert child.before.endswith("\r\n")
    assert "\x1b" not in child.before


def test_a_poisoned_run_folder_cannot_drive_the_terminal(tmp_path):
    """Notes at resume quote what the checkpoint says of its machine."""
    train_in_terminal(tmp_path, 80, 24)
    folder = runs_root() / "cat" / "checkpoints"
    newest = CheckpointStore(folder).all()[-1]
    state = TrainerState.from_bytes(newest.trainer.read_bytes())
    state.machine["torch"] = "\x1b]0;PWNED\x07\x1b[2J"
    files = {
        "model.safetensors": newest.model.read_bytes(),
        "trainer.safetensors": state.to_bytes(),
    }
    CheckpointStore(folder).save(newest.step, files, {}, best=False)
    child = pexpect.spawn(
        COMMAND,
        ["train", "--resume", "--name", "cat", "--steps", "210"],
        env=os.environ | {"TERM": "xterm-256color"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    assert "PWNED" in child.before
    assert "\x1b]0;" not in child.before
    assert "\x1b[2J" not in child.before
