"""One run, one trainer, and never a false owner."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from rnnterm.errors import RnntermError
from rnnterm.runs.lock import Owner, check_free, hold_lock, is_locked, read_owner


def test_a_lock_is_held_by_one_and_names_its_owner(tmp_path):
    with hold_lock(tmp_path):
        assert is_locked(tmp_path)
        assert read_owner(tmp_path) == Owner.this_process()
        with pytest.raises(RnntermError, match=f"process {os.getpid()}"), hold_lock(tmp_path):
            pass
        with pytest.raises(RnntermError, match=f"process {os.getpid()}"):
            check_free(tmp_path)
    assert not is_locked(tmp_path)
    with hold_lock(tmp_path):
        pass


def test_looking_writes_nothing_and_never_keeps_a_trainer_out(tmp_path):
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with hold_lock(tmp_path):
        pass
    looker = subprocess.Popen(
        [sys.executable, "-c",
         "import sys; from pathlib import Path; from rnnterm.runs.lock import is_locked\n"
         "print('ready', flush=True)\n"
         "while True: is_locked(Path(sys.argv[1]))", str(tmp_path)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert looker.stdout.readline() == b"ready\n"
    try:
        for _ in range(50):
            with hold_lock(tmp_path):
                pass
    finally:
        looker.kill()
        looker.communicate()


def test_a_number_that_belongs_to_another_process_by_now_is_nobody(tmp_path):
    me = Owner.this_process()
    assert me.is_alive_here()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for other in (
        replace(me, started=me.started - 60),
        replace(me, boot="an earlier one"),
        replace(me, host="elsewhere"),
        replace(me, pid=ended.pid),
        replace(me, pid=-1),
        replace(me, pid=1 << 70),
    ):
        assert not other.is_alive_here()
    assert "on elsewhere" in replace(me, host="elsewhere").describe()
    (tmp_path / "owner.json").write_text(json.dumps(asdict(replace(me, started=0.0))))
    assert not is_locked(tmp_path)
    with hold_lock(tmp_path):  # a dead trainer's name keeps nobody out
        assert read_owner(tmp_path) == me


def test_a_run_that_was_deleted_is_not_made_anew_by_locking_it(tmp_path):
    with pytest.raises(RnntermError, match="No such file"), hold_lock(tmp_path / "gone"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_cannot_be_written_is_one_line_and_frees_the_lock(tmp_path):
    (tmp_path / "owner.json").mkdir()
    with pytest.raises(RnntermError, match="cannot lock"), hold_lock(tmp_path):
        pass
    assert not is_locked(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": "1"}', "[" * 99999, "\x00"])
def test_a_damaged_owner_is_nobody(tmp_path, content):
    (tmp_path / "owner.json").write_text(content)
    assert read_owner(tmp_path) is None
