"""Events as JSON and back; what comes from a file may be anything."""

import json
import math
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from rnnterm.runs.events import Event, event_from_json, event_to_json

st.register_type_strategy(int, st.integers(-(1 << 63), 1 << 63))
EVENTS = st.one_of(*map(st.from_type, get_args(Event)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
st.register_type_strategy(dict, st.dictionaries(st.text(), st.none() | st.integers() | st.text()))


def same(left, right) -> bool:
    """Equal, where not being a number is equal to itself and infinity may have become it."""
    if isinstance(left, float) and not math.isfinite(left):
        return right is None or not math.isfinite(right)
    return left == right


@given(EVENTS)
def test_an_event_comes_back_as_it_was(event):
    back = event_from_json(json.loads(json.dumps(event_to_json(event), allow_nan=False)))
    assert type(back) is type(event)
    assert all(same(value, vars(back)[key]) for key, value in vars(event).items())


@given(EVENTS, st.data())
def test_no_value_of_a_file_raises(event, data):
    values = event_to_json(event)
    for key in data.draw(st.lists(st.sampled_from(sorted(values)), max_size=3)):
        values[key] = data.draw(JSON)
    back = event_from_json(values)
    if back is not None:
        json.dumps(event_to_json(back), allow_nan=False)


@given(st.dictionaries(st.text(), JSON))
def test_what_is_no_event_is_none(values):
    assert event_from_json(values) is None
