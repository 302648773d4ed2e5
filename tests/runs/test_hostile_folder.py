"""Every entry of a run folder, damaged in every way: told by name, waited for never, and no other
run is lost; and whoever writes there reaches nothing outside."""

import os
import shutil
import stat

import pytest
from hostile_runs import (
    ENTRIES,
    HEALTHY,
    HURT,
    NEWEST,
    SAMPLE,
    damaged,
    damages,
    hurt_run,
    is_other_kind,
    must_name,
    not_hanging,
    tree,
)

from rnnterm.errors import RnntermError
from rnnterm.files import failing_as
from rnnterm.runs import folder as folder_module
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.control import Inbox
from rnnterm.runs.curves import LossCurves
from rnnterm.runs.events import Progressed
from rnnterm.runs.folder import find_run, list_runs
from rnnterm.runs.housekeeping import delete_run, rename_run
from rnnterm.runs.lock import hold_lock, look_at_lock
from rnnterm.runs.metrics import MetricsLog, read_metrics
from rnnterm.runs.models import list_models, locate_model
from rnnterm.runs.overview import DAMAGED, list_summaries
from rnnterm.runs.reader import RunReader
from rnnterm.runs.skim import skim
from rnnterm.runs.status import StatusWriter

WHICH = pytest.mark.parametrize(
    "only", [SAMPLE, pytest.param((), marks=pytest.mark.exhaustive)], ids=["sample", "all"]
)
FEWEST_CELLS = 2_000


def look_summaries(root):
    by_name = {summary.name: summary for summary in list_summaries(root)}
    whole = by_name[HEALTHY]
    assert (whole.problem, whole.state, whole.status.val_loss) == (None, "finished", 1.7)
    assert [kept.step for kept in whole.checkpoints] == [500, 1000]
    hurt = by_name[HURT]
    assert hurt.state in ("finished", DAMAGED, "crashed", "stopped", "diverged")
    return hurt.problem or ""


def look_models(root):
    by_name = {model.name: model for model in list_models(root)}
    assert (by_name[HEALTHY].problem, by_name[HEALTHY].val_loss) == (None, 1.7)
    hurt = by_name[HURT]
    return "; ".join([hurt.problem or "", *hurt.notes])


def look_located(root):
    assert locate_model(HEALTHY, root).path == root / HEALTHY / NEWEST / "model.safetensors"
    return "; ".join(locate_model(HURT, root).notes)


def look_newest(root):
    checkpoint, rejected = CheckpointStore(hurt_run(root).checkpoints).newest_verified()
    assert checkpoint.step == (500 if rejected else checkpoint.step)
    return "; ".join(rejected)


def look_reader(root):
    view = RunReader(hurt_run(root)).catch_up()
    LossCurves.of(view)
    return ""


def look_skim(root):
    skim(hurt_run(root).metrics, 100)
    reader = RunReader(hurt_run(root))
    reader.skim()
    reader.catch_up()
    return ""


def look_lock(root):
    look_at_lock(hurt_run(root).path)
    return ""


def look_log(root):
    assert len(read_metrics(root / HEALTHY / "metrics.jsonl")) == 23
    read_metrics(hurt_run(root).metrics)
    return ""


def look_found(root):
    assert {run.name for run in list_runs(root)} == {HEALTHY, HURT}
    find_run(root, HURT).is_readable()
    return ""


LOOKS = {
    "list_summaries": look_summaries,
    "list_models": look_models,
    "locate_model": look_located,
    "newest_verified": look_newest,
    "RunReader": look_reader,
    "skim": look_skim,
    "look_at_lock": look_lock,
    "read_metrics": look_log,
    "find_run": look_found,
}


def resume(root):
    """All that a trainer does in the folder of a run that it goes on with."""
    run = hurt_run(root)
    with hold_lock(run.path):
        run.prepare()
        inbox = Inbox(run.control)
        inbox.open()
        inbox.take()
        store = CheckpointStore(run.checkpoints)
        checkpoint, _ = store.newest_verified()
        store.set_aside_after(checkpoint.step)
        run.write_config(run.read_config())
        with MetricsLog(run.metrics) as log:
            log.append(Progressed(1010, 2.0, 1.0, 9.0, 1.5, 0.004, 44e3, 9.0))
            StatusWriter(run.status, log.session).report(
                Progressed(1010, 2.0, 1.0, 9.0, 1.5, 0.004, 44e3, 9.0)
            )
        files = {"model.safetensors": b"m", "trainer.safetensors": b"t"}
        with failing_as("cannot write a checkpoint"):
            for step in (1010, 1020, 1030):
                store.save(step, files, {"val_loss": 1.0}, best=False)
    return ""


def rename(root):
    rename_run(hurt_run(root), "renamed")
    return ""


def delete(root):
    delete_run(hurt_run(root))
    return ""


def sweep(root):
    """Meet the run as what a killed starter left, an hour ago."""
    hidden = root / ".hurt.0123abcd.tmp"
    hurt_run(root).path.rename(hidden)
    os.utime(hidden, (0, 0))
    folder_module._sweep(root)
    return ""


CHANGES = {"resume": resume, "rename": rename, "delete": delete, "sweep": sweep}
REFUSED = {  # by a resume, where another kind of thing is in its place: led outside, or no use
    "metrics.jsonl", ".lock", "train.log", "control", "checkpoints", "config.json",
}  # fmt: skip


def test_there_are_thousands_of_cells(hostile_root):
    kinds = sum(len(damages(hostile_root / HURT, entry)) for entry in ENTRIES)
    cells = kinds * (len(LOOKS) + len(CHANGES))
    assert cells >= FEWEST_CELLS, cells


@WHICH
@pytest.mark.parametrize("entry", ENTRIES)
def test_whoever_looks_goes_on_and_names_the_damage(hostile_root, entry, only):
    root = hostile_root
    outside, cells = tree(root.parent / "outside"), 0
    for kind in damaged(root, entry, only):
        before = tree(root / HURT) if kind not in ("huge", "socket") else None
        for name, look in LOOKS.items():
            cells += 1
            with not_hanging():
                try:
                    told = look(root)
                except RnntermError as error:
                    told = str(error)
            case = (entry, kind, name, told)
            assert len(told.splitlines()) <= 1, case
            assert len(told) < 500, case
            if must_name(entry, kind, name):
                assert entry.rsplit("/", maxsplit=1)[-1] in told, case
        assert before is None or tree(root / HURT) == before, (entry, kind)
    assert tree(root.parent / "outside") == outside
    kinds = damages(root / HURT, entry).keys()
    assert cells == len(LOOKS) * len(kinds & SAMPLE if only else kinds)


@WHICH
@pytest.mark.parametrize("entry", ENTRIES)
def test_whoever_changes_a_run_reaches_nothing_outside(hostile_root, entry, only):
    root = hostile_root
    outside, healthy = tree(root.parent / "outside"), tree(root / HEALTHY)
    for kind in damaged(root, entry, only):
        for name, change in CHANGES.items():
            kept = root.parent / "kept"
            with not_hanging():
                shutil.copytree(root / HURT, kept, symlinks=True, copy_function=link_or_copy)
                told = ""
                try:
                    change(root)
                except RnntermError as error:
                    told = str(error)
            case = (entry, kind, name, told)
            assert len(told.splitlines()) <= 1, case
            if name == "resume" and is_other_kind(entry, kind) and entry in REFUSED:
                assert entry in told, case
            for path in root.iterdir():
                if path.name != HEALTHY:
                    shutil.rmtree(path)
            kept.rename(root / HURT)
        assert tree(root.parent / "outside") == outside, (entry, kind)
    assert tree(root / HEALTHY) == healthy


def link_or_copy(source, target):
    """Copy a file; anything else but a folder or a link becomes another name of the same."""
    if stat.S_ISREG(os.lstat(source).st_mode) and os.lstat(source).st_size < 1 << 30:
        shutil.copy2(source, target)
    else:
        os.link(source, target, follow_symlinks=False)
