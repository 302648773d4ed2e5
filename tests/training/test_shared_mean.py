"""Gradients of several processes, averaged in memory that they share."""

import mmap
import os
import platform
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnterm.training.exchange import PeerLostError
from rnnterm.training.shared_mean import SharedMean, memory_size
from rnnterm.training.world import World


def can_share() -> bool:
    try:
        os.close(os.memfd_create("trial"))
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # an older Python, or a system that refuses
        return False
    return (sys.platform, platform.machine()) == ("linux", "x86_64")


pytestmark = pytest.mark.skipif(not can_share(), reason="gloo does it elsewhere")


class Bucket:
    """Some of a network's gradients, as DDP hands them over."""

    def __init__(self, gradients: torch.Tensor, *, is_last: bool) -> None:
        self._gradients, self._is_last = gradients, is_last

    def buffer(self) -> torch.Tensor:
        return self._gradients

    def is_last(self) -> bool:
        return self._is_last


def rank_of(memory: mmap.mmap, rank: int, size: int, count: int, pids: list[int]) -> SharedMean:
    ends = [os.pidfd_open(pid) for pid in pids]
    return SharedMean(memory, ends, World(rank, rank, size, size), count)


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 4),
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_everyone_gets_the_same_mean_of_every_part(size, lengths, seed):
    count, world = sum(lengths), World(0, 0, size, size)
    memory = mmap.mmap(-1, memory_size(world, count))
    ranks = [rank_of(memory, rank, size, count, [os.getpid()] * size) for rank in range(size)]
    steps = torch.randn(3, size, count, generator=torch.Generator().manual_seed(seed))

    def learn(rank: int) -> list[torch.Tensor]:
        learnt = []
        for step in steps:
            parts = step[rank].clone().split(lengths)
            promises = [
                ranks[rank].reduce(None, Bucket(part, is_last=index == len(parts) - 1))
                for index, part in enumerate(parts)
            ]
            learnt.append(torch.cat([promise.wait() for promise in promises]))
        return learnt

    with ThreadPoolExecutor(size) as threads:
        learnt = [torch.stack(means) for means in threads.map(learn, range(size))]
    assert torch.allclose(learnt[0], steps.mean(1), atol=1e-6)
    assert all(torch.equal(learnt[0], other) for other in learnt)
    for rank in ranks:
        rank.close()


PROGRAM = """
import os
import numpy as np
import torch
from rnnterm.training.batches import Batch
from rnnterm.training.distributed import SharedLearner
from rnnterm.training.exchange import joined
from rnnterm.training.recipe import load_recipe
from rnnterm.training.shared_mean import SharedMean
from rnnterm.training.world import World

def fail(*arguments):
    raise OSError("not here")

averaged = []
reduce = SharedMean.reduce
SharedMean.reduce = lambda self, state, bucket: averaged.append(1) or reduce(self, state, bucket)
own = {name: getattr(os, name) for name in ("memfd_create", "pidfd_open")}
recipe = load_recipe().with_values({"hidden_size": 8, "batch_size": 4, "bptt": 8})
rows = np.arange(36, dtype=np.uint8).reshape(4, 9) % 5
world = World.from_environment()
with joined(world):
    for lacking in ("", "memfd_create", "pidfd_open"):
        for name, call in own.items():
            # One that cannot is enough.
            setattr(os, name, fail if name == lacking and world.rank == 0 else call)
        torch.manual_seed(1)
        learner = SharedLearner(recipe, recipe.spec(5), torch.device("cpu"), "fp32", world)
        learner.connect()
        for step in range(3):
            learner.learn(Batch(step, rows[:, :-1], rows[:, 1:], fresh=True), 0.01)
        weights = torch.cat([each.flatten() for each in learner.model.parameters()])
        print(lacking or "nothing", len(averaged), weights.double().sum().item())
        averaged.clear()
"""


def learnt_by_two() -> list[list[list[str]]]:
    """What each of two processes says of learning with, and without, what sharing takes."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        world = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
    world |= {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | world | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        told = [rank.communicate(timeout=60)[0] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
    assert [rank.returncode for rank in ranks] == [0, 0]
    return [[line.split() for line in each.splitlines()] for each in told]


def test_it_is_used_where_all_can_and_gloo_where_one_cannot():
    first, second = learnt_by_two()
    assert first == second  # all weights are the same
    with_all, without_memory, without_ends = first
    assert with_all[0] == "nothing"
    assert int(with_all[1]) >= 3
    for lacking in (without_memory, without_ends):
        assert int(lacking[1]) == 0
        assert float(lacking[2]) == pytest.approx(float(with_all[2]), abs=1e-4)


def test_the_end_of_another_process_is_noticed():
    other = subprocess.Popen([sys.executable, "-c", ""])
    memory = mmap.mmap(-1, memory_size(World(0, 0, 2, 2), 5))
    mean = rank_of(memory, 0, 2, 5, [os.getpid(), other.pid])
    with pytest.raises(PeerLostError, match="another process of this run ended"):
        mean.reduce(None, Bucket(torch.ones(5), is_last=True))
    other.wait()
    mean.close()
