"""The metrics log: append-only, one object a line, sessions told apart, read while it grows."""

import json
import math
import os
import resource
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.runs.events import Checkpointed, Progressed, Sampled, Troubled, Validated
from rnnterm.runs.metrics import LogTail, MetricsLog, last_entries, read_metrics


def steps_of(entries) -> list[int]:
    return [entry.event.step for entry in entries]


def test_sessions_and_sequence(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for session in (1, 2):
        with MetricsLog(path) as log:
            log.append(Checkpointed(session * 10))
            log.append(Checkpointed(session * 10 + 1))
    keys = [(entry.session, entry.seq, entry.event.step) for entry in read_metrics(path)]
    assert keys == [(1, 0, 10), (1, 1, 11), (2, 0, 20), (2, 1, 21)]
    assert last_entries(path) == read_metrics(path)


def test_every_line_is_strict_json(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append(Validated(1, math.nan, best=False))
        log.append(Progressed(1, 0.1, 0.1, 1.0, 2.0, 0.1, math.inf, math.nan))
        log.append(Sampled(1, "", "a\nb\x1b\u2028"))
    lines = path.read_text().splitlines()
    entries = [json.loads(line, parse_constant=lambda name: 1 / 0) for line in lines]
    assert entries[0]["val_loss"] is entries[1]["chars_per_second"] is entries[1]["eta"] is None
    assert entries[2]["text"] == "a\nb\x1b\u2028"
    assert math.isnan(read_metrics(path)[0].event.val_loss)


@given(cut=st.integers(1, 60))
def test_half_a_line_is_passed_over_and_never_glued_to_the_next(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("m") / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append(Checkpointed(1))
        log.append(Checkpointed(2))
    path.write_bytes(path.read_bytes()[:-cut])
    assert steps_of(read_metrics(path)) in ([1], [1, 2])
    with MetricsLog(path) as log:
        log.append(Checkpointed(3))
    entries = read_metrics(path)
    assert (steps_of(entries)[0], steps_of(entries)[-1]) == (1, 3)
    assert entries[-1].session == 2


def test_no_log_has_no_entries(tmp_path):
    assert read_metrics(tmp_path / "none.jsonl") == last_entries(tmp_path / "none.jsonl") == []


@given(st.lists(st.integers(1, 40), min_size=1), st.integers(1, 300))
def test_a_growing_log_gives_every_entry_once_however_it_is_cut(tmp_path_factory, pieces, most):
    folder = tmp_path_factory.mktemp("m")
    with MetricsLog(folder / "whole.jsonl") as log:
        for step in range(20):
            log.append(Sampled(step, "é", "text\n" * (step % 3)))
    data = (folder / "whole.jsonl").read_bytes()
    tail = LogTail(folder / "growing.jsonl")
    assert tail.read() == ([], False)
    found, place, turn = [], 0, 0
    while place < len(data):
        with (folder / "growing.jsonl").open("ab") as file:
            place += file.write(data[place : place + pieces[turn % len(pieces)]])
        turn += 1
        found += tail.read(most)[0]
    more = True
    while more:
        entries, more = tail.read(most)
        found += entries
    assert found == read_metrics(folder / "whole.jsonl")


def test_a_log_that_was_replaced_is_read_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append(Checkpointed(1))
    tail = LogTail(path)
    assert steps_of(tail.read()[0]) == [1]
    path.rename(tmp_path / "old.jsonl")
    with MetricsLog(path) as log:
        log.append(Checkpointed(7))
    assert steps_of(tail.read()[0]) == [7]


def test_lines_that_are_no_entries_are_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append(Checkpointed(1))
    good = path.read_bytes()
    wrong = [
        b"", b"null", b"[]", b"[" * 99999, b"\xff\xfe", b'{"session": 1}', b'"x"', b"{",
        good.strip().replace(b'"checkpointed"', b'"of the future"'),
        good.strip().replace(b'"step": 1', b'"step": "1"'),
        good.strip().replace(b'"session": 1', b'"session": true'),
        good.strip().replace(b'"session": 1', b'"session": null'),
    ]  # fmt: skip
    path.write_bytes(b"\n".join([*wrong, good.strip(), b""]))
    assert steps_of(read_metrics(path)) == [1]
    # What a later version adds is no harm.
    path.write_bytes(good.replace(b"}", b', "more": [1]}'))
    assert steps_of(read_metrics(path)) == [1]


def test_a_line_that_the_disk_never_had_is_lost_and_training_goes_on(tmp_path, monkeypatch):
    path = tmp_path / "metrics.jsonl"

    def broken(descriptor):
        raise OSError(5, "Input/output error")

    with MetricsLog(path) as log:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", broken)
            log.append(Checkpointed(1))
        log.append(Checkpointed(2))
    told = [entry.event for entry in read_metrics(path)]
    assert [type(event) for event in told] == [Troubled, Checkpointed]


def test_a_log_that_was_removed_begins_anew_where_readers_look(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append(Checkpointed(1))
        path.unlink()
        log.append(Checkpointed(2))
        path.unlink()
        path.mkdir()
        log.append(Checkpointed(3))
        path.rmdir()
        log.append(Checkpointed(4))
    assert steps_of(read_metrics(path)) == [4, 4]
    assert {entry.session for entry in read_metrics(path)} == {1}


def test_where_there_can_be_no_log_that_is_one_line(tmp_path):
    (tmp_path / "mine" / "metrics.jsonl").mkdir(parents=True)
    with pytest.raises(RnntermError, match="of run mine: it is a folder"):
        MetricsLog(tmp_path / "mine" / "metrics.jsonl")


def test_a_long_last_line_does_not_hide_the_session(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for session in (1, 2):
        with MetricsLog(path) as log:
            assert log.session == session
            log.append(Sampled(session, "", "x" * 200_000))
    assert [entry.session for entry in last_entries(path)] == [2]


def test_a_full_disk_costs_entries_and_says_so(tmp_path):
    path = tmp_path / "metrics.jsonl"
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with MetricsLog(path) as log:
            log.append(Checkpointed(1))
            size = path.stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, unlimited[1]))
            log.append(Checkpointed(2))
            log.append(Checkpointed(3))
            assert path.stat().st_size == size
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
            log.append(Checkpointed(4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        signal.signal(signal.SIGXFSZ, before)
    entries = read_metrics(path)
    assert steps_of(entries) == [1, 4, 4]
    assert isinstance(entries[1].event, Troubled)
    assert "2 entries" in entries[1].event.trouble
    assert [entry.seq for entry in entries] == [0, 1, 2]
