"""Equations with numbers: they hold, they are the trace's, and they fit."""

import math

import numpy as np
import pytest
from explore_models import KINDS, SYMBOLS, random_model
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.explore.equations import equation_lines, equations, number
from rnnterm.explore.reading import read_text

APPLIED = {
    "σ": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
    "linear": lambda x: x,
}


@given(
    kind=st.sampled_from(sorted(KINDS)),
    seed=st.integers(0, 50),
    text=st.text(SYMBOLS, min_size=1, max_size=8),
    data=st.data(),
)
def test_every_value_follows_and_is_the_traces(kind, seed, text, data):
    reading = read_text(random_model(kind, seed=seed), text)
    layer, unit = data.draw(st.integers(0, 1)), data.draw(st.integers(0, 5))
    step = data.draw(st.integers(0, len(text) - 1))
    steps = equations(reading, layer, unit, step)
    assert {equation.name for equation in steps} == set(reading.names)
    for equation in steps:
        total = sum(math.prod(term.factors) for term in equation.terms)
        assert equation.value == pytest.approx(APPLIED[equation.function](total), abs=1e-9)
        traced = reading.values(layer, equation.name)[step, unit]
        assert equation.value == pytest.approx(traced, abs=1e-5)


def test_products_are_of_the_values_above():
    reading = read_text(random_model("lstm"), "a bad cab")
    i, f, g, o, c, h = equations(reading, 1, 4, 6)
    before = float(reading.values(1, "c")[5, 4])
    assert [term.factors for term in c.terms] == [(f.value, before), (i.value, g.value)]
    assert h.terms[0].factors == pytest.approx((o.value, math.tanh(c.value)))
    reading = read_text(random_model("gru"), "a bad cab")
    r, z, n, h = equations(reading, 0, 2, 3)
    assert n.terms[-1].factors[0] == r.value
    assert h.terms[0].factors == (1 - z.value, n.value)
    assert h.terms[1].factors == (z.value, float(reading.values(0, "h")[2, 2]))


def test_the_terms_are_the_dot_products():
    model = random_model("gru reset before")
    reading = read_text(model, "abc")
    weights, h = model.tensors, reading.values(0, "h")[0]
    r = reading.values(0, "r")[1]
    n = equations(reading, 0, 5, 1)[2]
    x = weights["embedding.weight"][reading.ids[1]]
    expected = [
        weights["rnn.0.weight_ih"][17] @ x,
        weights["rnn.0.bias_ih"][17],
        weights["rnn.0.weight_hh"][17] @ (r * h),
        weights["rnn.0.bias_hh"][17],
    ]
    np.testing.assert_allclose([term.value for term in n.terms], expected, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("terms", [False, True])
def test_lines_fit_and_say_it_all(kind, width, terms):
    reading = read_text(random_model(kind), "feed a cab")
    steps = equations(reading, 1, 0, 9)
    lines = equation_lines(steps, width, terms=terms)
    assert max(map(len, lines)) <= width
    joined = " ".join(line.strip() for line in lines)
    for equation in steps:
        written = " = ".join(equation.forms(terms=terms))
        assert written in joined
        assert written.startswith(f"{equation.symbol} = {equation.formula}")
        assert written.endswith(number(equation.value))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.861, ".861"), (-0.6041, "−.604"), (1.8204, "1.82"), (12.34, "12.3"), (-250.2, "−250"),
        (0.0, "0"), (0.99951, "1.00"), (0.0048, ".0048"), (3e-7, "3.0e-7"), (2e9, "2.0e9"),
    ],
)  # fmt: skip
def test_numbers(value, written):
    assert number(value) == written


@given(st.floats(-1e4, 1e4))
def test_numbers_are_near_what_they_stand_for(value):
    shown = float(number(value).replace("−", "-"))
    assert shown == pytest.approx(value, rel=0.06 if abs(value) < 0.1 else 0.006)
    assert len(number(value)) <= 9
