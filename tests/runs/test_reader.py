"""Watching a run: true states, immutable views, bounded memory."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.runs.curves import LossCurves
from rnnterm.runs.events import (
    Answered,
    Checkpointed,
    Failed,
    Finished,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Validated,
)
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import hold_lock
from rnnterm.runs.metrics import LogEntry, MetricsLog, read_metrics
from rnnterm.runs.points import Curve, Point
from rnnterm.runs.reader import RunReader
from rnnterm.runs.status import RunStatus, StatusWriter, read_status, status_of


def seen(points):
    """Points as (step, loss)."""
    return tuple((point.step, point.loss) for point in points)


def started(step):
    return Started("mine", step, "LSTM 1x8", 100, "cpu", "fp32", ())


def progressed(step, loss=2.0):
    return Progressed(step, 0.1, step / 100, float(step), loss, 0.01, 1000.0, 9.0)


def finished(step, reason="finished"):
    return Finished(reason, step, 9.0, 1.5, 1.6, 1.6, 1000.0)


@pytest.fixture
def run(tmp_path):
    (tmp_path / "mine").mkdir()
    return RunFolder(tmp_path / "mine")


@pytest.fixture
def tell(run):
    """Log events and keep the status, as a trainer does."""
    with MetricsLog(run.metrics) as log:
        status = StatusWriter(run.status, log.session)

        def tell_all(*events):
            for event in events:
                log.append(event)
                status.report(event)

        yield tell_all


def test_states_follow_the_lock_and_the_last_word(run, tell):
    reader = RunReader(run)
    assert reader.poll().state == "crashed"  # nobody holds it and nobody ended it
    with hold_lock(run.path):
        assert reader.poll().state == "running"
        tell(started(0), progressed(5))
        assert reader.poll().state == "running"
        tell(Answered(5, "pause", "x"))
        assert reader.poll().state == "paused"
        tell(Answered(5, "continue", "y"))
        assert (reader.poll().state, reader.poll().is_over) == ("running", False)
    view = reader.poll()
    assert (view.state, view.is_over, view.ended) == ("crashed", True, None)
    for ending in (finished(9), finished(9, "stopped"), Failed("diverged", 9, "NaN")):
        with hold_lock(run.path):
            tell(started(5))
            assert reader.poll().ended is None
            tell(ending)
            assert reader.poll().state == "running"  # until it lets go
        view = reader.poll()
        assert (view.state, view.ended) == (ending.reason, ending)


def test_views_never_change_and_news_come_once(run, tell):
    reader = RunReader(run)
    tell(started(0), progressed(20, 3.0))
    first = reader.poll()
    assert [type(entry.event) for entry in first.news] == [Started, Progressed]
    kept = dataclasses.replace(first)
    tell(progressed(40, 2.5), Validated(40, 2.4, True), Sampled(40, "a", "b"))
    second = reader.poll()
    assert first == kept
    assert (seen(first.train), first.val) == (((20, 3.0),), ())
    assert (seen(second.train), seen(second.val)) == (((20, 3.0), (40, 2.5)), ((40, 2.4),))
    assert len(second.news) == 3
    assert reader.poll().news == ()
    assert reader.poll().train is second.train  # nothing is copied while nothing comes
    with pytest.raises(dataclasses.FrozenInstanceError):
        second.state = "finished"
    late = RunReader(run, from_end=True)
    assert late.poll().news == ()
    tell(progressed(60))
    assert [entry.event.step for entry in late.poll().news] == [60]


def test_what_was_undone_leaves_the_curves(run, tell):
    tell(started(0), progressed(20, 3.0), progressed(40, 2.0), Validated(40, 2.0, True))
    tell(Sampled(40, "", "lost"), started(20), progressed(40, 1.9), progressed(60, 1.8))
    view = RunReader(run).poll()
    assert seen(view.train) == ((20, 3.0), (40, 1.9), (60, 1.8))
    assert (view.val, view.samples) == ((), ())
    tell(RolledBack(60, 40, 0.5), progressed(60, 1.7))
    assert seen(RunReader(run).poll().train) == ((20, 3.0), (40, 1.9), (60, 1.7))


def test_a_long_log_is_read_piece_by_piece(run, tell):
    for step in range(0, 60_000, 20):
        tell(progressed(step, 1.0 + step))
    reader, views = RunReader(run), []
    last = reader.catch_up(views.append)
    assert len(views) > 1
    assert views[0].is_behind
    assert sum(len(view.news) for view in views) == 3000
    assert len(last.train) <= 2048
    assert last.train[-1].step > 59_000


@given(st.lists(st.floats(-9, 9) | st.just(math.nan), min_size=1, max_size=300), st.integers(2, 40))
def test_a_curve_loses_no_extreme_however_much_it_merges(losses, most):
    curve = Curve(most)
    for step, loss in enumerate(losses):
        curve.add(Point.of(step, loss))
    seen_so_far = losses[: int(curve.points[-1].step) + 1]
    known = [loss for loss in seen_so_far if not math.isnan(loss)]
    points = [point for point in curve.points if not math.isnan(point.loss)]
    assert min((point.low for point in points), default=0) == min(known, default=0)
    assert max((point.high for point in points), default=0) == max(known, default=0)
    assert all(point.low - 1e-9 <= point.loss <= point.high + 1e-9 for point in points)


def test_a_spike_among_very_many_steps_is_drawn(run, tell):
    for step in range(0, 40_000, 2):
        tell(progressed(step, 9.5 if step == 25_678 else 2.0))
    curves = LossCurves.of(RunReader(run).catch_up())
    assert curves.raw.extremes() == (2.0, 9.5)
    assert curves.smooth.extremes()[1] < 3
    assert abs(curves.raw.x[curves.raw.y.argmax()] - 25_678) <= 64
    assert curves.raw.nearest(25_678).y == pytest.approx(curves.raw.nearest(25_677).y)


@given(st.integers(1, 500), st.integers(2, 40))
def test_a_curve_keeps_its_mean_in_bounded_memory(count, most):
    curve = Curve(most)
    for step in range(count):
        curve.add(Point.of(step, float(step)))
        assert len(curve.points) <= most
    points = curve.points
    assert list(points) == sorted(points)
    if points:
        merged = (points[-1].step + 1) / len(points)  # all of the same number
        assert sum(point.loss for point in points) * merged == pytest.approx(
            sum(range(int(points[-1].step) + 1))
        )


def test_the_status_is_the_fold_of_the_log(run, tell):
    tell(started(0), progressed(20, 3.0), Validated(20, 2.5, True), Checkpointed(20))
    tell(progressed(40, 2.0), Validated(40, 2.6, False), Answered(40, "pause", "x"), finished(50))
    written, folded = read_status(run.status), status_of(read_metrics(run.metrics))
    for name in ("state", "step", "train_loss", "val_loss", "best_val_loss", "checkpoint_step"):
        assert getattr(written, name) == getattr(folded, name), name
    assert (written.state, written.step, written.best_val_loss) == ("finished", 50, 1.6)
    assert written.train_loss == 2.0  # as the curve ends, and not the result's running mean
    curve = LossCurves.of(RunReader(run).poll()).raw
    assert list(curve.x) == [20, 40]


def test_a_session_that_begins_says_how_far_its_run_is():
    begun = dataclasses.replace(started(60), progress=0.3, seconds=7.0)
    status = RunStatus().after(LogEntry(2, 0, 9.0, begun))
    assert (status.progress, status.seconds) == (0.3, 7.0)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 1}', '{"version": 99}', "[" * 9999, "\x00"]
)
def test_a_damaged_status_gives_way_to_the_log(run, tell, content):
    tell(started(0), progressed(20, 3.0), finished(20))
    run.status.write_text(content)
    assert read_status(run.status) is None
    view = RunReader(run).poll()
    assert (view.state, view.status.step) == ("finished", 20)


def test_a_status_is_written_once_a_second_and_when_the_state_changes(run):
    now = [0.0]
    writer = StatusWriter(run.status, 1, clock=lambda: now[0])
    writer.report(started(0))
    now[0] = 0.9
    writer.report(progressed(5))
    assert read_status(run.status).step == 0
    now[0] = 1.0
    writer.report(progressed(6))
    assert read_status(run.status).step == 6
    writer.report(Answered(7, "pause", "x"))
    assert (read_status(run.status).state, read_status(run.status).step) == ("paused", 7)
