"""Windows, their next characters, and the forms a network reads them in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.text.vocab import Ids
from rnnterm.text.windows import Windows, one_hot, scalar

ids_of = st.lists(st.integers(0, 9), max_size=60).map(lambda ids: np.array(ids, np.uint8))


@given(ids_of, st.integers(1, 20), st.integers(1, 20))
def test_agrees_with_a_loop(ids: Ids, length: int, stride: int) -> None:
    text = ids.tolist()
    pairs = [
        (text[start : start + length], text[start + length])
        for start in range(0, len(text) - length, stride)
    ]
    windows = Windows.over(ids, length, stride)
    assert len(windows) == len(pairs)
    assert windows.inputs.shape == (len(pairs), length)
    assert windows.inputs.tolist() == [window for window, _ in pairs]
    assert windows.targets.tolist() == [following for _, following in pairs]
    assert (windows.length, windows.stride) == (length, stride)


@pytest.mark.parametrize("stride", [1, 3, 100])
def test_nothing_is_copied(stride: int) -> None:
    ids = np.arange(1000, dtype=np.uint16)
    windows = Windows.over(ids, 100, stride)
    assert np.shares_memory(windows.inputs, ids)
    assert np.shares_memory(windows.targets, ids)
    ids[100] = 7  # the first target, and the last character of the window at 1
    assert windows.targets[0] == 7
    if stride == 1:
        assert windows.inputs[1, -1] == 7


def test_a_hundred_characters_and_the_next_one_by_default() -> None:
    ids = np.arange(103, dtype=np.uint8)
    windows = Windows.over(ids)
    assert windows.inputs.shape == (3, 100)
    assert windows.targets.tolist() == [100, 101, 102]


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_text_without_a_next_character_has_no_window(size: int) -> None:
    windows = Windows.over(np.zeros(size, np.uint16), 100)
    assert len(windows) == 0
    assert windows.inputs.shape == (0, 100)
    assert windows.inputs.dtype == windows.targets.dtype == np.uint16


@given(ids_of, st.integers(10, 300))
def test_one_hot_rows_hold_a_single_one_at_the_index(ids: Ids, symbol_count: int) -> None:
    rows = one_hot(ids, symbol_count)
    assert rows.shape == (len(ids), symbol_count)
    assert rows.dtype == np.float32
    assert (rows.sum(axis=-1) == 1).all()
    assert set(np.unique(rows)) <= {0.0, 1.0}
    assert np.array_equal(rows.argmax(axis=-1), ids)


def test_one_hot_keeps_the_shape_of_a_batch() -> None:
    batch = np.array([[0, 1, 2], [2, 255, 1]], np.uint8)
    rows = one_hot(batch, 256)
    assert rows.shape == (2, 3, 256)
    assert np.array_equal(rows.argmax(axis=-1), batch)


@pytest.mark.parametrize("symbol_count", [1, 65, 256, 65_536, 0x110000])
def test_scalars_spread_the_symbols_over_zero_to_one(symbol_count: int) -> None:
    dtype = np.min_scalar_type(symbol_count - 1)
    ids = np.unique(np.linspace(0, symbol_count - 1, 1000).astype(dtype))
    scalars = scalar(ids, symbol_count)
    assert scalars.shape == (len(ids), 1)
    assert scalars.dtype == np.float32
    assert scalars.min() == 0
    assert scalars.max() < 1
    assert np.allclose(scalars[:, 0] * symbol_count, ids)
    assert (np.diff(scalars[:, 0]) > 0).all()
