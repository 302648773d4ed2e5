"""`make demo`, but for the installation and most of the training."""

import os
import subprocess
from pathlib import Path

from installed import COMMAND

DEMO = Path(__file__).resolve().parents[1] / "demo.sh"


def test_the_demo_trains_and_lets_both_models_write():
    done = subprocess.run(
        ["sh", str(DEMO)],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNTERM": COMMAND, "DEMO_BUDGET": "2s"},
        check=True,
    )
    shown, trained, demo, bundled = done.stdout.split("\n$ rnnterm ")[1:]
    assert "pride-and-prejudice · Pride and Prejudice" in shown
    assert "demo finished" in trained
    for written in (demo, bundled):
        assert len(written.split("\n", 1)[1].removesuffix("\n")) >= 299
    assert "chars/s" in done.stderr
    assert "\x1b" not in done.stdout
