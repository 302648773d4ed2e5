"""A long log at a glance: what it says must be what the whole log says."""

import itertools
import json

import numpy as np
import pytest

from rnnterm.runs import reader as reading
from rnnterm.runs.curves import LossCurves
from rnnterm.runs.events import (
    Checkpointed,
    Finished,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Troubled,
    Used,
    Validated,
    event_to_json,
)
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.points import Point
from rnnterm.runs.reader import RunReader
from rnnterm.runs.skim import skim


def line(seq, event):
    values = {"session": 1, "seq": seq, "time": 1.5e9 + seq}
    return json.dumps(values | event_to_json(event)).encode() + b"\n"


def progressed(step):
    return Progressed(
        step, step / 999, step / 4e5, step / 7, 1.5 + 3 * 0.5 ** (step / 5e4), 0.01, 44e3, 9.0
    )


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """A log of some megabytes, with two sessions and a roll-back."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "long")
    run.path.mkdir()
    count = itertools.count()
    with run.metrics.open("wb") as log:

        def tell(event):
            log.write(line(next(count), event))

        def train(first, last):
            for step in range(first, last, 10):
                tell(progressed(step))
                if step % 700 == 0:
                    tell(Validated(step, 1.6 + step / 1e6, best=False))
                    tell(Used(step, 10**8, 1.5))
                if step % 3000 == 0:
                    tell(Sampled(step, "be", "so be it\n" * 9))
                    tell(Checkpointed(step))

        tell(Started("long", 0, "LSTM 1x8", 100, "cpu", "fp32", ("noted",)))
        train(10, 150_000)
        tell(Troubled(150_000, "the disk is full"))
        tell(RolledBack(150_000, 120_000, 0.5))
        train(120_010, 250_000)
        log.write(b"no entry, b\n[]\n" + b"b" * 5000 + b"\n")
        tell(Started("long", 240_000, "LSTM 1x8", 100, "cpu", "fp32", ()))
        train(240_010, 400_000)
        tell(Finished("finished", 400_000, 9.0, 1.5, 1.6, 1.6, 44e3))
    return run


def test_a_skimmed_run_is_the_run(long_run):
    whole = RunReader(long_run).catch_up()
    skimmer = RunReader(long_run)
    skimmer.skim()
    glance = skimmer.catch_up()
    assert glance.val == whole.val
    assert (glance.state, glance.ended, glance.status) == (whole.state, whole.ended, whole.status)
    assert glance.started == whole.started
    assert glance.samples
    assert glance.samples == whole.samples[-len(glance.samples) :]
    x, y = np.array(whole.train).T[:2]
    seen_x, seen_y = np.array(glance.train).T[:2]
    assert abs(seen_x[0] - x[0]) < 4000
    assert abs(seen_x[-1] - x[-1]) < 4000
    assert len(seen_x) > 500
    assert np.abs(np.interp(x, seen_x, seen_y) - y).max() < 0.1
    assert list(seen_x) == sorted(seen_x)


def test_what_was_undone_is_not_skimmed_and_spikes_are(long_run, tmp_path):
    run = RunFolder(tmp_path)
    lines = long_run.metrics.read_bytes().split(b"\n")
    curve = [place for place, each in enumerate(lines) if b'"progressed"' in each]

    def set_loss(place, loss):
        values = json.loads(lines[place])
        lines[place] = json.dumps(values | {"train_loss": loss}).encode()
        return values["step"]

    spike = set_loss(curve[5_000], 77.0)
    dip = set_loss(curve[25_003], -3.0)
    turn = next(place for place, each in enumerate(lines) if b'"rolledback"' in each)
    set_loss(turn - 3, 500.0)  # undone
    set_loss(curve[9_000], None)
    run.metrics.write_bytes(b"\n".join(lines))
    for skims in (True, False):
        reader = RunReader(run)
        if skims:
            reader.skim()
        raw = LossCurves.of(reader.catch_up()).raw
        assert raw.extremes() == (-3.0, 77.0)
        for loss, step in ((77.0, spike), (-3.0, dip)):
            assert abs(raw.x[list(raw.y).index(loss)] - step) < 1000


def test_what_is_skimmed_is_news_once_and_then_the_log_goes_on(long_run, tmp_path):
    run = RunFolder(tmp_path)
    run.metrics.write_bytes(long_run.metrics.read_bytes())
    reader = RunReader(run)
    reader.skim()
    first = reader.poll()
    assert any(isinstance(entry.event, Troubled) for entry in first.news)
    reader.catch_up()
    assert reader.poll().news == ()
    with run.metrics.open("ab") as log:
        log.write(line(0, Validated(400_010, 1.5, best=True)))
    assert [entry.event.step for entry in reader.poll().news] == [400_010]
    assert reader.poll().val[-1] == Point.of(400_010, 1.5)


def test_a_short_log_is_read_whole(tmp_path):
    run = RunFolder(tmp_path)
    reader = RunReader(run)
    reader.skim()  # there is none yet
    run.metrics.write_bytes(line(0, progressed(10)))
    assert len(reader.poll().news) == 1


@pytest.mark.parametrize("content", [b"", b"b" * 100_000, b"\n" * 100_000, b"b\n" * 50_000])
def test_what_is_no_log_is_skimmed_to_nothing(tmp_path, content):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(content)
    assert skim(path, 10).entries == []


def test_very_many_validations_are_thinned(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b"".join(line(step, Validated(step, 1.0, best=True)) for step in range(40_000))
    )
    steps = [entry.event.step for entry, _ in skim(path, 1000).entries]
    assert 8_000 < len(steps) <= 16_384
    assert np.ptp(np.diff(steps)) == 0


def test_the_letter_that_is_looked_for_tells_rare_events_from_common_ones():
    rare = (
        Started("x", 0, "", 1, "", "", ()),
        Validated(1, 1.0, best=False),
        RolledBack(2, 1, 0.5),
        Finished("finished", 1, 1.0, 1.0, 1.0, 1.0, 1.0),
        Troubled(1, ""),
    )
    common = (progressed(1), Used(1, 1, 1.0))
    assert all(b"b" in line(0, event) for event in rare)
    assert not any(b"b" in line(0, event) for event in common)
    assert reading._LONG_LOG > reading._LEFT_TO_READ
