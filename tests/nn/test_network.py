"""The numpy network against torch: every cell, every layer, every step, every gate."""

import numpy as np
import pytest
import torch

from rnnterm.nn.network import Network
from rnnterm.nn.spec import NetworkSpec
from rnnterm.training.charrnn import CharRNN

VOCAB, HIDDEN, STEPS, TOLERANCE = 11, 24, 40, 1e-5

CELLS = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "rnn-tanh": {"cell": "rnn", "activation": "tanh"},
    "rnn-relu": {"cell": "rnn", "activation": "relu"},
}


def make_pair(**settings) -> tuple[CharRNN, Network]:
    torch.manual_seed(7)
    spec = NetworkSpec(vocab_size=VOCAB, hidden_size=HIDDEN, embedding_size=9, **settings)
    model = CharRNN(spec).eval()
    if spec.activation != "relu":  # whose states would grow without bound
        with torch.no_grad():  # larger weights than at the start, so that gates leave the middle
            for tensor in model.parameters():
                tensor.mul_(2)
    return model, Network(spec, model.to_arrays())


def read_with_torch(model: CharRNN, ids: np.ndarray):
    """Logits, each layer's states after every step, and each layer's inputs."""
    state, logits, states = None, [], []
    with torch.no_grad():
        for index in ids:
            step, state = model(torch.tensor([[int(index)]]), state)
            logits.append(step[0, 0].numpy())
            states.append([[part[0, 0].numpy() for part in layer] for layer in state])
    return np.array(logits), states


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("form", ["onehot", "embedding", "scalar"])
def test_every_step_and_state_equals_torch(kind, layers, form):
    model, network = make_pair(num_layers=layers, input=form, **CELLS[kind])
    ids = np.random.default_rng(1).integers(VOCAB, size=STEPS)
    logits, states = read_with_torch(model, ids)
    trace = network.trace(ids)
    np.testing.assert_allclose(trace.logits, logits, atol=TOLERANCE)
    for layer, cell in enumerate(network.cells):
        for part, name in enumerate(cell.state_names):
            expected = np.array([step[layer][part] for step in states])
            np.testing.assert_allclose(trace.layers[layer][name], expected, atol=TOLERANCE)


def torch_gates(model: CharRNN, layer: int, x: torch.Tensor, h: torch.Tensor) -> dict:
    """Gates from torch's own weights and states; the formulas of torch's documentation."""
    tensors = model.named_tensors()
    w_ih, w_hh, b_ih, b_hh = (
        tensors[f"rnn.{layer}.{part}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    from_x = torch.nn.functional.linear(x, w_ih, b_ih)
    from_h = torch.nn.functional.linear(h, w_hh, b_hh)
    if model.spec.cell == "lstm":
        i, f, g, o = (from_x + from_h).chunk(4, dim=-1)
        return {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}
    (x_r, x_z, x_n), (h_r, h_z, h_n) = from_x.chunk(3, dim=-1), from_h.chunk(3, dim=-1)
    r = (x_r + h_r).sigmoid()
    return {"r": r, "z": (x_z + h_z).sigmoid(), "n": (x_n + r * h_n).tanh()}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_every_gate_equals_torch(cell, layers):
    model, network = make_pair(cell=cell, num_layers=layers, input="onehot")
    ids = np.random.default_rng(2).integers(VOCAB, size=STEPS)
    _, states = read_with_torch(model, ids)
    trace = network.trace(ids)
    hidden = torch.tensor(np.array([[layer[0] for layer in step] for step in states]))
    before = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
    inputs = torch.nn.functional.one_hot(torch.tensor(ids), VOCAB).float()
    for layer in range(layers):
        with torch.no_grad():
            expected = torch_gates(model, layer, inputs, before[:, layer])
        assert set(expected) == set(network.cells[layer].gate_names)
        for name, values in expected.items():
            np.testing.assert_allclose(
                trace.layers[layer][name], values.numpy(), atol=TOLERANCE, err_msg=name
            )
        inputs = hidden[:, layer]


@pytest.mark.parametrize("kind", [*CELLS, "gru-reset-before"])
def test_a_batch_reads_like_each_of_its_rows(kind):
    settings = CELLS.get(kind, {"cell": "gru", "reset_after": False})
    spec = NetworkSpec(vocab_size=VOCAB, hidden_size=HIDDEN, num_layers=2, **settings)
    rng = np.random.default_rng(3)
    network = Network(
        spec, {name: rng.normal(size=shape) for name, shape in spec.tensor_shapes().items()}
    )
    ids = rng.integers(VOCAB, size=(STEPS, 5))
    together, _ = network.read(ids)
    for row in range(5):
        alone, _ = network.read(ids[:, row])
        np.testing.assert_allclose(together[row], alone, atol=1e-12)


def test_reading_on_from_a_state_equals_reading_at_once():
    _, network = make_pair(num_layers=2)
    ids = np.random.default_rng(4).integers(VOCAB, size=STEPS)
    _, halfway = network.read(ids[:17])
    resumed, _ = network.read(ids[17:], halfway)
    at_once, _ = network.read(ids)
    np.testing.assert_array_equal(resumed, at_once)


def test_what_torch_cannot_train_is_said():
    for settings in (
        {"cell": "gru", "reset_after": False},
        {"cell": "rnn", "activation": "linear"},
    ):
        with pytest.raises(Exception, match="not trained"):
            CharRNN(NetworkSpec(vocab_size=3, **settings))
