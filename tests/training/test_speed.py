"""A session's speed, and what others took of it, on made-up steps and loads."""

import pytest

from rnnterm.runs.sharing import CoreSharing
from rnnterm.training.cpu_load import CpuLoad
from rnnterm.training.pace import Pace
from rnnterm.training.schedule import Budget
from rnnterm.training.speed import SpeedMeter


def test_the_pace_is_a_share_of_the_best_speed():
    meter = SpeedMeter(2, 2)
    assert (meter.chars_per_second, meter.pace) == (None, None)
    for _ in range(20):
        meter.add_step(0.1, 1000)
    assert meter.chars_per_second == pytest.approx(10_000)
    assert meter.pace == pytest.approx(1)
    for _ in range(10):
        meter.add_step(0.4, 1000)
    assert meter.chars_per_second == pytest.approx(2500)
    assert meter.pace == pytest.approx(0.25)
    meter.add_step(0.1, 1000)
    assert 0.25 < meter.pace < 1


def test_a_step_longer_than_the_window_is_a_speed_of_its_own():
    meter = SpeedMeter(2, 2)
    for _ in range(20):
        meter.add_step(0.1, 1000)
    meter.add_step(5, 1000)
    assert meter.chars_per_second == pytest.approx(200)


def test_time_is_lost_only_where_others_took_cores():
    meter = SpeedMeter(2, 2)
    for _ in range(20):
        meter.add_step(0.1, 1000)
    for _ in range(10):
        meter.add_step(0.2, 1000)
    assert meter.lost_seconds == 0  # slow by itself
    meter.add_loads([CpuLoad(0.1, 2, 0, 0)] * 20 + [CpuLoad(0.1, 1, 0.5, 1)] * 20)
    assert meter.others == pytest.approx(1)
    assert meter.mean_others == pytest.approx(0.5)
    assert meter.lost_seconds == pytest.approx(1)


def test_a_machine_that_never_was_quiet_gives_no_usual_speed():
    meter = SpeedMeter(2, 2)
    meter.add_loads([CpuLoad(0.1, 1, 0.5, 1)] * 20)
    for _ in range(20):
        meter.add_step(0.1, 1000)
    assert meter.pace is None
    assert meter.lost_seconds == pytest.approx(1)  # others used half of the cores for two seconds


def test_others_on_cores_that_the_training_does_not_need_take_nothing():
    meter = SpeedMeter(2, 64)
    meter.add_loads([CpuLoad(0.1, 2, 0, 30)] * 20)
    for seconds in (0.1, 0.2):
        for _ in range(20):
            meter.add_step(seconds, 1000)
    assert meter.lost_seconds == 0


def test_many_loads_at_once_are_counted_quickly():
    meter = SpeedMeter(2, 2)
    meter.add_loads([CpuLoad(0.1, 2, 0, 0)] * 100_000)
    assert meter.others == 0


def test_the_time_left_follows_the_last_steps():
    now = 0.0
    pace, budget = Pace(clock=lambda: now), Budget(steps=1000)
    for _ in range(50):
        now += 0.1
        pace.count(0.1, 100)
    assert pace.eta(budget, 50) == pytest.approx(95)
    for _ in range(10):
        now += 1
        pace.count(1, 100)
    assert pace.eta(budget, 60) == pytest.approx(940)


@pytest.mark.parametrize(
    ("sharing", "text"),
    [
        (CoreSharing(2, 2, 2, 0.0, 0.0, 1.0), None),
        (CoreSharing(2, 2, 2, 0.1, 0.0, 0.5), None),  # slow, but not because of others
        (CoreSharing(2, 2, 1, 1.0, 0.0, None), "other programs use 1.0 of 2 cores"),
        (
            CoreSharing(2, 2, 1, 1.96, 0.0, 0.31),
            "31% of its usual pace: other programs use 2.0 of 2 cores",
        ),
        (CoreSharing(8, 8, 8, 1.0, 0.0, 0.97), None),
        (CoreSharing(64, 2, 2, 30.0, 0.0, 0.6), None),
        (
            CoreSharing(1, 1, 1, 0.0, 0.45, 0.5),
            "50% of its usual pace: a CPU quota stops it 45% of the time",
        ),
    ],
)
def test_what_others_take_is_said_where_it_slows(sharing, text):
    assert (sharing.describe() if sharing.is_slowing else None) == text
