"""Forecasters in training: torch equals numpy, seeds repeat, and the process behaves."""

import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from rnnterm.errors import RnntermError, UsageError
from rnnterm.forecast.events import (
    Begun,
    EpochDone,
    Failed,
    Finished,
    Forecasting,
    Previewed,
    SeedDone,
)
from rnnterm.forecast.modelfile import forecaster_from_bytes
from rnnterm.forecast.network import ForecasterSpec, SideBySide
from rnnterm.forecast.plan import plan_for
from rnnterm.forecast.process import ForecastProcess, Request
from rnnterm.training.forecasting import train_forecaster
from rnnterm.training.forecastnet import ForecastNet, first_weights

SINE = np.sin(0.2 * np.arange(240)) + np.random.default_rng(1).uniform(size=240)
QUICK = {"window": 8, "horizon": 5, "epochs": 3, "units": 4, "seeds": 2}


def events_of(recipe="good", values=SINE, **settings):
    told = []
    train_forecaster(Request("sine", values, plan_for(recipe, **QUICK | settings)), told.append)
    return told


def result_of(recipe="good", values=SINE, **settings):
    return events_of(recipe, values, **settings)[-1].result


@pytest.mark.parametrize("recipe", ["good", "sine-tutorial", "sunspots-tutorial"])
@pytest.mark.parametrize("flat", [slice(0), slice(179, 240)])
def test_baselines_that_make_no_error_at_all_are_told(recipe, flat):
    values = np.arange(240) % 7.0  # which the last season foretells
    values[flat] = 3.0  # and this, the last value
    result = result_of(recipe, values, split=0.75)
    assert min(row.test.rmse for row in result.rows[1:]) == 0
    assert "The network" in result.verdict


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("recipe", ["good", "sine-tutorial", "sunspots-tutorial"])
def test_torch_and_numpy_say_the_same(cell, recipe):
    plan = plan_for(recipe, cell=cell, window=6, units=5)
    spec = ForecasterSpec.of(plan)
    net = ForecastNet(spec, [first_weights(spec, plan, seed) for seed in (1, 2, 3)])
    side_by_side = SideBySide(spec, net.networks())
    steps = 1 if plan.as_features else 11
    rows = np.random.default_rng(2).normal(size=(4, steps, spec.inputs)).astype(np.float32)
    with torch.no_grad():
        told = net(torch.from_numpy(np.tile(rows, 3)), 0).numpy()
    ours, _ = side_by_side.read(rows)
    assert told.shape == ours.shape == (4, steps, 3)
    np.testing.assert_allclose(told, ours, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_networks_side_by_side_learn_what_each_learns_alone(cell):
    together = result_of(cell=cell, seeds=3)
    networks = forecaster_from_bytes(together.model).networks
    for number, network in enumerate(networks):
        alone = result_of(cell=cell, seeds=1, rng_seed=1 + number)
        for name, tensor in forecaster_from_bytes(alone.model).networks[0].items():
            np.testing.assert_allclose(tensor, network[name], atol=2e-4, err_msg=name)
    assert not np.allclose(networks[0]["rnn.0.weight_hh"], networks[1]["rnn.0.weight_hh"])


@pytest.mark.parametrize("recipe", ["good", "sine-tutorial", "sunspots-tutorial"])
def test_the_same_seeds_give_the_same_bytes(recipe):
    settings = {"window": 4} if recipe == "sine-tutorial" else {}
    first, second = (result_of(recipe, **settings) for _ in range(2))
    assert first.model == second.model
    np.testing.assert_array_equal(first.one_step, second.one_step)
    assert result_of(recipe, rng_seed=9, **settings).model != first.model


def test_events_tell_the_course():
    told = events_of()
    kinds = [type(event) for event in told]
    assert kinds[0] is Begun
    assert kinds[-2:] == [Forecasting, Finished]
    epochs = [(event.seed, event.epoch) for event in told if isinstance(event, EpochDone)]
    assert sorted(epochs) == [(seed, epoch) for seed in (1, 2) for epoch in (1, 2, 3)]
    assert sum(kind is SeedDone for kind in kinds) == 2
    preview = next(event for event in told if isinstance(event, Previewed))
    assert (preview.start, preview.stride, len(preview.values)) == (8, 1, 232)


def test_a_network_stops_when_it_no_longer_gets_better():
    result = result_of(epochs=400, patience=3, learning_rate=0.05)
    assert max(result.epochs) < 390


@pytest.mark.parametrize("level", [0.0, 2.0])
def test_the_test_part_changes_nothing_that_is_learnt(level):
    values = (SINE + level) * (np.abs(SINE) + level)  # which grows wilder with its level
    changed = values.copy()
    changed[192:] *= -3
    results = [result_of(values=v, window=0, residual="auto") for v in (values, changed)]
    first, second = (forecaster_from_bytes(result.model) for result in results)
    assert first.scaler.root == (level > 0)
    assert first.plan == second.plan
    assert first.scaler == second.scaler
    np.testing.assert_array_equal(first.errors, second.errors)
    np.testing.assert_array_equal(first.errors_by_lead, second.errors_by_lead)
    for one, other in zip(first.networks, second.networks, strict=True):
        for name, tensor in one.items():
            np.testing.assert_array_equal(tensor, other[name])
    assert [row.name for row in results[0].rows] == [row.name for row in results[1].rows]
    for row, same in zip(*(result.rows for result in results), strict=True):
        assert (row.train.rmse, row.train.mase) == (same.train.rmse, same.train.mase)
    first_test = results[0].split
    np.testing.assert_array_equal(*(r.one_step[: first_test + 1] for r in results))
    np.testing.assert_array_equal(*(r.one_step_low[: first_test + 1] for r in results))


def test_the_sine_tutorial_learns_nothing_recurrent():
    result = result_of("sine-tutorial", window=4, units=32)
    plan = result.plan
    learnt = forecaster_from_bytes(result.model).networks[0]["rnn.0.weight_hh"]
    first = first_weights(ForecasterSpec.of(plan), plan, plan.rng_seed)["rnn.0.weight_hh"]
    np.testing.assert_array_equal(learnt, first.numpy())
    faults = {fault.name: fault.measured for fault in result.faults}
    assert faults["one time step"] == 0.0
    assert {"padded targets", "shifted plot"} <= set(faults)
    assert result.published["test_count"] == 132


def test_the_sunspots_tutorial_is_told_its_faults():
    rising = np.abs(SINE) * np.linspace(1, 3, 240)
    result = result_of("sunspots-tutorial", values=rising, window=12)
    faults = {fault.name: fault for fault in result.faults}
    leak = faults["leaking scaler"]
    assert leak.measured == pytest.approx(rising[192:].max() - rising[:192].max())
    assert faults["windows that do not overlap"].measured == 15 / 180
    assert faults["worse than copying"].measured > 1
    assert result.published["test_count"] == 3


def test_good_has_no_faults():
    result = result_of()
    assert not result.faults
    assert not result.published


@pytest.mark.parametrize(
    ("values", "settings", "kind"),
    [
        (np.ones(240), {}, RnntermError),
        (np.append(SINE, np.nan), {}, RnntermError),
        (np.empty(0), {}, RnntermError),
        (SINE[:12], {}, UsageError),
        (SINE, {"learning_rate": 9.9, "cell": "rnn", "activation": "relu"}, RnntermError),
    ],
)
def test_what_cannot_be_learnt_is_one_line(values, settings, kind):
    if "learning_rate" in settings:
        values = values * 1e30
        settings = settings | {"epsilon": 1e-30}
    with pytest.raises(kind) as failure:
        events_of(values=values, **settings)
    assert "\n" not in str(failure.value)


def test_a_child_process_answers():
    with ForecastProcess(Request("sine", SINE, plan_for("good", **QUICK))) as process:
        told = list(process)
    assert isinstance(told[0], Begun)
    assert isinstance(told[-1], Finished)
    here = result_of()
    assert told[-1].result.model == here.model
    assert told[-1].result.rows == here.rows


def test_a_child_process_fails_in_one_line():
    with ForecastProcess(Request("flat", np.ones(300), plan_for("good", **QUICK))) as process:
        (failed,) = process
    assert isinstance(failed, Failed)
    assert failed.exit_code == 1
    assert "nothing to learn" in failed.error


def test_a_child_process_can_be_ended():
    endless = plan_for("good", **QUICK | {"epochs": 1_000_000, "patience": 0})
    with ForecastProcess(Request("sine", SINE, endless)) as process:
        told = []
        for event in process:
            told.append(type(event))
            process.end()
        assert told[0] is Begun
        assert Finished not in told
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


STARTER = """
import sys, time, numpy as np
from rnnterm.forecast.plan import plan_for
from rnnterm.forecast.process import ForecastProcess, Request
values = np.sin(0.2 * np.arange(240)) + np.random.default_rng(1).uniform(size=240)
plan = plan_for("good", window=8, horizon=5, units=4, seeds=1, epochs=1_000_000, patience=0)
process = ForecastProcess(Request("sine", values, plan))
for event in process:
    print(process.pid, flush=True)
"""


def test_the_child_ends_when_its_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    wait_until_gone(child)


def wait_until_gone(pid):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and is_running(pid):
        time.sleep(0.02)
    assert not is_running(pid)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_all_are_judged_on_the_same_values():
    result = result_of()
    assert {row.test.count for row in result.rows} == {len(SINE) - result.split}
    assert len({row.train.count for row in result.rows}) == 1
    assert len(result.rows) > 4


def test_intervals_and_coverage_are_there():
    result = result_of()
    split = result.split
    assert np.isnan(result.one_step_low[:split]).all()
    assert (result.one_step_low[split:] < result.one_step[split:]).all()
    inside = (result.one_step_low <= SINE) & (result.one_step_high >= SINE)
    assert result.coverage == pytest.approx(inside[split:].mean())
    assert len(result.coverage_by_lead) == 5
    assert math.isfinite(result.network.test.rmse)


def test_a_child_process_that_dies_is_told():
    endless = plan_for("good", **QUICK | {"epochs": 1_000_000, "patience": 0})
    process = ForecastProcess(Request("sine", SINE, endless))
    with pytest.raises(RnntermError, match="the training ended with -9") as failure:
        for _ in process:
            os.kill(process.pid, signal.SIGKILL)
    assert "\n" not in str(failure.value)


def test_whoever_stops_listening_ends_the_child():
    endless = plan_for("good", **QUICK | {"epochs": 1_000_000, "patience": 0})
    process = ForecastProcess(Request("sine", SINE, endless))
    events = iter(process)
    next(events)
    events.close()
    wait_until_gone(process.pid)
