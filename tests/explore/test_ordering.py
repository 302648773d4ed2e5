"""The order of a map's rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnterm.explore.ordering import WAYS, order_units

VALUES = arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(-50, 50, width=32),
)


@given(VALUES, st.sampled_from(WAYS))
def test_every_unit_has_one_row(values, by):
    order = order_units(values, by, scores=values[0])
    assert sorted(order.tolist()) == list(range(values.shape[1]))


def test_units_that_go_alike_stand_together():
    rng = np.random.default_rng(1)
    kinds = rng.normal(size=(300, 4))
    groups = rng.permutation(np.repeat(np.arange(4), 8))
    values = kinds[:, groups] * rng.uniform(0.2, 1, 32) + rng.normal(0, 0.02, (300, 32))
    shown = groups[order_units(values, "similarity")]
    assert (shown != np.roll(shown, 1)).sum() == 4  # each in one piece of the circle


def test_by_activity_and_score_the_highest_come_first_and_the_still_last():
    values = np.array([[0, 1, 5, -9], [0, -1, 5, 9], [0, 1, 5, -9]], np.float32) * 0.1
    assert order_units(values, "activity").tolist()[:2] == [3, 1]
    assert order_units(values, "similarity").tolist() == [3, 1, 0, 2]
    assert order_units(values, "score", [0.1, 0.9, 0.2, 0.9]).tolist() == [1, 3, 2, 0]
    assert order_units(values, "score").tolist() == [0, 1, 2, 3]
    assert order_units(values, "index").tolist() == [0, 1, 2, 3]
