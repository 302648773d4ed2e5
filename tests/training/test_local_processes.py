"""Two processes of one machine: who can reach them, what they unpickle, and how they end."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from listening import listening_addresses

from rnnterm.errors import RnntermError
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.control import send_request
from rnnterm.runs.events import Failed, Finished
from rnnterm.runs.lock import is_locked, read_owner
from rnnterm.runs.metrics import read_metrics
from rnnterm.runs.process import TrainerProcess, start_trainer
from rnnterm.training import local_processes
from rnnterm.training.local_processes import started_workers
from rnnterm.training.plan import TrainingPlan

pytestmark = [
    pytest.mark.xdist_group("distributed"),  # where other tests with two processes are
    pytest.mark.slow,  # each starts two processes that import torch
]
ENDLESS = {
    "fitted": "",
    "hidden_size": 16,
    "batch_size": 4,
    "bptt": 16,
    "log_every": 5,
    "validate_every": "never",
    "checkpoint_every": "never",
    "sample_length": 0,
    "precision": "fp32",
    "device": "cpu",
    "threads": 1,
    "steps": 10**7,
}
# Whatever is unpickled anywhere in a process that finds this on its path fails.
NO_PICKLE = """
import pickle

def refuse(*arguments, **options):
    raise RuntimeError("something was unpickled")

pickle.loads = pickle.load = refuse

class Unpickler(pickle.Unpickler):
    load = refuse

pickle.Unpickler = Unpickler
"""

Start = Callable[[], TrainerProcess]


@pytest.fixture
def start(tmp_path, monkeypatch) -> Start:
    """Starts an endless run on two processes, whose temporary files go to a folder of their own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    text = tmp_path / "cat.txt"
    text.write_text("the cat sat on the mat. and there it lay. " * 60)
    started: list[TrainerProcess] = []

    def start_it() -> TrainerProcess:
        plan = TrainingPlan.start(str(text), settings=ENDLESS, name="two", runs=tmp_path / "runs")
        started.append(start_trainer(plan.to_request(), nproc=2))
        return started[-1]

    yield start_it
    for trainer in started:
        trainer.end_at_once()


def worker_of(trainer: TrainerProcess) -> psutil.Process:
    (worker,) = psutil.Process(trainer.pid).children(recursive=True)
    return worker


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for_progress(trainer: TrainerProcess) -> None:
    size = trainer.run.metrics.stat().st_size
    wait_until(lambda: trainer.run.metrics.stat().st_size > size)


def last_event(trainer: TrainerProcess) -> object:
    return read_metrics(trainer.run.metrics)[-1].event


def test_they_listen_on_loopback_alone_and_the_end_of_one_ends_the_run(start):
    trainer = start()
    worker = worker_of(trainer)
    wait_for_progress(trainer)
    members = [psutil.Process(trainer.pid), worker]
    addresses = [address for member in members for address in listening_addresses(member.pid)]
    assert addresses  # gloo's
    assert {host for host, _ in addresses} <= {"127.0.0.1", "::1"}
    for member in members:
        member.send_signal(signal.SIGHUP)  # a closed terminal means nothing
    wait_for_progress(trainer)
    worker.kill()
    assert trainer.process.wait(60) != 0
    assert isinstance(last_event(trainer), Failed)
    assert "another process of this run ended" in last_event(trainer).error
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_nothing_is_unpickled_from_the_start_to_the_checkpoint_at_the_end(
    start, tmp_path, monkeypatch
):
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(NO_PICKLE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    trainer = start()
    worker = worker_of(trainer)
    wait_for_progress(trainer)
    send_request(trainer.run, "stop")
    assert trainer.process.wait(60) == 0
    assert isinstance(last_event(trainer), Finished)
    checkpoint, passed_over = CheckpointStore(trainer.run.checkpoints).newest_verified()
    assert checkpoint.step > 0
    assert passed_over == ()
    psutil.wait_procs([worker], timeout=30)
    assert not worker.is_running()
    assert trainer.run.train_log.read_text() == ""


def test_the_others_end_with_rank_0_however_it_ends(start):
    trainer = start()
    worker = worker_of(trainer)
    assert read_owner(trainer.run.path).pid == trainer.pid
    os.kill(trainer.pid, signal.SIGKILL)
    assert psutil.wait_procs([worker], timeout=30)[1] == []
    assert not is_locked(trainer.run.path)


def failing_worker(monkeypatch, code: str) -> None:
    """Let the other ranks run this code instead of a worker's."""
    for variable in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(variable, "other")  # and put back after the test
    started = subprocess.Popen
    monkeypatch.setattr(
        local_processes.subprocess,
        "Popen",
        lambda command, **options: started([sys.executable, "-c", code], **options),
    )


class Unwritable(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [Unwritable, None])
def test_where_nobody_reads_what_a_worker_writes_it_still_ends(monkeypatch, stream):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", stream() if stream else closed)
    failing_worker(monkeypatch, "import sys; sys.stderr.write('x' * 10**6 + '\\nlast words\\n')")
    with pytest.raises(RnntermError, match="last words"), started_workers(2):
        pass


def test_what_a_failing_worker_says_is_passed_on_before_it_is_ended(monkeypatch, tmp_path, capsys):
    begin, ready = tmp_path / "begin", tmp_path / "ready"
    code = (
        "import sys, time; from pathlib import Path\n"
        f"Path({str(ready)!r}).touch()\n"
        f"while not Path({str(begin)!r}).exists(): time.sleep(0.01)\n"
        "time.sleep(0.1); sys.exit('the reason')"
    )
    failing_worker(monkeypatch, code)
    monkeypatch.setattr(
        local_processes, "_wait_until_ready", lambda store, workers: wait_until(ready.exists)
    )
    with pytest.raises(RnntermError, match="a peer is lost"), started_workers(2):
        begin.touch()
        raise RnntermError("a peer is lost")
    assert "the reason" in capsys.readouterr().err


def test_the_file_of_the_meeting_stays_open_and_the_interface_is_just_loopback(monkeypatch):
    paths = []
    monkeypatch.setattr(local_processes, "_wait_until_ready", lambda store, workers: None)
    monkeypatch.setattr(
        local_processes, "open_store", lambda path, size: paths.append(path) or "store"
    )
    failing_worker(monkeypatch, "")
    with started_workers(2):
        gloo, nccl = os.environ["GLOO_SOCKET_IFNAME"], os.environ["NCCL_SOCKET_IFNAME"]
    assert nccl == f"={gloo}"
    if hasattr(os, "memfd_create"):
        assert "meeting" in os.readlink(paths[0])  # noqa: PTH115 - it leads to no path
