"""The recipe: every hyper-parameter of a training run, with its meaning and its limits.

A recipe is a flat TOML file. Those that travel with rnnterm lie in `recipes/`; a path names any
other. Each value can be overridden by name.
"""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import user_path
from rnnterm.nn.spec import NetworkSpec
from rnnterm.training.knobs import (
    Every,
    choice,
    duration,
    every,
    flag,
    knob,
    number,
    plain,
    read_knob,
    some,
    text,
    whole,
)

_FOLDER = Path(__file__).parent / "recipes"
_share = number(0, 1, below=True)
fixed = partial(knob, fixed=True)

FITTED = (
    "hidden_size",
    "dropout_input",
    "dropout_recurrent",
    "dropout_output",
    "batch_size",
    "bptt",
    "learning_rate",
)
"""The values that can be left to `rnnterm.training.fitting`."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All hyper-parameters of a run; `knobs()` explains each."""

    name: str = knob("fast", "what people call this recipe", text)
    fitted: tuple[str, ...] = knob(
        FITTED, "values chosen for the budget and the text; setting one takes it out", some(*FITTED)
    )

    # The text
    lowercase: bool = fixed(False, "read the text in lower case", flag)
    val_fraction: float = fixed(0.1, "share of the text, after training's, for validation", _share)
    test_fraction: float = fixed(0.0, "share at the end that training never sees", _share)

    # The network
    cell: str = fixed("lstm", "recurrent cell", choice("lstm", "gru", "rnn"))
    hidden_size: int = fixed(640, "units in each layer", whole(1, 1 << 16))
    num_layers: int = fixed(1, "recurrent layers", whole(1, 64))
    input: str = fixed(
        "embedding", "how a character enters", choice("onehot", "embedding", "scalar")
    )
    embedding_size: int = fixed(64, "columns of the embedding, with that input", whole(1, 1 << 16))
    activation: str = fixed("tanh", "of the rnn cell", choice("tanh", "relu", "linear"))
    reset_after: bool = fixed(True, "GRU: reset after the product, as PyTorch does", flag)
    dropout_input: float = fixed(0.0, "share of input values dropped in training", _share)
    dropout_recurrent: float = fixed(
        0.0, "share of recurrent weights dropped in training, anew for each batch", _share
    )
    dropout_between: float = fixed(0.0, "share of values dropped between layers", _share)
    dropout_output: float = fixed(0.0, "share of values dropped before the output", _share)
    forget_bias: float = fixed(0.0, "added to the LSTM's forget-gate bias", number(-100, 100))
    initialization: str = fixed("pytorch", "first weights", choice("pytorch", "keras"))

    # The batches
    batching: str = fixed(
        "streams", "streams carry their state on; windows start cold", choice("streams", "windows")
    )
    batch_size: int = fixed(16, "streams or windows in a batch", whole(1, 1 << 20))
    bptt: int = fixed(
        64, "steps that gradients travel back through, with streams", whole(1, 1 << 20)
    )
    window: int = fixed(100, "characters in a window", whole(1, 1 << 20))
    stride: int = fixed(1, "characters from one window to the next", whole(1, 1 << 30))

    # The optimizer and its schedule
    optimizer: str = fixed("adamw", "optimizer", choice("adamw", "adam"))
    learning_rate: float = knob(6e-3, "highest learning rate", number(0, 10, above=True))
    weight_decay: float = knob(0.1, "pull of the weights towards zero", number(0, 100))
    beta1: float = knob(0.9, "memory of the mean gradient", _share)
    beta2: float = knob(0.99, "memory of the mean squared gradient", _share)
    epsilon: float = knob(
        1e-8, "keeps the optimizer from dividing by zero", number(0, 1, above=True)
    )
    clip_norm: float = knob(1.0, "longest gradient; 0 leaves it as it is", number(0))
    warmup_steps: int = knob(100, "steps in which the learning rate rises from zero", whole())
    anneal: str = knob(
        "cosine",
        "how the learning rate falls over the budget",
        choice("cosine", "linear", "constant"),
    )
    final_rate: float = knob(
        0.0, "share of the learning rate that is left at the end", number(0, 1)
    )

    # The budget: exactly one ends the run
    time_budget: float = knob(0.0, "seconds of training; 0: no limit", duration)
    steps: int = knob(0, "training steps; 0: no limit", whole())
    epochs: float = knob(0.0, "passes over the text; 0: no limit", number(0, 1e9))

    # On the way
    validate_every: Every = knob(Every(seconds=15), "between validations", every)
    checkpoint_every: Every = knob(Every(seconds=30), "between checkpoints", every)
    sample_every: Every = knob(Every(seconds=20), "between samples", every)
    log_every: int = knob(20, "steps between points of the curve", whole(1))
    sample_length: int = knob(200, "characters of a sample", whole(0, 1 << 20))
    sample_temperature: float = knob(
        0.8, "of samples; 0 takes the likeliest character", number(0, 100)
    )

    # The machine
    device: str = knob("auto", "auto, cpu, cuda, cuda:N or mps", text)
    precision: str = knob(
        "auto",
        "auto measures whether a CPU is faster with bf16; a GPU takes fp32",
        choice("auto", "fp32", "bf16"),
    )
    threads: int = knob(
        0, "CPU threads; 0: as many as other programs leave cores for", whole(0, 1024)
    )
    rng_seed: int = fixed(1, "seed of every random choice", whole(0, (1 << 63) - 1))

    def __post_init__(self) -> None:
        limits = [name for name in ("time_budget", "steps", "epochs") if getattr(self, name)]
        if len(limits) != 1:
            named = " and ".join(limits) or "none"
            raise UsageError(f"a recipe needs one of time_budget, steps and epochs; it has {named}")
        if self.val_fraction + self.test_fraction >= 1:
            raise UsageError("val_fraction and test_fraction leave nothing to train on")

    def spec(self, vocab_size: int) -> NetworkSpec:
        """The network for a text of `vocab_size` symbols."""
        shared = {field.name for field in fields(NetworkSpec)} & {
            field.name for field in fields(self)
        }
        values = {name: getattr(self, name) for name in shared}
        values["window"] = self.window if self.batching == "windows" else 0
        return NetworkSpec(vocab_size=vocab_size, **values)

    def to_dict(self) -> dict[str, Any]:
        """Every value in a form that JSON takes and `with_values` reads."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` wrote, or part of one, its budget among its values."""
        return cls(epochs=1.0).with_values(values)

    def with_values(self, values: Mapping[str, Any]) -> "Recipe":
        """This recipe with some values replaced, each read and checked.

        A new budget takes the place of the old one, `dropout` stands for the share dropped
        between layers and before the output, and nowhere else, and what is set is not fitted any
        more. Raises UsageError naming the key.
        """
        known = knobs()
        if "dropout" in values:
            both = dict.fromkeys(("dropout_between", "dropout_output"), values["dropout"])
            nowhere_else = dict.fromkeys(("dropout_input", "dropout_recurrent"), 0.0)
            rest = {key: raw for key, raw in values.items() if key != "dropout"}
            values = nowhere_else | both | rest
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise UsageError(f"there is no recipe value {key!r}{meant}")
        read = {key: read_knob(known[key], raw) for key, raw in values.items()}
        left = tuple(name for name in self.fitted if name not in read)
        read = {"fitted": left} | read
        if any(limit in read for limit in _BUDGETS):
            read = dict.fromkeys(_BUDGETS, 0) | read
        return replace(self, **read)

    def resumed_with(self, values: Mapping[str, Any]) -> "Recipe":
        """This recipe with the values that a run may change when it resumes.

        Raises UsageError for one that its text, network, batches or past fix.
        """
        changed = self.with_values(values)
        for name, knob_field in knobs().items():
            before, after = getattr(self, name), getattr(changed, name)
            if knob_field.metadata["fixed"] and before != after:
                raise UsageError(f"a resumed run keeps its {name}: it is {before}, not {after}")
        return changed


_BUDGETS = ("time_budget", "steps", "epochs")


def knobs() -> dict[str, Field[Any]]:
    """Every hyper-parameter by name; its field's metadata holds `help` and `read`."""
    return {field.name: field for field in fields(Recipe)}


def bundled_recipes() -> list[str]:
    """The names of the recipes that travel with rnnterm."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_recipe(source: str = "fast") -> Recipe:
    """The recipe that a bundled name or a path to a TOML file names.

    Raises UsageError for a recipe that is missing, malformed, or has a value out of range.
    """
    bundled = source in bundled_recipes()
    path = _FOLDER / f"{source}.toml" if bundled else user_path(source)
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        listed = ", ".join(bundled_recipes())
        raise UsageError(
            f"there is no recipe {source!r}; bundled: {listed}, or a .toml file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RnntermError(f"cannot read the recipe {source}: {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{source} is not a recipe: {error}") from None
    try:
        return Recipe.from_dict({"name": path.stem} | values)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None


def changed_values(described: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a recipe, as `to_dict` describes it, that the recipe of its name does not have.

    The description may come from any file; one of no known name is held against the defaults.
    """
    name = described.get("name")
    known = load_recipe(name) if name in bundled_recipes() else Recipe.from_dict({})
    usual = known.to_dict()
    untold = {"name", "fitted", *str(described.get("fitted", "")).split(",")}
    return {
        key: value
        for key, value in described.items()
        if usual.get(key) != value and key not in untold
    }


def differing_values(described: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values in which recipes differ: one of each recipe by key, None where it has none."""
    keys = dict.fromkeys(key for recipe in described for key in recipe)
    rows = {key: [recipe.get(key) for recipe in described] for key in keys if key != "fitted"}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def parse_setting(setting: str) -> tuple[str, str]:
    """Key and value of a `key=value` setting."""
    key, equals, value = setting.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{setting!r} is not a setting: write key=value")
    return key.strip(), value.strip()
