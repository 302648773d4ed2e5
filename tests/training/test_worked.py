"""Time that was worked, with clocks that a test sets, and the pace that follows it."""

import threading

from rnnterm.training.pace import Pace
from rnnterm.training.schedule import Budget
from rnnterm.training.worked import WorkedClock


class Machine:
    """Both clocks of a process on two cores."""

    def __init__(self) -> None:
        self.now = self.used = 0.0
        self.clock = WorkedClock(lambda: self.now, lambda: self.used, cores=2)

    def work(self, seconds: float, *, cores: float = 1.0, looks: bool = True) -> None:
        """Let time pass; where it `looks`, in the small steps of a process that goes on."""
        steps = max(1, round(seconds * 2)) if looks else 1
        for _ in range(steps):
            self.now += seconds / steps
            self.used += cores * seconds / steps
            self.clock()

    def stand(self, seconds: float) -> None:
        """Let time pass in which no thread of the process runs."""
        self.now += seconds


def test_work_counts():
    machine = Machine()
    machine.work(100)
    assert machine.clock() == 100
    assert machine.clock.take_still() == 0


def test_standing_still_does_not_count_and_is_told_once():
    machine = Machine()
    machine.work(10)
    machine.stand(20)
    assert 10 <= machine.clock() < 11
    assert 19 < machine.clock.take_still() <= 20
    assert machine.clock.take_still() == 0
    machine.work(10)
    assert 20 <= machine.clock() < 21


def test_work_on_both_cores_around_a_stop_does_not_hide_it():
    machine = Machine()
    machine.work(10)
    machine.now, machine.used = machine.now + 0.4, machine.used + 0.8
    machine.stand(20)
    assert machine.clock() < 11


def test_waiting_for_busy_processors_or_disks_counts():
    machine = Machine()
    machine.work(60, cores=0.01)
    assert machine.clock() == 60
    assert machine.clock.take_still() == 0


def test_a_short_gap_counts():
    machine = Machine()
    machine.stand(4)
    assert machine.clock() == 4


def test_a_calculation_that_lets_no_thread_look_counts():
    machine = Machine()
    machine.work(30, looks=False)
    assert machine.clock() == 30


def test_a_budget_is_not_spent_by_standing_still():
    machine, budget = Machine(), Budget(seconds=30)
    pace = Pace(5, machine.clock)
    machine.work(10)
    machine.stand(100)
    assert 15 <= pace.seconds < 16
    assert budget.progress(1, pace.seconds) < 0.6
    assert pace.eta(budget, 1) > 14


def test_standing_still_during_a_pause_is_left_out_once():
    machine = Machine()
    pace = Pace(0, machine.clock)
    machine.work(10)
    with pace.standing(paused=True):
        machine.work(10)
        machine.stand(20)
        machine.work(10)
    machine.work(5)
    assert 15 <= pace.seconds < 16


def test_beats_change_the_time_of_a_file_until_they_end(tmp_path):
    path = tmp_path / "status.json"
    path.write_text("{}")
    clock = WorkedClock()
    before = threading.active_count()
    with clock.beating(path):
        begun = path.stat().st_mtime_ns
        while path.stat().st_mtime_ns == begun:
            threading.Event().wait(0.01)
        path.unlink()  # a run that was deleted is someone else's trouble
    assert threading.active_count() == before
