"""How many threads a training has beside other programs: the rule, on made-up loads."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.training.cpu_load import CpuLoad
from rnnterm.training.thread_choice import ThreadChoice, Threads

TICK = 0.1


class Machine:
    """A made-up machine: others want cores, and the scheduler shares them fairly."""

    def __init__(self, cores: int, most: int | None = None) -> None:
        self.cores = cores
        self.choice = ThreadChoice(most or cores, cores)
        self.threads = self.choice.chosen.count

    def load(self, wanted: float) -> CpuLoad:
        """What an interval looks like while others want so many cores."""
        total = self.threads + wanted
        share = min(1.0, self.cores / total) if total else 1.0
        own, others = self.threads * share, wanted * share
        return CpuLoad(TICK, own, self.threads - own, others)

    def pass_seconds(self, seconds: float, wanted: float) -> list[int]:
        """Let time pass; the numbers of threads on the way."""
        seen = []
        for _ in range(round(seconds / TICK)):
            chosen = self.choice.update(self.load(wanted)).count
            if chosen != self.threads:
                self.threads = chosen
                self.choice.changed()
            seen.append(self.threads)
        return seen


@pytest.mark.parametrize(
    ("cores", "wanted", "threads"),
    [
        (2, 0, 2), (2, 0.2, 2), (2, 1, 1), (2, 2, 1), (2, 4, 1),
        (8, 0, 8), (8, 1, 7), (8, 3, 5), (8, 7, 2), (8, 20, 1), (1, 3, 1), (64, 10, 54),
    ],
)  # fmt: skip
def test_there_are_as_many_threads_as_others_leave_cores(cores, wanted, threads):
    machine = Machine(cores)
    seen = machine.pass_seconds(10, wanted)
    assert seen[-1] == pytest.approx(threads, abs=1 if cores > 8 else 0)
    assert len(set(seen[-20:])) == 1  # it has come to rest


@pytest.mark.parametrize("wanted", [1, 2, 4])
def test_a_change_is_followed_within_a_second_both_ways(wanted):
    machine = Machine(2)
    assert set(machine.pass_seconds(3, 0)) == {2}
    assert machine.pass_seconds(1, wanted)[-1] == 1
    assert set(machine.pass_seconds(5, wanted)) == {1}
    assert machine.pass_seconds(1, 0)[-1] == 2


def test_a_moment_of_another_program_changes_nothing():
    machine = Machine(2)
    for _ in range(20):
        assert machine.pass_seconds(0.1, 1) == [2]
        assert machine.pass_seconds(0.5, 0) == [2] * 5


def test_waiting_threads_sleep_at_once_and_spin_again_after_calm():
    choice = ThreadChoice(2, 2)
    assert choice.update(CpuLoad(TICK, 1.3, 0.6, 0.7)) == Threads(2, short_waits=True)
    assert choice.update(CpuLoad(TICK, 2, 0.05, 0)).short_waits  # neither calm nor contended
    waits = [choice.update(CpuLoad(TICK, 2, 0.0, 0)).short_waits for _ in range(5)]
    assert waits == [True, True, True, False, False]


def test_fewer_threads_than_cores_leave_room_for_others():
    """As under a quota of two cores on a machine of eight."""
    machine = Machine(8, most=2)
    assert set(machine.pass_seconds(5, 4)) == {2}
    assert machine.pass_seconds(5, 12)[-1] == 1


@given(
    cores=st.integers(1, 16),
    changes=st.lists(st.floats(0, 20), min_size=1, max_size=6),
)
def test_whatever_others_do_there_is_a_thread_and_never_too_many(cores, changes):
    machine = Machine(cores)
    for wanted in changes:
        assert all(1 <= count <= cores for count in machine.pass_seconds(2, wanted))
    assert machine.pass_seconds(15, 0)[-1] == cores


def test_a_program_that_comes_and_goes_changes_the_threads_less_and_less():
    machine = Machine(2)
    seen = [
        count for _ in range(40) for wanted in (1, 0) for count in machine.pass_seconds(0.7, wanted)
    ]
    changes = [a != b for a, b in itertools.pairwise(seen)]
    half = len(changes) // 2
    assert sum(changes[half:]) < sum(changes[:half]) or sum(changes) < 8
    assert sum(changes[half:]) <= 8  # in 28 seconds


def test_after_a_moment_beside_a_small_program_all_threads_come_back():
    machine = Machine(2)
    assert set(machine.pass_seconds(3, 0.4)) == {2}
    machine.pass_seconds(1, 1)
    assert machine.pass_seconds(10, 0.4)[-1] == 2
