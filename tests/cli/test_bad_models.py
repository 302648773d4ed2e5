"""Every bad model file, through every command that reads one: one line, and untouched files."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from installed import COMMAND
from safetensors.numpy import load, save

from rnnterm.nn.modelfile import model_digest
from rnnterm.runs.checkpoints import CheckpointStore

COMMANDS = {
    "generate": ["generate", "--model"],
    "steer": ["steer", "--model"],
    "eval": ["eval", "--corpus", "othello"],
    "score": ["score"],
    "explore": ["explore", "--text", "cat"],
    "show": ["models", "show"],
    "export": ["models", "export"],
}


def rewritten(data: bytes, tensors=None, **described) -> bytes:
    """A file whose digest is right and whose content does not fit together."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    entry = json.loads(header["__metadata__"]["rnnterm"]) | described
    content = load(data) | (tensors or {})
    content = {name: value for name, value in content.items() if value is not None}
    entry["sha256"] = model_digest(entry, content)
    return save(content, {"rnnterm": json.dumps(entry)})


DAMAGES = {
    "empty": (lambda data: b"", "cannot read"),
    "truncated": (lambda data: data[:-7], "cannot read"),
    "a flipped bit": (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "damaged"),
    "zero bytes": (lambda data: bytes(len(data)), "cannot read"),
    "a zip": (lambda data: b"PK\x03\x04" + data, "cannot read"),
    "a pickle": (lambda data: b"\x80\x04\x95" + data, "cannot read"),
    "a huge header": (lambda data: b"\xff" * 8 + data[8:], "cannot read"),
    "a missing tensor": (lambda data: rewritten(data, {"head.bias": None}), "missing"),
    "an extra tensor": (lambda data: rewritten(data, {"x": np.ones(2, np.float32)}), "not of"),
    "a misshapen tensor": (
        lambda data: rewritten(data, {"head.bias": np.ones(2, np.float32)}), "shape"
    ),
    "NaN": (
        lambda data: rewritten(data, {"head.bias": load(data)["head.bias"] * np.nan}), "NaN"
    ),
    "a newer format": (lambda data: rewritten(data, version=99), "upgrade"),
}  # fmt: skip


@pytest.fixture(scope="module")
def good(trained) -> bytes:
    return CheckpointStore(trained / "cat" / "checkpoints").usable()[0].model.read_bytes()


# All damages through one command, the commonest through all: they share one loader.
COMMON = ("truncated", "a flipped bit", "NaN")
PAIRS = [(kind, "generate") for kind in DAMAGES]
PAIRS += [(kind, command) for kind in COMMON for command in COMMANDS if command != "generate"]


@pytest.mark.parametrize(("kind", "command"), PAIRS)
def test_a_bad_model_file(rnnterm, tmp_path, good, kind, command):
    make, reason = DAMAGES[kind]
    path = tmp_path / "model.safetensors"
    path.write_bytes(make(good))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    target = [tmp_path / "out.npz"] if command == "export" else []
    answer = rnnterm(*COMMANDS[command], path, *target, stdin=b"the cat\n")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1), answer.err
    assert reason in answer.err
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_poisoned_run_is_told_safely_and_another_checkpoint_used(
    rnnterm, trained, tmp_path, command
):
    runs = tmp_path / "runs"
    evil = runs / "evil\x1b]0;pwn\x07"
    shutil.copytree(trained / "cat", evil)
    store = CheckpointStore(evil / "checkpoints")
    newest = store.all()[-1]
    files = {path.name: path.read_bytes() for path in (newest.model, newest.trainer)}
    best = store.save(newest.step + 1, files, {}, best=True)
    best.model.write_bytes(b"damaged")
    target = [tmp_path / "out.npz"] if command == "export" else []
    answer = rnnterm(
        *COMMANDS[command], "evil", *target, "--runs-dir", runs, stdin=b"the cat sat\n" * 9
    )
    if command == "steer":  # what stands on standard input is no command of its
        assert answer.code == 2
    else:
        assert answer.code == 0, answer.err
    assert "damaged" in answer.err
    assert "\x1b" not in answer.err + answer.out
    assert "\x07" not in answer.err + answer.out


def test_the_home_of_nobody_is_one_line(rnnterm, trained):
    for arguments in (
        ["generate", "--model", "~nobody-here/m"],
        ["score", "cat", "~nobody-here/t"],
    ):
        answer = rnnterm(*arguments, "--runs-dir", trained)
        assert (answer.code, len(answer.err.splitlines())) == (2, 1)
        assert "home of nobody" in answer.err


def test_full_disks_and_closed_outputs_are_one_line(trained, tmp_path):

    limited = f"ulimit -f 1; {COMMAND} models export cat {tmp_path}/out.npz --runs-dir {trained}"
    full = f"{COMMAND} models show cat --runs-dir {trained} > /dev/full"
    scored = f"printf 'the cat sat' | {COMMAND} score cat --runs-dir {trained} > /dev/full"
    for line in (limited, full, scored):
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_paths_are_as_people_write_them(rnnterm, trained, tmp_path):
    path = CheckpointStore(trained / "cat" / "checkpoints").usable()[0].model
    shutil.copy(path, tmp_path / "m.safetensors")
    answer = rnnterm(
        "generate", "--model", "~/m.safetensors", "--length", 9, env={"HOME": str(tmp_path)}
    )
    assert (answer.code, len(answer.out)) == (0, 9)
    assert Path(tmp_path / "m.safetensors").exists()
