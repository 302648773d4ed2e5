"""What a training does about the rest of its machine: adapting threads, saying what it sees."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import torch

from rnnterm.cores import allowed_processors
from rnnterm.memory import shortage_now
from rnnterm.runs.events import Listener, ThreadsChanged, Troubled
from rnnterm.runs.sharing import CoreSharing
from rnnterm.training.processors import has_fixed_threads
from rnnterm.training.recipe import Recipe
from rnnterm.training.speed import SpeedMeter
from rnnterm.training.thread_tuner import ThreadTuner
from rnnterm.training.world import World

_SECONDS_BETWEEN_REPORTS = 10.0  # of a number of threads that keeps changing


class MachineWatch:
    """Follows the load of the machine while one process trains on its CPU.

    On a GPU, and in one of several processes, which wait for each other, nothing is measured.
    """

    def __init__(self, recipe: Recipe, device: torch.device, report: Listener) -> None:
        self._report = report
        self._is_measuring = device.type == "cpu" and World.current().size == 1
        self._tuner = ThreadTuner(torch.get_num_threads(), fixed=has_fixed_threads(recipe.threads))
        self._processors = len(allowed_processors())
        self._reported = -_SECONDS_BETWEEN_REPORTS
        self._has_warned_of_memory = False

    def __enter__(self) -> "MachineWatch":
        if self._is_measuring:
            self._tuner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_measuring:
            self._tuner.__exit__(kind, error, traceback)

    @property
    def threads(self) -> int:
        """Threads when nobody else needs a core."""
        return self._tuner.most

    @property
    def has_changed_threads(self) -> bool:
        """Whether the number of threads has followed the load so far."""
        return self._tuner.changes > 0

    def speed_meter(self) -> SpeedMeter:
        """Make a meter for a session on this machine."""
        return SpeedMeter(self._tuner.most, self._processors)

    def follow(self, step: int, speed: SpeedMeter) -> None:
        """Adapt the threads to the load; call it between steps, in the thread that trains."""
        speed.add_loads(self._tuner.take_loads())
        if self._tuner.adjust():
            now = time.monotonic()
            if now - self._reported >= _SECONDS_BETWEEN_REPORTS:
                self._reported = now
                count = self._tuner.count
                self._report(ThreadsChanged(step, count, self._processors, speed.others))

    @contextmanager
    def ignoring(self, paused: bool) -> Iterator[None]:
        """While paused, the load is nobody's business."""
        yield
        if paused:
            self._tuner.take_loads()

    def sharing(self, speed: SpeedMeter) -> CoreSharing | None:
        """What this training gets of the cores; None where that is not measured."""
        if not self._is_measuring:
            return None
        return CoreSharing(
            cores=self._processors,
            most_threads=self._tuner.most,
            threads=self._tuner.count,
            others=speed.others,
            throttled=speed.throttled,
            pace=speed.pace,
        )

    def check_memory(self, step: int) -> None:
        """Warn, once a session, where memory is short."""
        shortage = None if self._has_warned_of_memory else shortage_now()
        if shortage:
            self._has_warned_of_memory = True
            self._report(Troubled(step, shortage))
