"""Every bad corpus and option: one clear line, a non-zero exit, and untouched files."""

import hashlib
import os
from pathlib import Path

import pytest

from rnnterm.runs.folder import runs_root

FEW = "the cat sat on the mat. "


def tree(folder: Path) -> dict[str, str]:
    """Every path below a folder with what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


CORPORA = {
    "missing": (None, 2, "no corpus"),
    "folder": (lambda path: path.mkdir(), 2, "folder"),
    "fifo": (make_fifo, 2, "regular file"),
    "empty": (lambda path: path.touch(), 1, "empty"),
    "only a byte-order mark": (lambda path: path.write_bytes(b"\xef\xbb\xbf"), 1, "empty"),
    "too short": (lambda path: path.write_text("abc"), 1, "too few"),
    "shorter than batch x bptt": (lambda path: path.write_text(FEW * 3), 1, "batch_size or bptt"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 9), 1, "byte 128"),
    "NULs": (lambda path: path.write_bytes(b"a\0b\0" * 90), 1, "NUL"),
    "invalid UTF-8": (lambda path: path.write_bytes(b"abc\xff"), 1, "byte 3 (0xff)"),
    "cut UTF-8": (lambda path: path.write_bytes("abcé".encode()[:-1]), 1, "byte 3 (0xc3)"),
    "UTF-16": (lambda path: path.write_text(FEW * 90, "utf-16"), 1, "UTF-16"),
}


TRAIN_32_BY_64 = ["train", "--set", "batch_size=32", "--set", "bptt=64"]


@pytest.mark.parametrize("command", [TRAIN_32_BY_64, ["corpus", "show"]], ids=["train", "show"])
@pytest.mark.parametrize("kind", CORPORA)
def test_bad_corpora(run_here, tmp_path, kind, command):
    make, code, reason = CORPORA[kind]
    if command == ["corpus", "show"] and "short" in kind:
        pytest.skip("a short text can be shown, though not learnt")
    path = tmp_path / "corpus.txt"
    if make:
        make(path)
    # Reading a fifo to hash it would wait for ever.
    before = None if kind == "fifo" else tree(tmp_path)
    answer = run_here(*command, path)
    said = [line for line in answer.err.splitlines() if not line.startswith("corpus ")]
    assert (answer.code, len(said), answer.out) == (code, 1, "")
    assert reason in said[0]
    assert "Traceback" not in answer.err
    if before is not None:
        assert tree(tmp_path) == before
    assert not runs_root().exists()


def test_an_unreadable_corpus(rnnterm, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    path = tmp_path / "secret.txt"
    path.write_text(FEW * 90)
    path.chmod(0)
    answer = rnnterm("train", path)
    assert answer.code == 1
    assert "permission" in answer.err.lower()


def test_an_empty_validation_part(rnnterm, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(FEW * 100)
    answer = rnnterm("train", path, "--set", "val_fraction=0.0004")
    assert answer.code == 1
    assert "validation part" in answer.err
    assert not runs_root().exists()


def test_one_distinct_character_trains(rnnterm, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("a" * 3000)
    answer = rnnterm("train", path, "--name", "a", "--steps", 5, "--hidden-size", 8)
    assert answer.code == 0, answer.err
    assert rnnterm("generate", "--model", "a", "--length", 7).out == "aaaaaaa"


def test_thousands_of_distinct_characters_train(rnnterm, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 3000))) * 2)
    answer = rnnterm("train", path, "--name", "han", "--steps", 5, "--hidden-size", 8)
    assert answer.code == 0, answer.err
    assert len(rnnterm("generate", "--model", "han", "--length", 9).out) == 9


OPTIONS = [
    (["--hidden-size", "0"], "hidden_size"),
    (["--hidden-size", "-5"], "hidden_size"),
    (["--hidden-size", "nan"], "hidden_size"),
    (["--hidden-size", "1e3"], "hidden_size"),
    (["--hidden-size", "999999999999"], "hidden_size"),
    (["--num-layers", "0"], "num_layers"),
    (["--dropout", "1"], "dropout"),
    (["--dropout", "nan"], "dropout"),
    (["--dropout", "-0.5"], "dropout"),
    (["--time-budget", "0"], "none"),
    (["--steps", "0"], "none"),
    (["--epochs", "0"], "none"),
    (["--epochs", "1e308"], "epochs"),
    (["--recipe", ""], "no recipe"),
    (["--device", "cpu:"], "device"),
    (["--name", "m.safetensors"], "name a run"),
    (["--time-budget", "-3s"], "time_budget"),
    (["--time-budget", "inf"], "time_budget"),
    (["--time-budget", "soon"], "time_budget"),
    (["--steps", "-1"], "steps"),
    (["--steps", "5", "--epochs", "2"], "steps and epochs"),
    (["--epochs", "nan"], "epochs"),
    (["--cell", "transformer"], "lstm, gru, rnn"),
    (["--rng-seed", "-1"], "rng_seed"),
    (["--device", "gpu"], "device"),
    (["--set", "heads=8"], "heads"),
    (["--set", "bptt"], "key=value"),
    (["--set", "learning_rate=inf"], "learning_rate"),
    (["--set", "reset_after=false", "--cell", "gru"], "not trained"),
    (["--recipe", "nonesuch"], "nonesuch"),
    (["--name", "../escape"], "name a run"),
    (["--name", ""], "name a run"),
    (["--name", "evil\x1b[31m"], "name a run"),
    (["--resume", "--name", "nonesuch"], "nonesuch"),
    (["--resume"], "no run"),
    (["--nonsense"], "--nonsense"),
]


@pytest.mark.parametrize(("options", "reason"), OPTIONS, ids=str)
def test_bad_options(run_here, tmp_path, options, reason):
    path = tmp_path / "corpus.txt"
    path.write_text(FEW * 100)
    before = tree(tmp_path)
    answer = run_here("train", path, *options)
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (2, 1, ""), answer.err
    assert reason in answer.err
    assert "\x1b" not in answer.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--device", "cuda:77"], "cuda:77"),
        (["--hidden-size", "60000", "--num-layers", "9"], "lower hidden_size"),
    ],
)
def test_what_this_machine_cannot_do_is_a_failure(rnnterm, tmp_path, options, reason):
    path = tmp_path / "corpus.txt"
    path.write_text(FEW * 100)
    answer = rnnterm("train", path, *options)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
    assert reason in answer.err
    assert not runs_root().exists()


def test_a_runs_folder_that_is_none(rnnterm, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(FEW * 100)
    answer = rnnterm("train", path, "--steps", 2, "--runs-dir", path)
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "corpus.txt" in answer.err
    assert path.read_text() == FEW * 100


def test_a_series_is_no_corpus(rnnterm):
    answer = rnnterm("train", "sunspots")
    assert answer.code == 2
    assert "series" in answer.err


@pytest.mark.parametrize(
    "options",
    [
        ["--temperature", "-1"],
        ["--temperature", "nan"],
        ["--length", "-1"],
        ["--length", "many"],
        ["--rng-seed", "x"],
        ["--model", "nonesuch"],
    ],
    ids=" ".join,
)
def test_bad_options_of_generate(run_here, trained, options):
    answer = run_here("generate", "--model", "cat", *options, env={"RNNTERM_RUNS": str(trained)})
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (2, 1, "")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"\x80\x04pickle"])
def test_a_file_that_is_no_model(rnnterm, tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    answer = rnnterm("generate", "--model", path)
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (1, 1, "")
    assert path.read_bytes() == content
