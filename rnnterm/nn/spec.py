"""What a character network is: its cell, its sizes, and the name and shape of every tensor."""

from dataclasses import asdict, dataclass, fields
from math import isfinite, prod
from typing import Any, Literal, get_args

from rnnterm.errors import RnntermError
from rnnterm.wording import listed

CellKind = Literal["lstm", "gru", "rnn"]
InputKind = Literal["onehot", "embedding", "scalar"]
Activation = Literal["tanh", "relu", "linear"]
Initialization = Literal["pytorch", "keras"]

GATE_COUNT: dict[str, int] = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A stack of recurrent layers between a character's input form and a score per symbol.

    Attributes:
        vocab_size: symbols in and out.
        input: how a character enters: a one-hot row, a trained embedding row, or the single
            number index / vocab_size of the classic tutorials.
        embedding_size: columns of the embedding; without one it is ignored.
        activation: of the plain `rnn` cell only.
        reset_after: GRU variant; True resets the product U h as PyTorch and Keras do, False
            resets h before the product as in the first paper (Cho et al. 2014).
        dropout_input, dropout_between, dropout_output: chance that a value is dropped in
            training, on the way in, between layers, and before the head.
        dropout_recurrent: chance that a recurrent weight is dropped in training, for all time
            steps of a batch alike (DropConnect, as Merity, Keskar & Socher 2018 use it).
        forget_bias: added to the LSTM's forget-gate bias at the start of training.
        initialization: `pytorch` draws all recurrent weights from U(±1/√H), `keras` uses
            Glorot, orthogonal and zeros.
        window: characters in the cold windows it learns from, which then are its whole context;
            0 where it learns with carried state.
    """

    vocab_size: int
    cell: CellKind = "lstm"
    hidden_size: int = 512
    num_layers: int = 1
    input: InputKind = "embedding"
    embedding_size: int = 64
    activation: Activation = "tanh"
    reset_after: bool = True
    dropout_input: float = 0.0
    dropout_recurrent: float = 0.0
    dropout_between: float = 0.0
    dropout_output: float = 0.0
    forget_bias: float = 0.0
    initialization: Initialization = "pytorch"
    window: int = 0

    def __post_init__(self) -> None:
        for name, kind in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(kind):
                raise RnntermError(
                    f"{name} must be one of {', '.join(get_args(kind))}, not {value!r}"
                )
        for name in ("vocab_size", "hidden_size", "num_layers", "embedding_size"):
            value = getattr(self, name)
            most = _MAX_LAYERS if name == "num_layers" else _MAX_SIZE
            if type(value) is not int or not 1 <= value <= most:
                raise RnntermError(
                    f"{name} must be a whole number from 1 to {most:,}, not {value!r}"
                )
        for name in (each.name for each in fields(self) if each.name.startswith("dropout_")):
            if not 0 <= getattr(self, name) < 1:
                raise RnntermError(
                    f"{name} must be at least 0 and below 1, not {getattr(self, name)}"
                )
        if type(self.window) is not int or not 0 <= self.window <= _MAX_SIZE:
            raise RnntermError(f"window must be a whole number of at least 0, not {self.window!r}")
        if not isfinite(self.forget_bias):
            raise RnntermError(f"forget_bias must be finite, not {self.forget_bias}")
        if type(self.reset_after) is not bool:
            raise RnntermError(f"reset_after must be true or false, not {self.reset_after!r}")

    @property
    def is_bounded(self) -> bool:
        """Whether its states stay within bounds whatever it reads, as through a tanh."""
        return self.cell != "rnn" or self.activation == "tanh"

    @property
    def input_size(self) -> int:
        """Columns of what enters the first layer."""
        return {"onehot": self.vocab_size, "embedding": self.embedding_size, "scalar": 1}[
            self.input
        ]

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Every trained tensor's name and shape, in PyTorch's layout (rows are outputs)."""
        rows = GATE_COUNT[self.cell] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        if self.input == "embedding":
            shapes["embedding.weight"] = (self.vocab_size, self.embedding_size)
        for layer in range(self.num_layers):
            columns = self.input_size if layer == 0 else self.hidden_size
            shapes[f"rnn.{layer}.weight_ih"] = (rows, columns)
            shapes[f"rnn.{layer}.weight_hh"] = (rows, self.hidden_size)
            shapes[f"rnn.{layer}.bias_ih"] = (rows,)
            shapes[f"rnn.{layer}.bias_hh"] = (rows,)
        shapes["head.weight"] = (self.vocab_size, self.hidden_size)
        shapes["head.bias"] = (self.vocab_size,)
        return shapes

    @property
    def parameter_count(self) -> int:
        """Trained numbers in all tensors."""
        return sum(map(prod, self.tensor_shapes().values()))

    def describe(self) -> str:
        """A short label such as `LSTM 1x512`."""
        return f"{self.cell.upper()} {self.num_layers}x{self.hidden_size}"

    def to_dict(self) -> dict[str, Any]:
        """The spec as plain JSON values; `from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkSpec":
        """The spec that `to_dict` wrote; raises RnntermError for anything else."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise RnntermError(f"unknown network settings: {listed(sorted(map(str, unknown)))}")
        try:
            return cls(**values)
        except TypeError as error:
            raise RnntermError(f"network settings are damaged: {error}") from None


_CHOICES = {
    "cell": CellKind,
    "input": InputKind,
    "activation": Activation,
    "initialization": Initialization,
}
_MAX_SIZE = 1 << 20  # far above any use; keeps an absurd size from becoming an allocation
_MAX_LAYERS = 1 << 10  # each has a name for four tensors
