"""Gradients by hand against finite differences, torch's autograd and what is known of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from explore_models import KINDS, SYMBOLS, random_model
from torch import Tensor

from rnnterm.errors import RnntermError
from rnnterm.explore.fresh import fresh_model
from rnnterm.explore.gradients import (
    connectivity,
    decay,
    dynamics,
    spectral_radius,
    spread_positions,
)
from rnnterm.explore.reading import Reading, read_text
from rnnterm.nn.modelfile import Model
from rnnterm.text.vocab import Vocabulary
from rnnterm.training.charrnn import CharRNN, has_cell

TEXT = "feed a bad cab\nhe had a bag"
DISTINCT = "bad\nfec h"
DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device"),
    ),
]


def log_probability(model: Model, ids, state=None) -> float:
    """Of the last id after those before it."""
    logits, _ = model.network.read(ids[:-1], state)
    return float(logits[ids[-1]] - np.log(np.exp(logits).sum()))


@pytest.mark.parametrize("kind", KINDS)
def test_connectivity_equals_finite_differences(kind):
    model = random_model(kind, double=True)
    reading = read_text(model, DISTINCT)  # so that a row of the embedding is one step's input
    found = connectivity(reading, len(reading) - 2)
    assert found.char == DISTINCT[-1]
    assert found.log_probability == pytest.approx(log_probability(model, reading.ids))
    for place, index in enumerate(reading.ids[:-1]):
        numeric = []
        for column in range(3):
            ends = []
            for nudge in (1e-6, -1e-6):
                change = np.zeros_like(model.tensors["embedding.weight"])
                change[index, column] = nudge
                tensors = dict(model.tensors)
                tensors["embedding.weight"] = tensors["embedding.weight"] + change
                ends.append(log_probability(replace(model, tensors=tensors), reading.ids))
            numeric.append((ends[0] - ends[1]) / 2e-6)
        assert found.norms[place] == pytest.approx(np.linalg.norm(numeric), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_decay_equals_finite_differences(kind):
    model = random_model(kind, double=True, num_layers=1)
    reading = read_text(model, TEXT)
    last = 20
    found = decay(reading, 0, positions=[last])
    for lag in (1, 2, 7, 20):
        before = reading.state_before(last - lag + 1)
        numeric = []
        for unit in range(6):
            ends = []
            for nudge in (1e-6, -1e-6):
                moved = [values.copy() for values in before[0]]
                moved[0][unit] += nudge
                ids = reading.ids[last - lag + 1 : last + 2]
                ends.append(log_probability(model, ids, (tuple(moved),)))
            numeric.append((ends[0] - ends[1]) / 2e-6)
        assert found.norms[lag] == pytest.approx(np.linalg.norm(numeric), rel=1e-3, abs=1e-8)


def torch_step(kind: str, w: dict[str, Tensor], x: Tensor, state: list[Tensor]) -> list[Tensor]:
    """One step of one layer in plain torch operations."""
    h = state[0]
    entering = x @ w["weight_ih"].T + w["bias_ih"]
    recurrent = h @ w["weight_hh"].T + w["bias_hh"]
    if kind == "lstm":
        i, f, g, o = (entering + recurrent).chunk(4)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return [o.sigmoid() * c.tanh(), c]
    if kind.startswith("gru"):
        (r_x, z_x, n_x), (r_h, z_h, n_h) = entering.chunk(3), recurrent.chunk(3)
        r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
        if kind == "gru":
            n = (n_x + r * n_h).tanh()
        else:
            size = len(h)
            n = (n_x + (r * h) @ w["weight_hh"][2 * size :].T + w["bias_hh"][2 * size :]).tanh()
        return [(1 - z) * n + z * h]
    shape = {"rnn": torch.tanh, "rnn relu": torch.relu, "rnn linear": lambda value: value}
    return [shape[kind](entering + recurrent)]


def torch_gradients(kind: str, reading: Reading, last: int, device: str) -> dict[str, np.ndarray]:
    """Norms by autograd of -log p at a step: by every input, and by every layer's states."""
    model = reading.model
    tensors = {name: torch.tensor(value, device=device) for name, value in model.tensors.items()}
    layers = range(model.spec.num_layers)
    weights = [
        {part: tensors[f"rnn.{layer}.{part}"] for part in
         ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        for layer in layers
    ]  # fmt: skip
    zeros = torch.zeros(model.spec.hidden_size, dtype=torch.float64, device=device)
    state = [[zeros, zeros] for _ in layers]
    watched: dict[str, list[Tensor]] = {}
    for index in reading.ids[: last + 1].tolist():
        x = tensors["embedding.weight"][index].clone().requires_grad_()
        watched.setdefault("input", []).append(x)
        for layer in layers:
            state[layer] = torch_step(kind, weights[layer], x, state[layer])
            for name, value in zip("hc", state[layer], strict=False):
                value.retain_grad()
                watched.setdefault(f"{name}{layer}", []).append(value)
            x = state[layer][0]
    scores = x @ tensors["head.weight"].T + tensors["head.bias"]
    torch.nn.functional.cross_entropy(
        scores[None], torch.tensor([int(reading.ids[last + 1])], device=device)
    ).backward()
    return {
        name: np.array([0.0 if one.grad is None else one.grad.norm().item() for one in values])
        for name, values in watched.items()
    }


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_all_gradients_equal_autograd(kind, device):
    reading = read_text(random_model(kind, double=True), TEXT)
    last = 22
    expected = torch_gradients(kind, reading, last, device)
    found = connectivity(reading, last)
    np.testing.assert_allclose(found.norms, expected["input"], rtol=1e-5, atol=1e-12)
    assert found.shares.max() == 1
    for layer in (0, 1):
        norms = decay(reading, layer, positions=[last]).norms
        np.testing.assert_allclose(norms[::-1], expected[f"h{layer}"], rtol=1e-5, atol=1e-12)
        if kind == "lstm":
            norms = decay(reading, layer, state="c", positions=[last]).norms
            np.testing.assert_allclose(norms[::-1], expected[f"c{layer}"], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if has_cell(random_model(kind).spec)])
def test_the_norm_that_clipping_sees_is_the_trainers(kind, device):
    """The mean loss over some positions, differentiated by the layers that training uses."""
    model = random_model(kind, double=True, hidden_size=5)
    reading = read_text(model, TEXT)
    positions = np.array([3, 9, 24])
    module = CharRNN(model.spec).to(device, torch.float64)  # cuDNN rounds single ones to TF32
    module.load_arrays(model.tensors)
    ids = torch.tensor(reading.ids.astype(np.int64), device=device)
    logits, _ = module(ids[None])
    torch.nn.functional.cross_entropy(logits[0, positions], ids[positions + 1]).backward()
    total = torch.nn.utils.clip_grad_norm_(module.parameters(), 1e-3).item()
    found = decay(reading, 0, positions=positions)
    assert found.gradient_norm == pytest.approx(total, rel=1e-5)
    clipped = decay(reading, 0, positions=positions, clip=1e-3)
    assert clipped.scale == pytest.approx(1e-3 / total, rel=1e-5)
    np.testing.assert_allclose(clipped.norms, found.norms * clipped.scale)
    loose = decay(reading, 0, positions=positions, clip=1e6)
    assert loose.scale == 1
    np.testing.assert_array_equal(loose.norms, found.norms)


@pytest.mark.parametrize("spell", ["onehot", "scalar"])
def test_other_inputs_count_too(spell):
    model = random_model("gru", hidden_size=5, input=spell)
    reading = read_text(model, TEXT)
    module = CharRNN(model.spec)
    module.load_arrays(model.tensors)
    ids = torch.tensor(reading.ids.astype(np.int64))
    torch.nn.functional.cross_entropy(module(ids[None])[0][0, [20]], ids[[21]]).backward()
    total = torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0).item()
    assert decay(reading, 0, positions=[20]).gradient_norm == pytest.approx(total, rel=1e-5)


def test_truncation_ends_the_flow():
    reading = read_text(random_model("rnn"), TEXT)
    whole, cut = (decay(reading, 1, positions=[20], truncation=k) for k in (None, 5))
    np.testing.assert_array_equal(cut.norms[:5], whole.norms[:5])
    assert not cut.norms[5:].any()
    assert whole.norms[5:].all()
    assert cut.gradient_norm != whole.gradient_norm


def test_a_mean_over_positions():
    reading = read_text(random_model("lstm"), TEXT)
    both = decay(reading, 0, positions=[12, 20])
    each = [decay(reading, 0, positions=[place]).norms[:13] for place in (12, 20)]
    np.testing.assert_allclose(both.norms, np.mean(each, axis=0))
    places = range(12, 21)  # enough for products of another kind
    many = decay(reading, 0, positions=places)
    each = [decay(reading, 0, positions=[place]) for place in places]
    np.testing.assert_allclose(many.norms, np.mean([one.norms[:13] for one in each], axis=0))
    default = decay(reading, 0)
    np.testing.assert_array_equal(default.positions, spread_positions(reading))
    assert len(default.norms) == default.positions[0] + 1


def test_the_spectral_radius_decides():
    text = "a bad cab had a big fee " * 4
    factors = []
    for radius in (0.5, 1.0, 3.0):
        model = fresh_model("rnn", 32, Vocabulary(SYMBOLS + "ig"), seed=1, spectral_radius=radius)
        reading = read_text(model, text)
        assert dynamics(reading, 0, 3).spectral_radius == pytest.approx(radius, rel=1e-4)
        factors.append(decay(reading, 0).per_step)
    assert factors == sorted(factors)
    assert factors[0] < 0.6
    assert factors[2] > 1


def test_a_forget_bias_lets_gradients_live():
    text = "a bad cab had a bed of feed " * 4
    lived = []
    for bias in (-2.0, 0.0, 3.0):
        model = fresh_model("lstm", 24, Vocabulary(SYMBOLS + "o"), forget_bias=bias)
        reading = read_text(model, text)
        figures = dynamics(reading, 0, 5)
        assert figures.keeping_gate == "f"
        assert figures.gate_bias == pytest.approx(bias, abs=0.2)
        assert figures.mean_gate == pytest.approx(1 / (1 + np.exp(-bias)), abs=0.1)
        lived.append(decay(reading, 0).norms[40])
    assert lived[0] < lived[1] < lived[2]
    assert lived[2] > 1e6 * lived[0]


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru reset before"])
def test_a_jacobian_is_the_derivative_of_a_step(kind):
    model = random_model(kind, double=True, num_layers=1)
    reading = read_text(model, TEXT)
    state = reading.state_before(9)
    numeric = np.zeros((6, 6))
    for unit in range(6):
        ends = []
        for nudge in (1e-6, -1e-6):
            h = state[0][0].copy()
            h[unit] += nudge
            ends.append(model.network.step(int(reading.ids[9]), ((h, *state[0][1:]),))[1][0][0])
        numeric[:, unit] = (ends[0] - ends[1]) / 2e-6
    assert dynamics(reading, 0, 9).spectral_radius == pytest.approx(
        spectral_radius(numeric), rel=1e-4
    )


def test_only_an_lstm_has_a_memory():
    with pytest.raises(RnntermError, match="only an LSTM"):
        decay(read_text(random_model("gru"), TEXT), 0, state="c")


def test_a_prediction_needs_something_to_be_predicted():
    reading = read_text(random_model("lstm"), "abc")
    assert connectivity(reading, 2).char == reading.expected(2, 1)[0][0]
    assert connectivity(reading, 0).char == "b"
    assert connectivity(reading, 0, "likeliest").char == reading.expected(0, 1)[0][0]
    with pytest.raises(RnntermError, match="no character came"):
        connectivity(reading, 2, "actual")
    with pytest.raises(RnntermError, match="longer text"):
        decay(read_text(reading.model, "a"), 0)


def test_fresh_models_are_whole_and_the_same_again():
    vocab = Vocabulary(SYMBOLS)
    one, same, other = (fresh_model("gru", 8, vocab, seed=s, num_layers=2) for s in (4, 4, 5))
    assert {name: value.shape for name, value in one.tensors.items()} == one.spec.tensor_shapes()
    for name, value in one.tensors.items():
        np.testing.assert_array_equal(value, same.tensors[name])
        if name != "embedding.weight":
            assert np.abs(value).max() <= 1 / np.sqrt(8) + 1e-6
    assert not np.array_equal(one.tensors["head.weight"], other.tensors["head.weight"])


def test_gradients_that_overflow_are_infinite_and_clipped_away():
    drawn = fresh_model("rnn", 8, Vocabulary(SYMBOLS), spectral_radius=100)
    kept = ("rnn.0.weight_hh", "head.weight")
    tensors = {name: value * (name in kept) for name, value in drawn.tensors.items()}
    reading = read_text(replace(drawn, tensors=tensors), "bad" * 150)  # every state stays 0
    free, clipped = decay(reading, 0), decay(reading, 0, clip=1.0)
    assert np.isinf(free.gradient_norm)
    assert free.per_step == pytest.approx(100, rel=0.1)
    assert (free.scale, clipped.scale) == (1, 0)
