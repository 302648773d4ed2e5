"""Run folders: names, finding, locks."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.bundled import bundled_models
from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunConfig, RunFolder, find_run, list_runs, new_run
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.models import ModelSummary, find_model, locate_model
from rnnterm.runs.names import check_name, fresh_name


def make_run(root, name, active=None):
    run = new_run(root, name)
    with run.staged() as staged:
        corpus = dict.fromkeys(("name", "source", "sha256"), "x") | {"characters": 1, "symbols": 1}
        staged.write_config(RunConfig(name, "2026-01-01T00:00:00+00:00", corpus, {"steps": 1}))
        run.publish(staged)
    if active is not None:
        run.metrics.touch()
        os.utime(run.metrics, (active, active))
    return run


def test_fresh_names_are_new_and_can_be_folders():
    taken: set[str] = set()
    for _ in range(300):
        name = fresh_name(taken)
        assert name not in taken
        assert check_name(name) == name
        taken.add(name)


@given(st.text(max_size=80))
def test_a_name_that_passes_is_one_plain_folder(tmp_path_factory, name):
    try:
        check_name(name)
    except UsageError as error:
        assert "\n" not in str(error)
        return
    root = tmp_path_factory.getbasetemp()
    assert (root / name).parent == root
    assert not name.startswith((".", "-"))


def test_runs_are_found_by_name_and_by_the_start_of_one(tmp_path):
    for name in ("bold-otter", "bold-owl", "calm-crow", "calm"):
        make_run(tmp_path, name)
    assert find_run(tmp_path, "bold-ot").name == "bold-otter"
    assert find_run(tmp_path, "calm").name == "calm"
    with pytest.raises(UsageError, match="bold-otter, bold-owl"):
        find_run(tmp_path, "bold")
    with pytest.raises(UsageError, match="no run 'zesty'"):
        find_run(tmp_path, "zesty")


def test_the_most_recently_active_comes_first(tmp_path):
    for name, active in (("old", 1000), ("new", 3000), ("middle", 2000)):
        make_run(tmp_path, name, active)
    assert [run.name for run in list_runs(tmp_path)] == ["new", "middle", "old"]
    assert list_runs(tmp_path / "nowhere") == []


def test_a_taken_name_is_refused_before_and_at_publication(tmp_path):
    early = new_run(tmp_path, "mine")
    make_run(tmp_path, "mine")
    with pytest.raises(UsageError, match="--resume"):
        new_run(tmp_path, "mine")
    with early.staged() as staged, pytest.raises(UsageError, match="--resume"):
        early.publish(staged)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_run_that_never_is_published_leaves_nothing(tmp_path):
    run = new_run(tmp_path / "deep" / "runs", "mine")
    with pytest.raises(ZeroDivisionError), run.staged() as staged:
        assert list_runs(tmp_path / "deep" / "runs") == []  # hidden until it is whole
        (staged.path / "file").touch()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_starter_left_is_swept_and_nothing_else(tmp_path):
    names = [".mine.0123abcd.tmp", ".held.0123abcd.tmp", ".other.tmp", ".no-lock.0123abcd.tmp"]
    for name in names:
        (tmp_path / name).mkdir()
        if "no-lock" not in name:
            (tmp_path / name / ".lock").touch()
        os.utime(tmp_path / name, (1e9, 1e9))
    (tmp_path / ".new.0123abcd.tmp").mkdir()
    (tmp_path / ".new.0123abcd.tmp" / ".lock").touch()
    with hold_lock(tmp_path / ".held.0123abcd.tmp"):
        make_run(tmp_path, "next")
    assert {path.name for path in tmp_path.iterdir()} == {
        "next",
        ".new.0123abcd.tmp",
        *names[1:],
    }


def test_a_folder_that_cannot_hold_runs_is_said(tmp_path):
    (tmp_path / "file").touch()
    run = RunFolder(tmp_path / "file" / "runs" / "mine")
    with pytest.raises(RnntermError, match="cannot create"), run.staged():
        pass


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "[" * 99999,
        '{"version": 1}',
        '{"version": "1"}',
        '{"version": 99, "name": 1}',
    ],
)
def test_a_damaged_config_is_said(tmp_path, content):
    run = make_run(tmp_path, "mine")
    (run.path / "config.json").write_text(content)
    assert not run.is_readable()
    with pytest.raises(RnntermError, match="mine"):
        run.read_config()


def test_a_newer_format_is_said(tmp_path):
    run = make_run(tmp_path, "mine")
    (run.path / "config.json").write_text('{"version": 99, "name": "mine"}')
    with pytest.raises(RnntermError, match="newer rnnterm"):
        run.read_config()


def test_what_names_a_model(tmp_path):
    assert find_model("some/where.safetensors").name == "where.safetensors"
    with pytest.raises(UsageError, match="no model or run 'nothing'"):
        find_model("nothing", tmp_path)
    make_run(tmp_path, "empty-run")
    with pytest.raises(RnntermError, match="no usable checkpoint"):
        find_model("empty", tmp_path)
    for name in bundled_models():
        assert find_model(name, tmp_path).exists()


def test_no_run_is_called_like_a_model_of_rnnterms_own_or_a_file(tmp_path):
    names = [*bundled_models(), "tiny"]
    names += [name.upper() for name in names] + ["m.safetensors", "m.SAFETENSORS", "a/b", ".."]
    assert "shakespeare" in names
    for name in names:
        with pytest.raises(UsageError):
            new_run(tmp_path, name)
    assert new_run(tmp_path, "tiny-otter").name == "tiny-otter"
    assert new_run(tmp_path, "shakespeare2").name == "shakespeare2"


def test_a_run_of_a_bundled_models_name_is_told_of_and_reached_by_its_folder(tmp_path, monkeypatch):
    """Older versions allowed such names."""
    old = make_run(tmp_path, "otter")
    store = CheckpointStore(old.checkpoints)
    store.save(1, {"model.safetensors": b"weights", "trainer.safetensors": b"x"}, {}, best=True)
    assert locate_model("shakespeare", tmp_path).remark == ""
    hidden = tmp_path / "shakespeare"
    old.path.rename(hidden)
    found = locate_model("shakespeare", tmp_path)
    assert found.kind == "bundled"
    assert str(hidden) in found.remark
    assert "rnnterm runs rename shakespeare" in found.remark
    own = locate_model(str(hidden), tmp_path)
    assert (own.kind, own.name, own.remark) == ("run", "shakespeare", "")
    assert own.path.read_bytes() == b"weights"
    monkeypatch.chdir(tmp_path)
    assert locate_model("./shakespeare").path == own.path
    model = ModelSummary("shakespeare", "run", own.path)
    assert locate_model(model.handle, tmp_path).path == own.path
    assert ModelSummary("otter", "run", own.path).handle == "otter"
