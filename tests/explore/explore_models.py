"""Small random models of every kind of cell, for the explorer's tests."""

import numpy as np

from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary

SYMBOLS = "\n abcdefgh"
KINDS = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "gru reset before": {"cell": "gru", "reset_after": False},
    "rnn": {"cell": "rnn"},
    "rnn relu": {"cell": "rnn", "activation": "relu"},
    "rnn linear": {"cell": "rnn", "activation": "linear"},
}


def random_model(kind: str, *, double: bool = False, seed: int = 3, **settings) -> Model:
    """A model with random weights; in doubles where finite differences need them."""
    shape = {"hidden_size": 6, "num_layers": 2, "embedding_size": 3} | settings
    spec = NetworkSpec(vocab_size=len(SYMBOLS), **KINDS[kind], **shape)
    rng = np.random.default_rng(seed)
    scale = 0.3 if "linear" in kind or "relu" in kind else 0.5  # what nothing bounds, grows
    tensors = {
        name: rng.normal(0, scale, shape).astype(np.float64 if double else np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, Vocabulary(SYMBOLS), tensors)
