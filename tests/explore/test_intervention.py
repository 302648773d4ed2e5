"""Units under another's hand."""

from itertools import islice

import numpy as np
import pytest
from planted import QUOTE_UNIT, quote_model, quoted_text, random_model

from rnnterm.errors import UsageError
from rnnterm.explore.intervention import (
    Intervention,
    intervene,
    measure_effect,
    parse_interventions,
    side_by_side,
)
from rnnterm.explore.reading import read_text
from rnnterm.sampling.strategies import Strategy

TEXT = 'a bad "cab\nfed" head'
CELLS = ["lstm", "gru", "rnn"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_unit_held_on_its_own_course_changes_nothing(cell):
    model = random_model(cell, layers=2)
    before = read_text(model, TEXT)
    for name in before.model.network.cells[0].state_names:
        for layer in (0, 1):
            course = before.values(layer, name)[:, 3].astype(np.float64)
            held = intervene(model, [Intervention(3, "set", course, layer, name)])
            after = read_text(held, TEXT)
            np.testing.assert_allclose(after.trace.logits, before.trace.logits, atol=1e-6)
            for each in after.names:
                np.testing.assert_allclose(after.values(1, each), before.values(1, each), atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "neutral", [Intervention(2, "scale", 1.0, 1), Intervention(2, "add", 0.0, 0)]
)
def test_what_does_nothing_changes_nothing(cell, neutral):
    model = random_model(cell, layers=2)
    before, after = read_text(model, TEXT), read_text(intervene(model, [neutral]), TEXT)
    np.testing.assert_array_equal(after.trace.logits, before.trace.logits)


@pytest.mark.parametrize("cell", CELLS)
def test_a_unit_does_as_it_is_told_and_is_heard(cell):
    model = random_model(cell, layers=2)
    before = read_text(model, TEXT)
    held = intervene(model, [Intervention(4, "set", 0.25, 0), Intervention(4, "scale", 2.0, 0)])
    after = read_text(held, TEXT)
    assert (after.values(0, "h")[:, 4] == 0.5).all()
    others = np.arange(8) != 4
    # At the first step the others have not heard of it, but the layer above has.
    np.testing.assert_array_equal(after.values(0, "h")[0, others], before.values(0, "h")[0, others])
    assert (after.values(1, "h")[0] != before.values(1, "h")[0]).any()
    assert (after.values(0, "h")[1, others] != before.values(0, "h")[1, others]).any()


def test_a_silent_unit_is_one_whose_weights_are_gone():
    model = random_model("gru")
    tensors = dict(model.tensors)
    for name in ("rnn.0.weight_hh", "head.weight"):
        tensors[name] = tensors[name].copy()
        tensors[name][:, 6] = 0
    silenced = read_text(intervene(model, [Intervention(6, "set", 0.0)]), TEXT)
    cut = read_text(type(model)(model.spec, model.vocab, tensors), TEXT)
    np.testing.assert_allclose(silenced.trace.logits, cut.trace.logits, atol=1e-5)


def test_an_output_follows_its_cell_state():
    held = intervene(quote_model(), [Intervention(QUOTE_UNIT, "set", 1.0, 0, "c")])
    reading = read_text(held, TEXT)
    assert (reading.values(0, "c")[:, QUOTE_UNIT] == 1).all()
    np.testing.assert_allclose(
        reading.values(0, "h")[:, QUOTE_UNIT],
        reading.values(0, "o")[:, QUOTE_UNIT] * np.tanh(1),
        rtol=1e-6,
    )


@pytest.mark.parametrize("cell", CELLS)
def test_streams_side_by_side_do_what_one_does(cell):
    model = random_model(cell, layers=2)
    held = intervene(model, parse_interventions("1-3*2", model.spec, 0))
    ids = model.vocab.encode(TEXT)
    alone = held.network.trace(ids)
    both = held.network.trace(np.stack([ids, ids], axis=1))
    np.testing.assert_allclose(both.logits[:, 1], alone.logits, atol=1e-4)


@pytest.mark.parametrize("window", [0, 5])
def test_the_same_randomness_side_by_side(window):
    model = random_model(window=window)
    neutral = intervene(model, [Intervention(0, "add", 0.0)])
    pairs = list(islice(side_by_side(model, neutral, "ab", Strategy(), 7), 60))
    assert all(one == other for one, other in pairs)
    changed = intervene(model, parse_interventions("0-7=off", model.spec, 0))
    pairs = list(islice(side_by_side(model, changed, "ab", Strategy(), 7), 60))
    assert "".join(one for one, _ in pairs) != "".join(other for _, other in pairs)


@pytest.mark.parametrize("window", [0, 5])
def test_the_change_in_bits(window):
    model = random_model(window=window)
    ids = model.vocab.encode(quoted_text(300))
    neutral = intervene(model, [Intervention(0, "scale", 1.0)])
    assert measure_effect(model, neutral, ids).bits == 0
    # Without any unit, only the head's bias speaks: what each character costs is known.
    silenced = intervene(model, parse_interventions("0-7=off", model.spec, 0))
    effect = measure_effect(model, silenced, ids)
    bias = model.tensors["head.bias"].astype(np.float64)
    costs = np.log(np.exp(bias).sum()) - bias
    first = window or 1
    assert effect.after.nats == pytest.approx(costs[ids[first:]].mean(), rel=1e-5)
    assert effect.bits == pytest.approx(effect.after.bits - effect.before.bits)


def test_the_change_in_bits_on_a_long_text_is_that_of_blocks():
    model = random_model()
    silenced = intervene(model, parse_interventions("0-7=off", model.spec, 0))
    effect = measure_effect(model, silenced, model.vocab.encode(quoted_text(3000)))
    assert effect.before.protocol == effect.after.protocol == "blocks"
    assert effect.before.characters == effect.after.characters == 400 * 64
    assert effect.bits != 0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("3=0.5", ["1 h of unit 3 = 0.5"]),
        ("3=off", ["1 h of unit 3 off"]),
        ("3*-2", ["1 h of unit 3 × -2"]),
        (" 3 + 1e-1 ", ["1 h of unit 3 + 0.1"]),
        ("2/c:0=1", ["2 c of unit 0 = 1"]),
        ("h:1-2,7=off", ["1 h of unit 1 off", "1 h of unit 2 off", "1 h of unit 7 off"]),
    ],
)
def test_what_is_written_is_understood(written, told):
    interventions = parse_interventions(written, random_model(layers=2).spec, 0)
    assert [f"{one.layer + 1} {one.describe()}" for one in interventions] == told


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "write 73=0.5"),
        ("3", "write 73=0.5"),
        ("3=", "write 73=0.5"),
        ("x=1", "write 73=0.5"),
        ("3=on", "'on' in '3=on'"),
        ("3*off", "is no number"),
        ("3=nan", "is no number"),
        ("3=inf", "is no number"),
        ("3=1e300", "is no number"),
        ("3=٣٣x", "is no number"),
        ("٣=1", "write 73=0.5"),
        ("8=1", "no unit 8: they go from 0 to 7"),
        ("5-99999999999=1", "no unit"),
        ("5-3=1", "backwards"),
        ("3/1=1", "no layer 3: they go from 1 to 2"),
        ("0/1=1", "no layer 0"),
        ("i:1=1", "no state 'i'"),
    ],
)
def test_what_cannot_be_done_is_said(written, says):
    with pytest.raises(UsageError, match=says):
        parse_interventions(written, random_model(layers=2).spec, 0)


def test_a_gru_has_no_cell_state():
    with pytest.raises(UsageError, match="has no state 'c'"):
        intervene(random_model("gru"), [Intervention(0, "set", 1.0, 0, "c")])


@pytest.mark.parametrize("cell", CELLS)
def test_a_unit_made_stronger_at_every_step_stays_finite(cell):
    model = random_model(cell)
    for state in model.network.cells[0].state_names:
        strong = intervene(model, [Intervention(3, "scale", 1e6, 0, state)])
        assert np.isfinite(read_text(strong, TEXT * 3).trace.logits).all()
