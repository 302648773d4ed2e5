"""What starts, how little it loads, and how it ends."""

import os
import subprocess
import sys

import pytest
from installed import COMMAND

import rnnterm as package

PROBE = """
import sys
from rnnterm.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
loaded = {name for name in ("numpy", "torch", "textual", "rich", "click") if name in sys.modules}
print(*sorted(loaded), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["train", "--help"], set()),
        (["generate", "--help"], set()),
        (["corpus", "show", "othello", "--json"], {"numpy"}),
        (["generate", "--model", "cat", "--length", "5"], {"numpy"}),
        (["explore", "--help"], set()),
        (["explore", "cat", "--text", "cat", "--gradients"], {"numpy"}),
    ],
    ids=" ".join,
)
def test_a_command_loads_only_what_it_needs(arguments, heavy, trained):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
        check=True,
    )
    assert set(done.stderr.split()) == heavy | {"click"}


def test_importing_the_package_loads_nothing_heavy():
    code = "import rnnterm, sys; print(*({'numpy', 'torch', 'click'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""


def test_version_and_help(rnnterm):
    assert rnnterm("--version").out == f"rnnterm {package.__version__}\n"
    answer = rnnterm("--help")
    assert (answer.code, answer.err) == (0, "")
    for command in ("train", "generate", "corpus"):
        assert command in answer.out
    as_module = subprocess.check_output([sys.executable, "-m", "rnnterm", "--help"], text=True)
    assert as_module == rnnterm("--help").out


def test_a_reader_that_leaves_ends_it_quietly(trained):
    line = f"{COMMAND} generate --model cat --length 200000 | head -c 10; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.endswith("0\n")


@pytest.mark.parametrize("target", ["> /dev/full", ">&-"])
@pytest.mark.parametrize("command", ["generate --model cat", "corpus list", "corpus list --json"])
def test_nowhere_to_write_is_one_line_and_a_failure(target, command, trained):
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} {command} {target}"],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM_RUNS": str(trained)},
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_closed_stderr_never_stops_the_work(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat. " * 100)
    line = f"{COMMAND} train {text} --steps 3 --hidden-size 8 --set batch_size=4 --json 2>&-"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert '"steps": 3' in done.stdout


def test_help_to_a_reader_that_leaves_is_quiet():
    line = f"{COMMAND} train --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_bug_is_one_line_and_debug_shows_more(rnnterm, tmp_path):
    broken = {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "platformdirs.py").write_text("raise RuntimeError('boom\\nboom')")
    answer = rnnterm("corpus", "show", "othello", env=broken)
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "RuntimeError" in answer.err
    assert "Traceback" in rnnterm("--debug", "corpus", "show", "othello", env=broken).err


def test_an_ascii_locale_still_shows_everything(rnnterm):
    answer = rnnterm("corpus", "show", "othello", env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert answer.code == 0
    assert "⏎→0" in answer.out
