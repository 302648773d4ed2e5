"""The trainer's process: `python -m rnnterm.training REQUEST NPROC`.

`rnnterm.runs.process` starts it, and it starts the other processes of its run by itself. Nothing
that happens to a terminal concerns it. SIGTERM or SIGINT ends it with a checkpoint, a second one at
once.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rnnterm.errors import RnntermError
from rnnterm.files import open_to_append
from rnnterm.runs.events import Event, Started
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.process import answer_starter
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.run import TrainingSession
from rnnterm.training.signals import stop_on_signals
from rnnterm.training.world import WORKER, World


def main(arguments: list[str]) -> int:
    """Train what the request describes, or help rank 0 to do so; returns the exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # in the processes that this one starts, too
    if arguments[0] == WORKER:
        from rnnterm.training.local_processes import join_as_worker
        from rnnterm.training.worker import serve

        world, store = join_as_worker(arguments)
        return 0 if serve(world, None, store) else 1
    request, nproc = arguments[0], int(arguments[1])
    begun = False
    try:
        with _leading(nproc):
            plan = TrainingPlan.from_request(request)
            session = TrainingSession(plan)
            stop_on_signals(session.stop)

            def report(event: Event) -> None:
                nonlocal begun
                if isinstance(event, Started):
                    answer_starter({"run": str(plan.folder.path)})
                    _write_to_log(plan.folder)
                    begun = True

            session.train(report)
    except Exception as error:
        if not begun:
            code = error.exit_code if isinstance(error, RnntermError) else 1
            told = str(error) if isinstance(error, RnntermError) else _named(error)
            answer_starter({"error": told, "exit_code": code})
        if not isinstance(error, RnntermError):
            raise
        sys.stderr.write(f"{error}\n")  # in `train.log`, where the run's own log may be lacking
        return error.exit_code
    return 0


@contextmanager
def _leading(nproc: int) -> Iterator[None]:
    """Lead `nproc` processes of this machine, of which this is one."""
    if nproc == 1:
        yield
        return
    from rnnterm.training.exchange import leading
    from rnnterm.training.local_processes import started_workers

    with started_workers(nproc) as store, leading(World(size=nproc, local_size=nproc), store):
        yield


def _write_to_log(run: RunFolder) -> None:
    """From now on, whatever this process writes to its standard streams goes to `train.log`."""
    try:
        log = open_to_append(run.train_log)
    except OSError:  # no reason not to train
        log = open(os.devnull, "wb", buffering=0)  # noqa: PTH123, SIM115
    with log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0]


sys.exit(main(sys.argv[1:]))
