"""The metrics log: append-only, one object a line, sessions told apart."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from rnnterm.runs.metrics import MetricsLog, read_metrics


def test_sessions_and_sequence(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for session in (1, 2):
        with MetricsLog(path) as log:
            log.append("progressed", {"step": session * 10})
            log.append("finished", {"step": session * 10 + 1})
    keys = [(entry["session"], entry["seq"], entry["step"]) for entry in read_metrics(path)]
    assert keys == [(1, 0, 10), (1, 1, 11), (2, 0, 20), (2, 1, 21)]


def test_every_line_is_strict_json(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append("progressed", {"train_loss": math.nan, "eta": math.inf, "text": "a\nb\x1b"})
    (line,) = path.read_text().splitlines()
    entry = json.loads(line, parse_constant=lambda name: 1 / 0)
    assert (entry["train_loss"], entry["eta"], entry["text"]) == (None, None, "a\nb\x1b")


@given(cut=st.integers(1, 60))
def test_half_a_line_is_passed_over_and_never_glued_to_the_next(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("m") / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.append("progressed", {"step": 1})
        log.append("progressed", {"step": 2})
    path.write_bytes(path.read_bytes()[:-cut])
    assert [entry["step"] for entry in read_metrics(path)] in ([1], [1, 2])
    with MetricsLog(path) as log:
        log.append("progressed", {"step": 3})
    steps = [entry["step"] for entry in read_metrics(path)]
    assert steps[0] == 1
    assert steps[-1] == 3
    assert [entry["session"] for entry in read_metrics(path)][-1] == 2


def test_no_log_has_no_entries(tmp_path):
    assert list(read_metrics(tmp_path / "none.jsonl")) == []
