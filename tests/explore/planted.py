"""Models made for a test: random ones, and one of whose units it is known what it does."""

import numpy as np

from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

SYMBOLS = '\n "abcdefgh'
QUOTE_UNIT = 5


def random_model(cell: str = "lstm", hidden: int = 8, layers: int = 1, seed: int = 3, **more):
    """A network with random weights over `SYMBOLS`."""
    spec = NetworkSpec(
        vocab_size=len(SYMBOLS), cell=cell, hidden_size=hidden, num_layers=layers, **more
    )
    rng = np.random.default_rng(seed)
    tensors = {
        name: rng.normal(0, 0.7, shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, Vocabulary(SYMBOLS), tensors)


def quote_model(hidden: int = 16) -> Model:
    """An LSTM whose unit `QUOTE_UNIT` is positive inside quotation marks, else at most zero.

    The unit hears nobody but itself. Only at a quotation mark its input gate opens and its forget
    gate shuts; what then comes in is the opposite of what it showed, and at first positive.
    """
    model = random_model(hidden=hidden, input="onehot")
    tensors = {name: tensor.copy() for name, tensor in model.tensors.items()}
    quote = model.vocab.char_to_index['"']
    for gate, (usual, at_quote, from_itself) in enumerate(
        [(-20, 40, 0), (20, -40, 0), (5, 0, -50), (20, 0, 0)]  # i, f, g, o
    ):
        row = gate * hidden + QUOTE_UNIT
        tensors["rnn.0.weight_ih"][row] = 0
        tensors["rnn.0.weight_hh"][row] = 0
        tensors["rnn.0.bias_hh"][row] = 0
        tensors["rnn.0.bias_ih"][row] = usual
        tensors["rnn.0.weight_ih"][row, quote] = at_quote
        tensors["rnn.0.weight_hh"][row, QUOTE_UNIT] = from_itself
    return Model(model.spec, model.vocab, tensors)


def quoted_text(length: int, seed: int = 1) -> str:
    """Random letters, a tenth of them quotation marks, in lines."""
    rng = np.random.default_rng(seed)
    chances = [0.03, 0.2, 0.06, *[0.71 / 8] * 8]
    return "".join(rng.choice(list(SYMBOLS), length, p=chances)).replace("\n\n", "\n")
