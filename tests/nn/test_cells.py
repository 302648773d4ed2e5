"""The cell equations against published figures and against hand computation."""

import numpy as np
import pytest

from rnnterm.nn.cells import GRU, LSTM, CellWeights, SimpleRNN, sigmoid


def linear_rnn(wx: list[float], wh: list[list[float]]) -> SimpleRNN:
    """Two linear units, in the row-vector convention of the published figures (h·wh)."""
    weights = CellWeights(
        weight_ih=np.array(wx)[:, np.newaxis],
        weight_hh=np.array(wh).T,
        bias_ih=np.zeros(2),
        bias_hh=np.zeros(2),
    )
    return SimpleRNN(weights, "linear")


def states_of(cell: SimpleRNN, xs: list[float]) -> list[np.ndarray]:
    state, states = (np.zeros(2),), []
    for x in xs:
        state = cell.step(cell.project(np.array([x])), state)
        states.append(state[0])
    return states


def test_two_linear_units_first_fixture():
    cell = linear_rnn(
        [0.18662322, -1.2369459], [[0.86981213, -0.49338293], [0.49338293, 0.8698122]]
    )
    h1, h2, h3 = states_of(cell, [1, 2, 3])
    np.testing.assert_allclose(h1, [0.18662322, -1.2369459], atol=1e-5)
    np.testing.assert_allclose(h2, [-0.07471441, -3.64187915], atol=1e-5)
    np.testing.assert_allclose(h3, [-1.30195885, -6.8417258], atol=1e-5)
    assert h3 @ [-0.4635998, 0.6538409] == pytest.approx(-3.86981229, abs=1e-5)


def test_two_linear_units_first_fixture_keeps_its_gradient_norm():
    wh = np.array([[0.86981213, -0.49338293], [0.49338293, 0.8698122]])
    gradient = np.array([-0.4635998, 0.6538409])
    for _ in range(3):
        assert np.linalg.norm(gradient) == pytest.approx(0.80152, abs=1e-5)
        gradient = wh @ gradient


def test_two_linear_units_second_fixture():
    cell = linear_rnn(
        [-1.0927956, -0.58363503], [[0.5744802, -0.8185185], [-0.8185185, -0.5744802]]
    )
    h3 = states_of(cell, [1, 2, 3])[-1]
    np.testing.assert_allclose(h3, [-4.67132915, 0.12498025], atol=1e-5)
    assert h3 @ [0.54545164, 1.0416013] == pytest.approx(-2.41780456, abs=1e-5)


def scalar_weights(gates: int) -> CellWeights:
    return CellWeights(
        weight_ih=np.full((gates, 1), 0.5),
        weight_hh=np.full((gates, 1), 0.5),
        bias_ih=np.full(gates, 0.1),
        bias_hh=np.full(gates, 0.2),
    )


@pytest.mark.parametrize(("reset_after", "following"), [(True, 0.56017946), (False, 0.56618158)])
def test_scalar_gru_in_both_variants(reset_after, following):
    cell = GRU(scalar_weights(3), reset_after=reset_after)
    gates: dict[str, np.ndarray] = {}
    (h,) = cell.step(cell.project(np.ones(1)), (np.full(1, 0.5),), gates)
    assert gates["r"].item() == pytest.approx(0.74077490, abs=1e-7)
    assert gates["z"].item() == pytest.approx(0.74077490, abs=1e-7)
    assert h.item() == pytest.approx(following, abs=1e-7)


def test_scalar_lstm():
    cell = LSTM(scalar_weights(4))
    h, c = cell.step(cell.project(np.ones(1)), (np.full(1, 0.5), np.full(1, 0.3)))
    assert c.item() == pytest.approx(0.80137500, abs=1e-7)
    assert h.item() == pytest.approx(0.49247068, abs=1e-7)


def test_sigmoid_is_exact_and_never_overflows():
    x = np.array([-1e30, -100, -2, 0, 2, 100, 1e30], np.float32)
    with np.errstate(all="raise", under="ignore"):
        y = sigmoid(x)
    np.testing.assert_allclose(y[2:5], 1 / (1 + np.exp(-x[2:5].astype(float))), atol=1e-7)
    np.testing.assert_array_equal(y[[0, 1, 5, 6]], [0, 0, 1, 1])
