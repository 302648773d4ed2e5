"""The classic hand computation, to the last digit that was published."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.explore.classic import EXAMPLES, REFLECTION, ROTATION, WEIGHTS, figure, weight_symbol

finite = st.floats(-3, 3).map(lambda value: round(value, 6))


def figures(values) -> list[str]:
    return [figure(float(value)) for value in values]


def test_the_first_example_to_its_last_printed_digit():
    assert figures(ROTATION.states[0]) == ["0.18662322", "−1.2369459"]
    assert figures(ROTATION.states[1]) == ["−0.07471441", "−3.64187915"]
    assert figures(ROTATION.states[2]) == ["−1.30195885", "−6.8417258"]
    assert figure(ROTATION.outputs[2]) == "−3.86981229"


def test_the_second_example_to_its_last_printed_digit():
    assert figures(REFLECTION.states[2]) == ["−4.67132915", "0.12498025"]
    assert figure(REFLECTION.outputs[2]) == "−2.41780456"


def test_its_gradient_neither_fades_nor_grows():
    assert [f"{norm:.5f}" for norm in ROTATION.gradient_norms()] == ["0.80152"] * 3
    assert ROTATION.spectral_radius == pytest.approx(1, abs=1e-6)
    grown = ROTATION.with_inputs([1] * 20)
    for row in range(2):
        for column in range(2):
            grown = grown.with_weight("wh", row, column, 2 * ROTATION.wh[row][column])
    norms = np.array(grown.gradient_norms())
    np.testing.assert_allclose(norms[:-1] / norms[1:], 2, rtol=1e-6)


@given(st.lists(finite, min_size=8, max_size=8), st.lists(finite, min_size=1, max_size=5))
def test_edited_weights_give_the_recurrence(numbers, xs):
    network = ROTATION.with_inputs(xs)
    places = [(name, row, column) for name, row, column, _ in network.weights()]
    for place, value in zip(places, numbers, strict=True):
        network = network.with_weight(*place, value)
    assert [value for *_, value in network.weights()] == numbers
    h = [0.0, 0.0]
    for step in network.steps():
        assert step.before == pytest.approx(h)
        h = [
            step.x * network.wx[0][unit] + h[0] * network.wh[0][unit] + h[1] * network.wh[1][unit]
            for unit in range(2)
        ]
        assert step.h == pytest.approx(h)
        assert step.output == pytest.approx(h[0] * network.wy[0][0] + h[1] * network.wy[1][0])
        for part in step.sums:
            products = [one * other for (_, one), (_, other) in part.factors]
            assert part.value == pytest.approx(math.fsum(products), abs=1e-9)


def test_the_walk_says_every_number_with_its_name():
    second = ROTATION.steps()[1]
    assert second.sums[0].lines(80) == [
        "h2₁ = x2 wx₁ + h1₁ wh₁₁ + h1₂ wh₂₁",
        "    = 2·0.18662322 + 0.18662322·0.86981213 − 1.2369459·0.49338293",
        "    = 0.37324644 + 0.16232714 − 0.61028799",
        "    = −0.07471441",
    ]
    assert second.sums[2].lines(80)[0] == "o2 = h2₁ wy₁ + h2₂ wy₂"


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("width", [36, 80])
def test_lines_fit_and_show_every_weight(example, width):
    lines = [line for step in example.steps() for line in step.lines(width)]
    assert max(map(len, lines)) <= width
    shown = set(re.findall(r"[\d.]+", "\n".join(lines)))
    for name, row, column, value in example.weights():
        assert figure(abs(value)) in shown
        assert any(weight_symbol(name, row, column) in line for line in lines)


def test_what_explodes_stays_finite():
    network = ROTATION.with_inputs([1000] * 50)
    for name, row, column, _ in ROTATION.weights():
        network = network.with_weight(name, row, column, 1000)
    assert np.isfinite(network.outputs).all()
    assert np.isfinite(network.gradient_norms()).all()
    assert max(map(len, network.steps()[-1].lines(80))) <= 80


def test_the_original_stays():
    changed = ROTATION.with_weight("wh", 0, 1, 0.25)
    assert changed.wh[0][1] == 0.25
    assert ROTATION.wh[0][1] == -0.49338293
    assert changed.with_weight("wh", 0, 1, -0.49338293) == ROTATION
    assert sum(rows * columns for rows, columns in WEIGHTS.values()) == len([*changed.weights()])


@pytest.mark.parametrize(
    "change",
    [
        lambda network: network.with_weight("wz", 0, 0, 1.0),
        lambda network: network.with_weight("wx", 1, 0, 1.0),
        lambda network: network.with_weight("wy", 0, 1, 1.0),
        lambda network: network.with_weight("wh", -1, 0, 1.0),
        lambda network: network.with_weight("wh", 0, 0, math.nan),
        lambda network: network.with_inputs([]),
        lambda network: network.with_inputs([math.inf]),
        lambda network: network.with_inputs([-1001]),
        lambda network: network.with_inputs([0.0] * 51),
    ],
)
def test_what_cannot_be_changed(change):
    with pytest.raises(RnntermError):
        change(ROTATION)
