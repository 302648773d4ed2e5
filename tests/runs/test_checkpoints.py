"""The checkpoint store: whole or not there, old ones dropped, damage told by name."""

import json
import os
import shutil

import pytest
from dying import DIED, in_child

from rnnterm.errors import RnntermError
from rnnterm.runs.checkpoints import CheckpointStore

FILES = {"model.safetensors": b"weights" * 9, "trainer.safetensors": b"moments" * 9}


@pytest.fixture
def store(tmp_path):
    return CheckpointStore(tmp_path / "run" / "checkpoints")


@pytest.fixture(autouse=True)
def run_folder(tmp_path):
    (tmp_path / "run").mkdir()


def save(store, step, *, best=False, files=FILES):
    return store.save(step, files, {"val_loss": 1.0 / (step + 1)}, best=best)


def steps(store) -> list[int]:
    return [checkpoint.step for checkpoint in store.all()]


def test_newest_two_and_the_best_are_kept(store):
    for step in range(0, 70, 10):
        save(store, step, best=step == 20)
    assert steps(store) == [20, 50, 60]
    assert store.best().step == 20
    newest, rejected = store.newest_verified()
    assert (newest.step, rejected) == (60, ())
    assert newest.facts() == {"val_loss": 1 / 61}


def test_a_resume_never_loses_what_it_saves_to_newer_ones_that_are_damaged(store):
    for step in (100, 200, 300):
        save(store, step, best=step == 100)
    for damaged in store.all()[1:]:
        damaged.model.write_bytes(b"x")
    newest, rejected = store.newest_verified()
    assert (newest.step, len(rejected)) == (100, 2)
    save(store, 110)
    save(store, 120)
    assert steps(store) == [100, 110, 120, 200, 300]
    store.set_aside_after(120)
    assert steps(store) == [100, 110, 120]
    save(store, 200)
    assert steps(store) == [100, 120, 200]
    assert sorted(path.name for path in newest.path.parent.glob("*.damaged")) == [
        "step-0000200.damaged",
        "step-0000300.damaged",
    ]


def test_what_a_killed_writer_left_beside_the_whole_is_removed(store):
    save(store, 10)
    folder = store.all()[0].path.parent
    shutil.copytree(folder / "step-0000010", folder / "step-0000010.replaced")
    shutil.copytree(folder / "step-0000010", folder / "step-0000011.replaced")
    save(store, 12)
    assert steps(store) == [11, 12]
    save(store, 13)
    assert steps(store) == [12, 13]
    assert list(folder.glob("*.replaced")) == []


def test_the_same_step_again_replaces_it(store):
    save(store, 10)
    again = save(store, 10, files=FILES | {"model.safetensors": b"other"})
    assert again.model.read_bytes() == b"other"
    again.verify()
    assert [path.name for path in again.path.parent.glob(".*")] == []


def test_every_truncation_and_flipped_bit_is_told_and_the_one_before_is_used(store):
    save(store, 1)
    newest = save(store, 2)
    for path in sorted(newest.path.iterdir()):
        good = path.read_bytes()
        damages = [good[:length] for length in range(0, len(good), 11)]
        for place in range(0, len(good), 5):
            flipped = bytearray(good)
            flipped[place] ^= 1 << (place % 7)
            damages.append(bytes(flipped))
        for damaged in damages:
            path.write_bytes(damaged)
            found, rejected = store.newest_verified()
            # A flip inside a loss leaves the files whole; anything else must be noticed.
            if found.step == 2:
                assert json.loads(damaged)["files"] == json.loads(good)["files"]
            else:
                assert "step-0000002" in rejected[0]
        path.write_bytes(good)
    assert store.newest_verified()[0].step == 2


def test_a_missing_file_or_folder_is_told(store):
    with pytest.raises(RnntermError, match="no usable checkpoint"):
        store.newest_verified()
    save(store, 1)
    newest = save(store, 2)
    newest.trainer.unlink()
    assert store.newest_verified()[0].step == 1
    shutil.rmtree(newest.path)
    assert store.newest_verified() == (store.all()[0], ())


@pytest.mark.parametrize("again", [False, True], ids=["a new step", "the same step again"])
def test_death_at_any_system_call_leaves_a_good_checkpoint(store, again):
    save(store, 1, best=True)
    died = 0
    for deadline in range(1, 200):
        step = 2 if again else 1 + deadline
        content = {"model.safetensors": b"new" * deadline, "trainer.safetensors": b"moments"}
        code = in_child(lambda step=step, files=content: save(store, step, files=files), deadline)
        ended = code == DIED
        found, rejected = store.newest_verified()
        assert rejected == ()
        found.verify()
        assert found.step >= (2 if again and deadline > 12 else 1)
        assert store.best() is not None
        if not ended:
            break
        died += 1
    assert died > 10
    assert store.newest_verified()[0].step == step
    assert store.newest_verified()[0].model.read_bytes() == b"new" * deadline
    save(store, 999)
    leftovers = [path.name for path in found.path.parent.iterdir() if "tmp" in path.name]
    assert leftovers == []


def test_a_damaged_best_falls_back_and_says_so(store):
    best = save(store, 1, best=True)
    save(store, 2)
    assert store.usable() == (best, ())
    best.model.write_bytes(b"x")
    usable, notes = store.usable()
    assert usable.step == 2
    assert "damaged" in notes[0]


def test_a_full_disk_leaves_the_old_ones_and_no_debris(store, monkeypatch):
    save(store, 1)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            save(store, 2)
    assert steps(store) == [1]
    assert [path.name for path in store.all()[0].path.parent.glob(".*")] == []
