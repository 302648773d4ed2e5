"""Which of the processes of a run this one is, as torch's launcher says it; imports no torch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from rnnterm.errors import UsageError

WORKER = "--worker"
"""The first argument of a process that rank 0 of this machine started."""


@dataclass(frozen=True)
class World:
    """The processes that train one run together; without arguments, one process alone.

    Attributes:
        rank: which one this is; number 0 leads.
        local_rank: which one among those on this machine.
        size, local_size: how many there are in all, and on this machine.
    """

    rank: int = 0
    local_rank: int = 0
    size: int = 1
    local_size: int = 1

    @classmethod
    def from_environment(cls) -> "World":
        """As `torchrun` tells each process that it starts; raises UsageError for what it cannot."""
        if os.environ.get("WORLD_SIZE", "1") == "1":
            return cls()
        names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
        values = [os.environ.get(name, "") for name in names]
        if not all(value.isdecimal() for value in values):
            raise UsageError(
                f"WORLD_SIZE is set, but not all of {', '.join(names)} are numbers: start several "
                "processes with torchrun, or unset WORLD_SIZE"
            )
        return cls(*map(int, values))

    @classmethod
    def current(cls) -> "World":
        """The world that this process has joined, or that of one process alone."""
        return _current.get()

    @contextmanager
    def made_current(self) -> Iterator[None]:
        """Make this the world that `current` answers."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_ALONE = World()
_current: ContextVar[World] = ContextVar("world", default=_ALONE)
