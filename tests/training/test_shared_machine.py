"""A real training beside a real busy program: it goes on, and it says what it does."""

import subprocess
import sys
import time

import pytest

from rnnterm.cores import usable_threads
from rnnterm.runs.control import send_request
from rnnterm.runs.events import Finished, Progressed, ThreadsChanged
from rnnterm.runs.metrics import read_metrics
from rnnterm.runs.overview import summarize_run
from rnnterm.runs.process import start_trainer
from rnnterm.training.plan import TrainingPlan

STEPS = 12  # a training whose threads wait for each other takes one or two in this time
PATIENCE = 60


@pytest.mark.slow
@pytest.mark.xdist_group("deaths")  # beside what takes long anyway
@pytest.mark.skipif(usable_threads() < 2, reason="one core has no threads to adapt")
def test_a_training_beside_a_busy_program_goes_on_and_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")  # which tests set, and which is a choice by hand
    settings = {
        "hidden_size": 384, "batch_size": 32, "bptt": 64, "steps": 10**6, "log_every": 1,
        "validate_every": "never", "sample_every": "never", "device": "cpu", "dropout": 0,
    }  # fmt: skip
    rivals = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        for _ in range(usable_threads())
    ]
    try:
        plan = TrainingPlan.start("othello", settings=settings, name="shared", runs=tmp_path)
        trainer = start_trainer(plan.to_request())
        run, deadline = trainer.run, time.monotonic() + PATIENCE

        def events(kind):
            return [e.event for e in read_metrics(run.metrics) if isinstance(e.event, kind)]

        while len(events(Progressed)) < STEPS or summarize_run(run).slowdown is None:
            assert time.monotonic() < deadline, (len(events(Progressed)), summarize_run(run))
            time.sleep(0.1)
        assert "other programs use" in summarize_run(run).slowdown
        changed = events(ThreadsChanged)[0]
        assert changed.threads < changed.cores == usable_threads()
        send_request(run, "stop")
        assert trainer.process.wait(PATIENCE) == 0
        (finished,) = events(Finished)
        assert finished.cores == usable_threads()
        assert finished.others > 0.3
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()
        trainer.end_at_once()
