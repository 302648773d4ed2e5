"""A lock that another process than the run's trainer holds: told who, and never `running`."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from made_runs import add_checkpoint, made_run

from rnnterm.errors import RnntermError
from rnnterm.runs import lock as lock_module
from rnnterm.runs.control import send_request
from rnnterm.runs.housekeeping import check_deletable, rename_run
from rnnterm.runs.lock import Owner, hold_lock, is_locked, is_trained, look_at_lock
from rnnterm.runs.overview import summarize_run
from rnnterm.runs.reader import RunReader
from rnnterm.runs.silence import silence_of

HOLD = """
import fcntl, sys
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX if sys.argv[2] == "alone" else fcntl.LOCK_SH)
print("held", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/locks").exists(), reason="this system does not tell who holds a lock"
)


@contextmanager
def held_by_another(path, how="alone", user=None):
    """Another process holds the lock of the file; yields its number."""
    process = subprocess.Popen(
        ["/usr/bin/python3" if user and shutil.which("/usr/bin/python3") else sys.executable,
         "-c", HOLD, str(path), how],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=user,
    )  # fmt: skip
    try:
        assert process.stdout.readline() == b"held\n"
        yield process.pid
    finally:
        process.communicate()


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "_SECONDS_TO_SIGN", 0.2)
    monkeypatch.setattr(lock_module, "_SECONDS_TO_BEGIN", 0.0)  # whoever holds it has been there
    made = made_run(tmp_path, "mine")
    add_checkpoint(made, 1000)
    with hold_lock(made.path):
        pass
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = replace(Owner.this_process(), pid=ended.pid)
    (made.path / "owner.json").write_text(json.dumps(asdict(dead)))
    return made


def test_a_lock_of_another_process_makes_no_run_look_trained(run):
    with held_by_another(run.path / ".lock") as pid:
        assert is_locked(run.path)
        assert not is_trained(run.path)
        told = f"its lock is held by process {pid}, which is not its trainer"
        summary = summarize_run(run)
        assert (summary.state, summary.pid, summary.is_live) == ("finished", None, False)
        assert told in summary.problem
        assert RunReader(run).catch_up().state == "finished"
        for refused in (
            lambda: check_deletable(run),
            lambda: rename_run(run, "other"),
            lambda: hold_lock(run.path).__enter__(),
        ):
            with pytest.raises(RnntermError) as caught:
                refused()
            assert told in str(caught.value)
        with pytest.raises(RnntermError, match="not being trained"):
            send_request(run, "stop")
    assert summarize_run(run).problem is None


def test_a_lock_that_is_shared_keeps_a_trainer_out_and_is_told(run):
    with held_by_another(run.path / ".lock", "shared") as pid:
        assert not is_trained(run.path)
        with pytest.raises(RnntermError, match=f"held by process {pid}"), hold_lock(run.path):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_users_name_is_told(run):
    import pwd

    user = pwd.getpwnam("nobody")
    path = run.path / ".lock"
    path.chmod(0o644)  # as an earlier rnnterm made it
    for folder in (run.path, *run.path.parents):
        if folder.stat().st_uid == 0 and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    with held_by_another(path, user=user.pw_uid) as pid:
        told = f"its lock is held by process {pid} of user nobody, which is not its trainer"
        assert told in summarize_run(run).problem
        with pytest.raises(RnntermError) as caught:
            check_deletable(run)
        assert told in str(caught.value)


def test_a_trainer_is_told_from_a_stranger(run):
    with hold_lock(run.path):
        assert is_trained(run.path)
        assert look_at_lock(run.path).owner == Owner.this_process()
    code = (
        "import sys; from pathlib import Path; from rnnterm.runs.lock import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    trainer = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert trainer.stdout.readline() == b"held\n"
        state = look_at_lock(run.path)
        assert (state.is_trained, state.owner.pid) == (True, trainer.pid)
        assert summarize_run(run).state == "running"
    finally:
        trainer.communicate()
    assert look_at_lock(run.path) == lock_module.LockState()


def test_where_nobody_tells_who_holds_a_lock_it_is_a_trainer_without_a_dead_number(
    run, monkeypatch, tmp_path
):
    monkeypatch.setattr(lock_module, "_LOCKS", tmp_path / "none")
    with held_by_another(run.path / ".lock"):
        summary = summarize_run(run)
        assert (summary.state, summary.pid, summary.is_live) == ("running", None, True)


def test_a_new_process_may_be_a_trainer_that_has_yet_to_sign(run, monkeypatch):
    monkeypatch.setattr(lock_module, "_SECONDS_TO_BEGIN", 600.0)
    with held_by_another(run.path / ".lock"):
        assert look_at_lock(run.path) == lock_module.LockState(is_trained=True)
        later = time.time() + 60
        os.utime(run.path / "owner.json", (later, later))
        assert not is_trained(run.path)  # somebody signed after it began, and it was not this one
    with held_by_another(run.path / ".lock"):
        (run.path / "owner.json").unlink()
        assert is_trained(run.path)
        monkeypatch.setattr(lock_module, "_SECONDS_TO_BEGIN", 0.0)
        assert not is_trained(run.path)


def test_a_trainer_in_a_namespace_of_its_own_is_no_stranger(run, monkeypatch, tmp_path):
    with held_by_another(run.path / ".lock") as pid:
        owner = replace(Owner.this_process(), pid=7, started=1.0)
        (run.path / "owner.json").write_text(json.dumps(asdict(owner)))
        monkeypatch.setattr(lock_module, "_PROC", tmp_path)
        (tmp_path / str(pid)).mkdir()
        status = tmp_path / str(pid) / "status"
        for numbers, trained in ((f"{pid}\t7", True), (f"{pid}\t8", False), ("7", False)):
            status.write_text(f"Name:\tpython\nNSpid:\t{numbers}\n")
            assert is_trained(run.path) == trained, numbers
        status.write_text(f"NSpid:\t{pid}\t7\n")
        assert look_at_lock(run.path).owner.pid == pid  # the number that signals reach
        (run.path / "owner.json").write_text(json.dumps(asdict(replace(owner, boot="x"))))
        assert not is_trained(run.path)


def test_a_real_namespace_tells_the_number_within(run):
    code = (
        "import sys; from pathlib import Path; from rnnterm.runs.lock import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    if subprocess.run(["unshare", "--fork", "--pid", "true"], check=False).returncode:
        pytest.skip("no namespace can be made here")
    trainer = subprocess.Popen(
        ["unshare", "--fork", "--pid", "--mount-proc", sys.executable, "-c", code, str(run.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert trainer.stdout.readline() == b"held\n"
        state = look_at_lock(run.path)
        assert (state.is_trained, state.stranger) == (True, None)
        assert summarize_run(run).state == "running"
    finally:
        trainer.communicate()


def test_a_lock_of_a_like_number_on_another_file_system_counts_for_who_has_the_file_open(
    run, monkeypatch, tmp_path
):
    locks = tmp_path / "locks"
    monkeypatch.setattr(lock_module, "_LOCKS", locks)
    inode = (run.path / ".lock").stat().st_ino
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with held_by_another(run.path / ".lock") as pid:
            line = "1: FLOCK ADVISORY WRITE {} ff:ff:{} 0 EOF\n"
            locks.write_text(line.format(other.pid, inode))
            assert summarize_run(run).problem is None
            locks.write_text(line.format(other.pid, inode) + line.format(pid, inode))
            assert f"held by process {pid}," in summarize_run(run).problem
    finally:
        other.communicate(b"\n")


def test_a_resumed_trainer_is_not_silent_since_the_session_before(run):
    (run.path / "status.json").touch()
    os.utime(run.path / "status.json", (1e9, 1e9))
    with hold_lock(run.path):
        assert silence_of(run) is None
        os.utime(run.path / "owner.json", (1e9, 1e9))
        assert silence_of(run).since == 1e9
