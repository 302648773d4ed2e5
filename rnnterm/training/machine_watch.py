"""What a training does about the rest of its machine: adapting threads, saying what it sees."""

from types import TracebackType

import torch

from rnnterm.memory import shortage_now
from rnnterm.runs.events import Listener, ThreadsChanged, Troubled
from rnnterm.runs.sharing import CoreSharing
from rnnterm.training.processors import has_fixed_threads
from rnnterm.training.recipe import Recipe
from rnnterm.training.speed import SpeedMeter
from rnnterm.training.thread_tuner import ThreadTuner
from rnnterm.training.world import World


class MachineWatch:
    """Follows the load of the machine while a training on the CPU goes on."""

    def __init__(self, recipe: Recipe, device: torch.device, report: Listener) -> None:
        self._report = report
        self._is_on_cpu = device.type == "cpu"
        # Several processes have their share of the cores each, and wait for each other.
        fixed = not self._is_on_cpu or has_fixed_threads(recipe.threads) or World.current().size > 1
        self._tuner = ThreadTuner(torch.get_num_threads(), fixed=fixed)
        self._memory_warning: str | None = None

    def __enter__(self) -> "MachineWatch":
        self._tuner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tuner.__exit__(kind, error, traceback)

    @property
    def threads(self) -> int:
        """Threads when nobody else needs a core."""
        return self._tuner.most

    @property
    def has_changed_threads(self) -> bool:
        """Whether the number of threads has followed the load so far."""
        return self._tuner.changes > 0

    def follow(self, step: int, speed: SpeedMeter) -> None:
        """Adapt the threads to the load; call it between steps, in the thread that trains."""
        speed.add_loads(self._tuner.take_loads())
        if self._tuner.adjust():
            cores = self._tuner.most
            self._report(ThreadsChanged(step, self._tuner.count, cores, speed.others))

    def sharing(self, speed: SpeedMeter) -> CoreSharing | None:
        """What this training gets of the cores; None where that is not measured."""
        if not self._tuner.is_measuring:
            return None
        return CoreSharing(
            cores=self._tuner.most,
            threads=self._tuner.count,
            others=speed.others,
            throttled=speed.throttled,
            pace=speed.pace,
        )

    def check_memory(self, step: int) -> None:
        """Warn, once, where memory is short."""
        shortage = shortage_now()
        if shortage and self._memory_warning is None:
            self._report(Troubled(step, shortage))
        self._memory_warning = shortage
