"""Gradients of several processes, averaged in memory that they share."""

import mmap
import os
import platform
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

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="gloo does it elsewhere"
)


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


def test_the_end_of_another_process_is_noticed():
    other = subprocess.Popen([sys.executable, "-c", ""])
    memory = mmap.mmap(-1, memory_size(World(0, 0, 2, 2), 5))
    mean = rank_of(memory, 0, 2, 5, [os.getpid(), other.pid])
    with pytest.raises(PeerLostError, match="another process of this run ended"):
        mean.reduce(None, Bucket(torch.ones(5), is_last=True))
    other.wait()
    mean.close()
