"""Batches: what is read, what it should predict, and in which order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.text.windows import Windows
from rnnterm.training.batches import StreamBatches, WindowBatches


@given(
    length=st.integers(60, 400), rows=st.integers(1, 4), bptt=st.integers(1, 9), seed=st.integers(0)
)
@settings(max_examples=60, deadline=None)
def test_streams_read_on_without_a_gap_and_predict_the_next_character(length, rows, bptt, seed):
    ids = np.arange(length, dtype=np.uint16)
    batches = StreamBatches(ids, rows, bptt, seed)
    for epoch in range(2):
        first = epoch * batches.steps_per_epoch
        epoch_batches = [batches.at(first + step) for step in range(batches.steps_per_epoch)]
        assert [batch.fresh for batch in epoch_batches] == [
            step == 0 for step in range(len(epoch_batches))
        ]
        streams = np.concatenate([batch.inputs for batch in epoch_batches], axis=1)
        assert (np.diff(streams.astype(int), axis=1) == 1).all()
        for batch in epoch_batches:
            np.testing.assert_array_equal(batch.targets, batch.inputs + 1)
        assert np.unique(streams).size == streams.size  # no character is read twice an epoch
        assert streams.size > length - (rows * bptt + bptt + rows)  # and few are left out


def test_the_next_epoch_cuts_the_text_elsewhere():
    batches = StreamBatches(np.arange(4000, dtype=np.uint16), 2, 50, seed=1)
    starts = {int(batches.at(epoch * batches.steps_per_epoch).inputs[0, 0]) for epoch in range(8)}
    assert len(starts) > 3


@given(length=st.integers(12, 300), size=st.integers(1, 40), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_each_epoch_shows_every_window_once_in_another_order(length, size, seed):
    ids = np.arange(length, dtype=np.uint16)
    batches = WindowBatches(Windows.over(ids, length=10), size, seed)
    orders = []
    for epoch in range(2):
        first = epoch * batches.steps_per_epoch
        seen = [batches.at(first + step) for step in range(batches.steps_per_epoch)]
        starts = np.concatenate([batch.inputs[:, 0] for batch in seen])
        targets = np.concatenate([batch.targets for batch in seen])
        np.testing.assert_array_equal(targets, starts + 10)
        assert sorted(starts) == list(range(length - 10))
        assert all(batch.fresh for batch in seen)
        orders.append(starts)
    if length > 60:
        assert (orders[0] != np.sort(orders[0])).any()
        assert (orders[0] != orders[1]).any()


def test_a_text_too_short_says_what_to_lower():
    with pytest.raises(RnntermError, match="lower batch_size or bptt"):
        StreamBatches(np.zeros(1000, np.uint8), 16, 64, seed=1)
    with pytest.raises(RnntermError, match="too short for a window of 100"):
        WindowBatches(Windows.over(np.zeros(100, np.uint8)), 8, seed=1)
