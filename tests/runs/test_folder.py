"""Run folders: names, finding, locks."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.folder import RunConfig, find_run, list_runs, new_run
from rnnterm.runs.models import bundled_models, find_model
from rnnterm.runs.names import check_name, fresh_name


def make_run(root, name, active=None):
    run = new_run(root, name)
    run.create()
    run.write_config(RunConfig(name, "2026-01-01T00:00:00+00:00", {"name": "x"}, {"steps": 1}))
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


def test_a_taken_name_is_refused_before_and_at_creation(tmp_path):
    early = new_run(tmp_path, "mine")
    make_run(tmp_path, "mine")
    with pytest.raises(UsageError, match="--resume"):
        new_run(tmp_path, "mine")
    with pytest.raises(UsageError, match="--resume"):
        early.create()


def test_a_lock_is_held_by_one(tmp_path):
    run = make_run(tmp_path, "mine")
    with run.locked(), pytest.raises(RnntermError, match="another process"), run.locked():
        pass
    with run.locked():
        pass


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 1}', '{"version": 99, "name": "x"}']
)
def test_a_damaged_config_is_said(tmp_path, content):
    run = make_run(tmp_path, "mine")
    (run.path / "config.json").write_text(content)
    assert not run.is_readable()
    with pytest.raises(RnntermError, match="mine"):
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
