"""What a list tells of a run, whatever is missing or damaged in its folder."""

import io
import json
import os
import shutil

import pytest

import rnnterm
from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.folder import RunFolder, list_runs, runs_root
from rnnterm.runs.housekeeping import delete_run, rename_run
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.models import list_models
from rnnterm.runs.overview import list_summaries, summarize_run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """A finished run to be copied and damaged."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "abc.txt").write_text("the cat sat on the mat. " * 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNTERM_CACHE", str(folder / "cache"))
        settings = {"hidden_size": 8, "batch_size": 4, "bptt": 16, "steps": 30}
        rnnterm.train(folder / "abc.txt", name="mine", runs=folder / "runs", **settings)
    return folder / "runs" / "mine"


@pytest.fixture
def run(finished_run):
    folder = runs_root() / "mine"
    shutil.copytree(finished_run, folder)
    return RunFolder(folder)


def test_a_finished_run(run):
    summary = summarize_run(run)
    assert (summary.state, summary.pid, summary.problem) == ("finished", None, None)
    assert (summary.status.step, summary.corpus) == (30, "abc")
    assert summary.status.best_val_loss > 0
    assert [kept.step for kept in summary.checkpoints] == [0, 30]
    assert [kept.best for kept in summary.checkpoints] == [False, True]
    assert not summary.is_live
    with hold_lock(run.path):
        held = summarize_run(run)
    assert (held.state, held.pid, held.is_live) == ("running", os.getpid(), True)


FILES = [
    "config.json", "status.json", "metrics.jsonl", "owner.json", ".lock", "checkpoints",
    "checkpoints/latest.json", "checkpoints/best.json", "checkpoints/step-0000030",
    "checkpoints/step-0000030/manifest.json", "checkpoints/step-0000030/model.safetensors",
]  # fmt: skip


@pytest.mark.parametrize("how", ["missing", "truncated", "a folder", "newer"])
@pytest.mark.parametrize("name", FILES)
def test_whatever_is_missing_or_damaged_is_listed_and_hides_nothing(run, finished_run, name, how):
    shutil.copytree(finished_run, runs_root() / "whole")
    path = run.path / name
    if path.is_dir():
        shutil.rmtree(path)
    elif how == "newer":
        path.write_text('{"version": 99, "step": 1, "from": "the future"}')
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-9])
    else:
        path.unlink()
    if how == "a folder" and not path.exists():
        path.mkdir()
    before = sorted(runs_root().rglob("*"))
    by_name = {summary.name: summary for summary in list_summaries(runs_root())}
    assert set(by_name) == {"mine", "whole"}
    assert (by_name["whole"].state, by_name["whole"].problem) == ("finished", None)
    summary = by_name["mine"]
    assert summary.state == ("damaged" if name == "config.json" else "finished")
    if name == "config.json" and how == "newer":
        assert "upgrade" in summary.problem
    elif name in ("config.json", "status.json") or name.endswith("manifest.json"):
        assert name.split("/")[-1] in summary.problem
    assert sorted(runs_root().rglob("*")) == before


@pytest.fixture
def unreadable(monkeypatch):
    """Makes all below a folder unreadable, and the folder: root reads whatever the mode."""

    def make(folder):
        def refusing(original):
            def call(path, *args, **kwargs):
                if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(below):
                    raise PermissionError(13, "Permission denied", os.fspath(path))
                return original(path, *args, **kwargs)

            return call

        below = os.fspath(folder)
        for name in ("stat", "lstat", "open", "listdir", "scandir"):
            patched = refusing(getattr(os, name))
            monkeypatch.setattr(os, name, patched)
        monkeypatch.setattr(io, "open", refusing(io.open))

    return make


@pytest.mark.parametrize("part", ["mine/", "mine/checkpoints"])
def test_a_folder_that_may_not_be_read_is_listed_and_hides_nothing(
    run, finished_run, part, unreadable
):
    shutil.copytree(finished_run, runs_root() / "whole")
    unreadable(f"{runs_root()}/{part}")
    by_name = {summary.name: summary for summary in list_summaries(runs_root())}
    assert (by_name["whole"].state, by_name["whole"].problem) == ("finished", None)
    assert by_name["mine"].state == ("damaged" if part == "mine/" else "finished")
    assert "the checkpoints of mine are unreadable: Permission denied" in by_name["mine"].problem
    assert "no checkpoint" not in by_name["mine"].problem
    problems = {model.name: model.problem for model in list_models(runs_root())}
    assert problems["whole"] is None
    assert "unreadable" in problems["mine"]


def test_a_status_of_the_future_and_an_odd_time_are_said_as_they_are(run):
    run.status.write_text('{"version": 99}')
    assert "status.json was written by a newer rnnterm" in summarize_run(run).problem
    run.status.write_text("{")
    assert "status.json is damaged" in summarize_run(run).problem
    run.status.unlink()
    assert "status.json cannot be read: No such file" in summarize_run(run).problem
    config = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps(config | {"created": "yesterday"}))
    summary = summarize_run(run)
    assert (summary.state, summary.corpus, summary.created) == ("finished", "abc", None)
    assert "odd time" in summary.problem


def test_renaming_and_deleting(run, finished_run):
    shutil.copytree(finished_run, runs_root() / "taken")
    with pytest.raises(UsageError, match="there is a run 'taken' already: choose another"):
        rename_run(run, "taken")
    with pytest.raises(UsageError, match="cannot name a run"):
        rename_run(run, "../elsewhere")
    renamed = rename_run(run, "better")
    assert (renamed.name, renamed.read_config().name) == ("better", "better")
    assert summarize_run(renamed).problem is None
    with hold_lock(renamed.path):
        for change in (delete_run, lambda held: rename_run(held, "other")):
            with pytest.raises(RnntermError, match="being trained by"):
                change(renamed)
    delete_run(renamed)
    assert [path.name for path in runs_root().iterdir()] == ["taken"]


def test_a_folder_that_may_be_no_run_is_never_deleted(run):
    (run.path / "config.json").write_text("{")
    with pytest.raises(RnntermError, match="by hand"):
        delete_run(run)
    assert (run.path / "checkpoints").exists()


def test_a_link_to_a_run_elsewhere_is_only_unlinked(run, tmp_path):
    run.path.rename(tmp_path / "elsewhere")
    run.path.symlink_to(tmp_path / "elsewhere")
    delete_run(run)
    assert list_runs(runs_root()) == []
    assert (tmp_path / "elsewhere" / "checkpoints").is_dir()
