"""`rnnterm models`: what there is, what is in it, and the way out and back."""

import json
import math
import os
import subprocess
import sys
import tracemalloc
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from rnnterm.bundled import bundled_models
from rnnterm.glyphs import columns, fit, visible
from rnnterm.nn.modelfile import Model, load_model, model_bytes, told_value
from rnnterm.nn.spec import NetworkSpec
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.models import find_model, list_models
from rnnterm.text.vocab import Vocabulary

FORMATS = {"safetensors": "safetensors", "npz": "keras", "onnx": "onnx"}


def add_run(
    runs: Path, name: str, training: dict, symbols: str = "ab", hidden_size: int = 2
) -> Path:
    """A run with one model that says of its training what it likes."""
    vocab = Vocabulary(symbols)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=hidden_size, embedding_size=2)
    tensors = {name: np.ones(shape, np.float32) for name, shape in spec.tensor_shapes().items()}
    folder = runs / name / "checkpoints"
    folder.parent.mkdir()
    model = Model(spec, vocab, tensors, training)
    files = {"model.safetensors": model_bytes(model), "trainer.safetensors": b"-"}
    return CheckpointStore(folder).save(3, files, {}, best=True).model


def told(name: str, val_loss: float | None) -> dict:
    return {
        "corpus": {"name": name}, "recipe": {"name": "fast"}, "step": 3, "val_loss": val_loss
    }  # fmt: skip


def test_list_tells_bundled_and_trained_models_the_best_first(rnnterm, runs):
    add_run(runs, "best", told("x", 0.0001))
    add_run(runs, "unmeasured", told("x", None))
    listed = json.loads(rnnterm("models", "list", "--json").out)
    names = [entry["name"] for entry in listed]
    assert set(names) == {"best", "cat", "unmeasured", *bundled_models()}
    assert (names[0], names[-1]) == ("best", "unmeasured")
    losses = [entry["val_loss"] for entry in listed if entry["val_loss"] is not None]
    assert losses == sorted(losses)
    (cat,) = (entry for entry in listed if entry["name"] == "cat")
    model = load_model(Path(cat["file"]))
    assert Path(cat["file"]) == find_model("cat")
    assert cat["size"] == Path(cat["file"]).stat().st_size
    assert (cat["kind"], cat["network"], cat["corpus"]) == ("run", "LSTM 1x24", "cat")
    assert (cat["recipe"], cat["step"]) == ("fast", model.training["step"])
    assert cat["parameters"] == sum(tensor.size for tensor in model.tensors.values())
    assert cat["problem"] is None


def test_the_table_fits_80_columns_and_keeps_names_whole(rnnterm, runs):
    add_run(runs, "a-name-of-20-letters", told("a corpus of a long name " * 9, 123.4))
    add_run(runs, "wide", told("漢字" * 30, 1.5))
    lines = rnnterm("models", "list", env={"COLUMNS": "80"}).out.splitlines()
    assert max(map(columns, lines)) <= 80
    headings = "name kind network corpus recipe step nats size"
    assert lines[0].split() == headings.split()
    assert len(set(map(columns, lines))) == 1
    starts = [line.split()[0] for line in lines[1:]]
    assert {"a-name-of-20-letters", "wide", "cat"} <= set(starts)


def test_a_damaged_model_is_listed_with_its_reason_and_hides_none(rnnterm, runs):
    path = add_run(runs, "broken", told("x", 1.0))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    (runs / "fresh" / "checkpoints").mkdir(parents=True)
    answer = rnnterm("models", "list", "--json")
    assert (answer.code, answer.err) == (0, "")
    by_name = {entry["name"]: entry for entry in json.loads(answer.out)}
    assert "is damaged" in by_name["broken"]["problem"]
    assert "no usable checkpoint" in by_name["fresh"]["problem"]
    assert by_name["cat"]["problem"] is None
    table = rnnterm("models", "list", env={"COLUMNS": "80"}).out
    assert "is damaged" in " ".join(table.split())
    assert max(map(columns, table.splitlines())) <= 80
    assert table.splitlines()[1].startswith("cat ")


def test_nothing_to_list_is_said_beside_the_data(rnnterm, tmp_path):
    answer = rnnterm("models", "list", "--runs-dir", tmp_path / "none", "--json")
    listed = json.loads(answer.out)
    assert [entry["name"] for entry in listed] == bundled_models()
    if not listed:
        answer = rnnterm("models", "list", "--runs-dir", tmp_path / "none")
        assert (answer.code, answer.out) == (0, "")
        assert "rnnterm train" in answer.err


def test_show_as_json_holds_everything(rnnterm, runs):
    shown = json.loads(rnnterm("models", "show", "ca", "--json").out)
    model = load_model(find_model("cat"))
    assert (shown["name"], shown["kind"]) == ("cat", "run")
    assert shown["spec"] == model.spec.to_dict()
    assert shown["vocabulary"] == {"symbols": model.vocab.symbols, "lowercase": False}
    assert shown["training"] == model.training
    assert shown["changed_recipe"] == {
        "hidden_size": 24, "batch_size": 4, "bptt": 16, "learning_rate": 0.02,
        "time_budget": 0, "steps": 120,
    }  # fmt: skip
    for part in ("train", "val"):
        nats = model.training[f"{part}_loss"]
        assert shown["losses"][part]["nats"] == nats
        assert shown["losses"][part]["bits"] == pytest.approx(nats / math.log(2))


def test_show_for_people(rnnterm, runs):
    answer = rnnterm("models", "show", "cat", env={"COLUMNS": "80"})
    text = " ".join(answer.out.split())
    model = load_model(find_model("cat"))
    for fact in (
        "cat · run · LSTM 1x24",
        f"{model.spec.parameter_count:,} parameters",
        str(find_model("cat")),
        "hidden_size=24",
        "␛→0 ␣→1",
        model.training["corpus"]["sha256"],
        "fast hidden_size=24 batch_size=4",
        f"val {model.training['val_loss']:.4f} (",
    ):
        assert fact in text
    assert "\x1b" not in answer.out
    lines = [line for line in answer.out.splitlines() if not line.startswith("file")]
    assert max(map(columns, lines)) <= 80


def test_a_file_and_a_recipe_of_ones_own_are_shown(rnnterm, runs):
    recipe = {"name": "mine", "epochs": 1.0, "hidden_size": 7}
    path = add_run(runs, "own", {"recipe": recipe})
    shown = json.loads(rnnterm("models", "show", path, "--json").out)
    assert (shown["kind"], shown["file"], shown["recipe"]) == ("file", str(path), "mine")
    assert shown["changed_recipe"] == {"hidden_size": 7}


HOSTILE = "\x1b[31m\x9b2J[/red]\n\r\u202eevil"


@pytest.mark.parametrize(
    "training",
    [
        {},
        {"corpus": "x", "recipe": [1], "step": "many", "val_loss": "low", "seconds": None},
        {"corpus": {"name": 5, "characters": "1", "sha256": 7}, "recipe": {"name": [1]}},
        {"step": True, "val_loss": float("nan"), "train_loss": float("inf")},
        {"step": 10**400, "val_loss": 1e308, "seconds": 1e308, "corpus": {"characters": 10**400}},
        {"corpus": {"name": HOSTILE, "sha256": HOSTILE}, "recipe": {"name": HOSTILE, HOSTILE: 1}},
        {"recipe": {"name": "../../etc/passwd"}},
    ],
    ids=[
        "empty",
        "other kinds",
        "other kinds below",
        "no numbers",
        "absurd numbers",
        "controls",
        "a path",
    ],
)
def test_whatever_a_training_record_holds_can_be_shown(rnnterm, runs, training):
    add_run(runs, "odd", training, symbols="\x00\x07\x1b\x7f\x85\x9b\u202e\ufeff\U0010fffd")
    for command in (["list"], ["show", "odd"], ["list", "--json"], ["show", "odd", "--json"]):
        answer = rnnterm("models", *command)
        assert (answer.code, answer.err) == (0, "")
        assert "odd" in answer.out
        hidden = {c for c in answer.out if unicodedata.category(c) in ("Cc", "Cf", "Co")} - {"\n"}
        assert not hidden


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("named", ["by its ending", "by the option"])
def test_export_writes_each_format_whole(rnnterm, runs, tmp_path, ending, named):
    if ending == "onnx":
        pytest.importorskip("onnx", reason="the optional package onnx is not installed")
    path = tmp_path / ("out." + ending if named == "by its ending" else "out")
    options = [] if named == "by its ending" else ["--format", FORMATS[ending]]
    answer = rnnterm("models", "export", "cat", path, *options)
    assert (answer.code, answer.out) == (0, "")
    assert f"{path.stat().st_size:,} bytes" in answer.err
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "runs"] == [path.name]
    if ending == "safetensors":
        assert path.read_bytes() == find_model("cat").read_bytes()
    elif ending == "npz":
        assert np.load(path)["lstm_0/kernel"].shape == (64, 4 * 24)
    else:
        assert b"rnn.0.h0" in path.read_bytes()


def test_to_keras_and_back_it_writes_the_same_text(rnnterm, runs, tmp_path):
    assert rnnterm("models", "export", "cat", tmp_path / "cat.npz").code == 0
    back = tmp_path / "back.safetensors"
    answer = rnnterm("models", "import", tmp_path / "cat.npz", back)
    assert (answer.code, answer.out) == (0, "")
    assert load_model(back).training == load_model(find_model("cat")).training
    texts = {
        rnnterm("generate", "--model", model, "--seed", "the ", "--rng-seed", 1, "--length", 50).out
        for model in ("cat", back)
    }
    assert len(texts) == 1


def test_a_file_that_is_there_is_replaced_only_by_force(rnnterm, runs, tmp_path):
    assert rnnterm("models", "export", "cat", tmp_path / "cat.npz").code == 0
    model = tmp_path / "m.safetensors"
    for command in (["export", "cat", model], ["import", tmp_path / "cat.npz", model]):
        model.write_text("mine")
        answer = rnnterm("models", *command)
        assert (answer.code, len(answer.err.splitlines())) == (2, 1)
        assert "--force" in answer.err
        assert model.read_text() == "mine"
        assert rnnterm("models", *command, "--force").code == 0
        assert load_model(model).vocab == load_model(find_model("cat")).vocab


REFUSED = {
    "no such model": (["export", "nonesuch", "x.npz"], 2, "nonesuch"),
    "no such format": (["export", "cat", "x.txt"], 2, "--format"),
    "standard output": (["export", "cat", "-"], 2, "--format"),
    "an unknown format": (["export", "cat", "x.npz", "--format", "pickle"], 2, "pickle"),
    "no such folder": (["export", "cat", "none/x.npz"], 1, "there is no folder"),
    "a folder in its place": (["export", "cat", "folder.npz", "--force"], 2, "regular file"),
    "a pipe in its place": (["export", "cat", "pipe.npz", "--force"], 2, "regular file"),
    "a damaged model": (["export", "./bad.safetensors", "x.npz"], 1, "bad.safetensors"),
    "nothing to import": (["import", "none.npz", "x.safetensors"], 1, "none.npz"),
    "import of a pickle": (["import", "pickle.npz", "x.safetensors"], 1, "not an .npz file"),
    "import from a pipe": (["import", "pipe.npz", "x.safetensors"], 1, "not a regular file"),
    "import to no model": (["import", "pickle.npz", "x.onnx"], 2, ".safetensors"),
    "show of nothing": (["show", "nonesuch"], 2, "nonesuch"),
    "show of no model": (["show", "bad.safetensors", "--json"], 1, "bad.safetensors"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_done_is_one_line_and_leaves_no_file(rnnterm, runs, tmp_path, kind):
    arguments, code, reason = REFUSED[kind]
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04bad")
    (tmp_path / "pickle.npz").write_bytes(b"\x80\x04\x95pickle")
    os.mkfifo(tmp_path / "pipe.npz")
    before = sorted(tmp_path.rglob("*"))
    answer = rnnterm("models", *arguments, cwd=tmp_path)
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (code, 1, "")
    assert reason in answer.err
    assert sorted(tmp_path.rglob("*")) == before


def test_without_the_package_onnx_the_remedy_is_said(rnnterm, runs, tmp_path):
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "onnx.py").write_text("raise ImportError")
    blocked = {"PYTHONPATH": str(tmp_path / "blocked")}
    answer = rnnterm("models", "export", "cat", tmp_path / "x.onnx", env=blocked)
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "pip install 'rnnterm[onnx]'" in answer.err
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize("arguments", [["list"], ["show", "cat"], ["export", "cat", "x.npz"]])
def test_models_needs_no_torch(runs, tmp_path, arguments):
    code = (
        "import sys; from rnnterm.cli.main import cli\n"
        f"cli({['models', *arguments]!r}, standalone_mode=False)\n"
        "assert 'numpy' in sys.modules\n"
        "assert not {'torch', 'rich', 'textual', 'onnx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)


def test_a_list_holds_one_model_at_a_time(runs):
    path = find_model("cat")
    for name in ("big", "bigger", "biggest"):
        add_run(runs, name, {}, hidden_size=256)
    assert find_model("big").stat().st_size > 10 * path.stat().st_size
    sizes = [summary.size for summary in list_models()]
    tracemalloc.start()
    list_models()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * max(sizes)


def test_what_is_told_is_of_the_kind_asked_for():
    record = {"a": {"b": 1.5}, "n": float("nan"), "t": True}
    assert told_value(record, float, "a", "b") == 1.5
    assert told_value(record, int, "a", "b") is None
    assert told_value(record, int, "t") is None
    assert told_value(record, float, "n") is None
    assert told_value(record, str, "a", "b", "c") is None
    assert told_value([], str, "a") is None


def test_a_cell_is_as_wide_as_it_says():
    assert fit("abc", 5) == "abc  "
    assert fit("abcdef", 5) == "abcd…"
    assert fit("漢字漢字", 6) == "漢字… "
    assert columns(fit("漢字", 4)) == 4
    assert fit("e\u0301e\u0301", 2) == "e\u0301e\u0301"
    assert fit("a\nb\x1b", 4) == "a␊b␛"


def test_blanks_are_visible_and_controls_are_safe():
    assert visible("a b\n\tc\r\x1b\u202e") == "a␣b⏎⇥c␍␛�"


def test_what_could_not_be_read_again_is_not_imported(rnnterm, runs, tmp_path):
    source, target = tmp_path / "huge.npz", tmp_path / "huge.safetensors"
    assert rnnterm("models", "export", "cat", source).code == 0
    arrays = dict(np.load(source))
    arrays["dense/bias"] = np.full(arrays["dense/bias"].shape, 1e300)
    np.savez(source, **arrays)
    answer = rnnterm("models", "import", source, target)
    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "too large for 32 bits" in answer.err
    assert not target.exists()


def test_a_run_is_not_named_like_a_model_of_rnnterms_own(run_here, runs):
    for name in ("shakespeare", "Tiny", "tiny", "SHAKESPEARE"):
        for arguments in (["train", "othello", "--name", name], ["runs", "rename", "cat", name]):
            answer = run_here(*arguments)
            assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
            assert "rnnterm's own" in answer.err
    assert [path.name for path in runs.iterdir()] == ["cat"]


def test_an_old_run_of_such_a_name_is_told_of(run_here, runs):
    for name, arguments in (
        ("shakespeare", ["generate", "--model", "shakespeare", "--length", 5]),
        ("tiny", ["explore", "tiny"]),
    ):
        (runs / "cat").rename(runs / name)
        answer = run_here(*arguments)
        assert answer.code == 0
        assert str(runs / name) in answer.err
        assert f"rnnterm runs rename {name}" in answer.err
        own = run_here("generate", "--model", str(runs / name), "--length", 5)
        assert (own.code, own.err) == (0, "")
        (runs / name).rename(runs / "cat")
