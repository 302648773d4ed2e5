"""No byte of a text or a model drives the terminal, whatever code points it has."""

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pexpect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installed import COMMAND

from rnnterm.nn.modelfile import Model, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

# Just the sequences that the program itself writes: a tint, or bold, and its end.
OUR_COLORS = re.compile(r"\x1b\[(?:0|1|1;4;38;5;202|38;5;(?:223|215|208))?m")
FORBIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
ALLOWED = set("\r\n\t\u200c\u200d")


def harmless(sent: str, *, styled: bool = True) -> bool:
    shown = OUR_COLORS.sub("", sent) if styled else sent
    return all(char in ALLOWED or unicodedata.category(char) not in FORBIDDEN for char in shown)


def in_terminal(command: str, arguments: list[str], term="xterm-256color") -> str:
    child = pexpect.spawn(
        command, arguments, dimensions=(24, 80), encoding="utf-8", timeout=60, maxread=1 << 16,
        env=os.environ | {"TERM": term},
    )  # fmt: skip
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before)


EVERYTHING = """
import sys
from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.output import emit, emit_stream, emit_styled
points = [chr(point) for point in range({start}, {stop})]
emit_stream(points)
emit("".join(points))
emit_styled((point, "1") for point in points)
narrate("".join(points))
"""


@pytest.mark.parametrize("plane", range(17))
def test_every_code_point_through_every_door(plane):
    code = EVERYTHING.format(start=plane << 16, stop=(plane + 1) << 16)
    sent = in_terminal(sys.executable, ["-c", code])
    assert len(sent) > 3 << 16
    assert harmless(sent)


def hostile_model(folder: Path, symbols: str) -> Path:
    """A model that gives every symbol of its alphabet about the same chance."""
    vocab = Vocabulary(symbols)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=2, embedding_size=2)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in spec.tensor_shapes().items()}
    path = folder / "hostile.safetensors"
    save_model(path, Model(spec, vocab, tensors))
    return path


ALPHABET = st.text(
    st.one_of(
        st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Co", "Mn"]),
        st.sampled_from("\x1b[]/;?0m\x07\x9b\x9d\\"),
        st.characters(exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=40,
)


@given(symbols=ALPHABET, seed=st.integers(0, 2**32))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hostile_model_cannot_drive_the_terminal(tmp_path, symbols, seed):
    path = hostile_model(tmp_path, symbols)
    options = ["generate", "--model", str(path), "--length", "2000", "--rng-seed", str(seed)]
    assert harmless(in_terminal(COMMAND, options), styled=False)
    assert harmless(in_terminal(COMMAND, [*options, "--color"]))
    assert harmless(in_terminal(COMMAND, [*options, "--color"], term="dumb"), styled=False)
    piped = subprocess.run([COMMAND, *options], capture_output=True, text=True, check=True).stdout
    assert not set(piped) & ({chr(c) for c in [*range(32), *range(127, 160)]} - set("\n\t\r"))


def test_model_text_is_no_markup(tmp_path):
    path = hostile_model(tmp_path, "[/red]link=x\"'")
    for command in ("generate", "models"):
        arguments = [command, "show", str(path)] if command == "models" else [
            command, "--model", str(path), "--color", "--length", "3000"
        ]  # fmt: skip
        sent = in_terminal(COMMAND, arguments)
        assert "[" in OUR_COLORS.sub("", sent)
        assert "Traceback" not in sent
