"""The same units elsewhere: selecting them, and searching a corpus for them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import QUOTE_UNIT, quote_model, quoted_text, random_model

from rnnterm.errors import RnntermError, UsageError
from rnnterm.explore.matching import Matches, scan_corpus
from rnnterm.explore.reading import read_text
from rnnterm.explore.selection import NothingSelected, Selection, select_units
from rnnterm.explore.streams import WARM_UP, Streams


def scanned(model, selection, text, **more):
    """The matches at the end of a search, which must say at each report how far it is."""
    seen = []
    for matches in scan_corpus(model, selection, model.vocab.encode(text), **more):
        seen.append(matches.read)
        assert matches.coverage == matches.read / matches.total
    assert seen == sorted(seen)
    assert matches.coverage == 1
    return matches


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("length", [1, 99, 4001, 9000])
def test_streams_read_each_character_once_and_arrive_warm(cell, length):
    model = random_model(cell, hidden=4, layers=2)
    text = quoted_text(length)
    ids = model.vocab.encode(text)
    streams = Streams(len(ids))
    steps = list(streams.read(model.network, ids, 1, "h", np.arange(4)))
    assert len(steps) == streams.length
    places = np.concatenate([streams.places(t)[: streams.inside(t)] for t in range(len(steps))])
    assert sorted(places.tolist()) == list(range(len(ids)))
    whole = model.network.trace(ids).layers[1]["h"]
    in_streams = np.concatenate([values[: streams.inside(t)] for t, values in enumerate(steps)])
    if streams.count == 1:
        np.testing.assert_array_equal(in_streams, whole[places])
    else:  # a state forgets what was long ago, if it is not chaotic
        far = np.abs(in_streams - whole[places]).max(axis=1)
        assert np.median(far) < 1e-4
        assert streams.length >= WARM_UP


def test_the_units_of_a_span_are_on_inside_and_off_beside():
    reading = read_text(quote_model(), 'ab "cd ef" gh')
    span = reading.text.index('"') + 1, reading.text.rindex('"')
    selection = select_units(reading, span[0] - 1, span[1], layer=0)
    assert selection.text == '"cd ef'
    assert QUOTE_UNIT in selection.units
    values = reading.values(0, "h")[:, selection.units] * selection.signs
    assert (values[span[0] - 1 : span[1]] > selection.threshold).all()
    assert (values[[span[0] - 2, span[1]]] <= selection.threshold).all()
    with pytest.raises(RnntermError, match="but beside it as well"):
        select_units(read_text(quote_model(), '"ab cd'), 2, 3, layer=0, threshold=0.7)
    loose = select_units(read_text(quote_model(), '"ab cd'), 2, 3, layer=0, bounded=False)
    assert QUOTE_UNIT in loose.units


@settings(max_examples=60)
@given(st.data())
def test_an_offered_threshold_gives_units(data):
    reading = read_text(random_model("gru", hidden=5), quoted_text(40))
    start = data.draw(st.integers(0, len(reading) - 1))
    stop = data.draw(st.integers(start + 1, len(reading)))
    threshold = data.draw(st.floats(0.01, 3))
    try:
        selection = select_units(reading, start, stop, layer=0, threshold=threshold)
    except NothingSelected as nothing:
        if nothing.offered is None:
            assert "choose another span" in str(nothing)
            return
        assert f"{nothing.offered:g}" in str(nothing)
        selection = select_units(reading, start, stop, layer=0, threshold=nothing.offered)
    assert len(selection.units) >= 1


@pytest.mark.parametrize("span", [(-1, 2), (3, 3), (4, 3), (0, 99)])
def test_a_span_outside_of_the_text_is_said(span):
    reading = read_text(quote_model(), "abc de")
    with pytest.raises(UsageError, match="characters 1 to 6"):
        select_units(reading, *span, layer=0)


@pytest.mark.parametrize("threshold", [0, -1, np.nan, np.inf])
def test_a_threshold_that_is_none_is_said(threshold):
    with pytest.raises(UsageError, match="threshold"):
        select_units(read_text(quote_model(), "ab"), 0, 1, layer=0, threshold=threshold)
    selection = select_units(read_text(quote_model(), "ab"), 0, 1, layer=0, bounded=False)
    with pytest.raises(UsageError, match="threshold"):
        scanned(quote_model(), selection, "abc", threshold=threshold)


def test_the_planted_unit_leads_to_every_quotation():
    model = quote_model()
    reading = read_text(model, 'ab "cd ef" gh')
    selection = select_units(reading, 3, 9, layer=0)
    alone = selection.of([QUOTE_UNIT])
    text = quoted_text(30_000)
    places = scanned(model, alone, text).best(100_000)
    inside = np.zeros(len(text), bool)
    for place in places:
        assert not inside[place.start : place.stop].any()
        assert place.units == (QUOTE_UNIT,)
        assert place.strength > 0.3
        inside[place.start : place.stop] = True
    # From each stream's start on it may be the other way round, if it began in a quotation that
    # is longer than the warm-up; such a text has none.
    expected = np.cumsum([char == '"' for char in text]) % 2 == 1
    first_stream = Streams(len(text)).length
    np.testing.assert_array_equal(inside[:first_stream], expected[:first_stream])
    lengths = [abs(place.stop - place.start - 6) for place in places[:20]]
    assert lengths == [0] * 20


def brute_force(model, selection, ids, threshold, needed) -> int:
    """The most units that are on together at one character of a text, if enough are."""
    values = model.network.trace(ids).layers[0]["h"][:, selection.units] * selection.signs
    most = int((values > threshold).sum(axis=1).max())
    return most if most >= needed else 0


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(0.05, 0.9))
def test_what_is_found_is_on_and_the_best_is_first(seed, threshold):
    model = random_model("gru", hidden=12, seed=seed)
    reading = read_text(model, quoted_text(12, seed))
    try:
        selection = select_units(reading, 4, 6, layer=0, threshold=threshold)
    except NothingSelected:
        return
    text = quoted_text(300, seed + 1)
    ids = model.vocab.encode(text)
    matches = scanned(model, selection, text)
    places = matches.best(10)
    values = model.network.trace(ids).layers[0]["h"]
    for place in places:
        columns = [list(selection.units).index(unit) for unit in place.units]
        stretch = values[place.start : place.stop, list(place.units)] * selection.signs[columns]
        assert (stretch > threshold).all()
        assert len(place.units) >= matches.needed
    counts = [len(place.units) for place in places]
    assert counts == sorted(counts, reverse=True)
    most = brute_force(model, selection, ids, threshold, matches.needed)
    assert bool(places) == bool(most)
    assert not places or len(places[0].units) <= most
    if not places:
        offered = matches.offered
        assert "nowhere else" in matches.why_empty()
        if offered is not None:
            assert f"{offered:g}" in matches.why_empty()
            assert offered <= threshold
            assert scanned(model, selection, text, threshold=offered).best(1)


def test_a_search_can_be_left_and_keeps_what_it_found():
    model = quote_model()
    selection = select_units(read_text(model, 'ab "cd ef" gh'), 3, 9, layer=0).of([QUOTE_UNIT])
    search = scan_corpus(model, selection, model.vocab.encode(quoted_text(20_000)))
    early = next(search)
    assert 0 < early.coverage < 0.1
    for _ in range(20):
        matches = next(search)
    search.close()
    assert 0.1 < matches.coverage < 0.5
    places = matches.best(5)
    assert len(places) == 5
    assert scanned(model, selection, quoted_text(3_000), most=1_000).total == 1_000


def test_the_selected_span_is_no_match_of_itself():
    model = quote_model()
    text = quoted_text(400).replace('"', "a")
    text = text[:200] + '"bad cab"' + text[200:]
    reading = read_text(model, text[180:240])
    selection = select_units(reading, 20, 28, layer=0).of([QUOTE_UNIT])
    assert selection.text == '"bad cab'
    matches = scanned(model, selection, text)
    assert matches.best() == []
    assert "the unit is on together" in matches.why_empty() or "above" in matches.why_empty()


def test_a_stretch_whose_units_change_is_shortened(monkeypatch):
    # Units 0 and 1 are on, then 1 and 2, then 2 and 3: no two of them from end to end.
    model = random_model("rnn", hidden=4)
    reading = read_text(model, "abcd")
    selection = Selection(reading, 1, 2, 0, "h", 0.5, np.arange(4), np.ones(4))
    steps = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 0]]
    monkeypatch.setattr(
        Streams, "read", lambda *_: iter([np.array([step], float) for step in steps])
    )
    (matches,) = [*scan_corpus(model, selection, model.vocab.encode("abcd"))][-1:]
    (place,) = matches.best()
    assert (place.start, place.stop, place.units) == (0, 1, (0, 1))


def test_a_place_of_more_units_comes_before_a_busier_one_of_fewer():
    model = quote_model()
    selection = select_units(read_text(model, "ab"), 0, 1, layer=0, bounded=False)
    six = replace(selection, units=np.arange(6), signs=np.ones(6, np.float32))
    # Five at every character, but only three of them throughout; and four for one character.
    on = ["------", "12345-", "123-56", "1-3456", "------", "1234--", "------"]
    matches = Matches(six, model.vocab.encode("a" * len(on)), 0.5)
    for step, units in enumerate(on):
        matches.keep(step, np.array([[unit != "-" for unit in units]], np.float32))
    first, second = matches.best()
    assert (first.start, first.stop, first.units) == (5, 6, (0, 1, 2, 3))
    assert (second.start, second.stop, second.units) == (1, 4, (0, 2, 4))
    assert matches.best(1) == [first]
