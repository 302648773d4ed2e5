"""What `rnnterm explore` was asked, checked against the model and the text.

Layers and steps count from 1, as people count; units have the numbers that they have in the
model's tensors, from 0. Inside, all three count from 0.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rnnterm.cli.diagnostics import warn
from rnnterm.cli.explore.page import Canvas, Line, wrapped
from rnnterm.errors import UsageError
from rnnterm.quantities import counted
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.explore.equations import Equation
    from rnnterm.explore.reading import Reading
    from rnnterm.explore.unrolled import Unrolled
    from rnnterm.nn.modelfile import Model
    from rnnterm.nn.softmax import Doubles


@dataclass(frozen=True)
class Looked(ABC):
    """Where a call of the command looks, whatever was read.

    Attributes:
        model_name: as the person wrote it.
        name: the state or gate to show: `h`, `c`, `i`, …
        layer, step: from 0.
        chosen_unit: from 0; None where the person named none.
    """

    model_name: str
    reading: "Unrolled"
    layer: int
    step: int
    name: str
    chosen_unit: int | None

    @abstractmethod
    def headline(self, canvas: Canvas) -> Iterator[Line]:
        """Who read what."""

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """What every JSON answer begins with."""

    @property
    def speaker(self) -> str:
        """The model's name for a headline: of a path, the file's name."""
        return name_of(self.model_name)

    @cached_property
    def unit(self) -> int:
        """The unit that was named, or else the one that varies most in what was read."""
        if self.chosen_unit is not None:
            return self.chosen_unit
        return int(self.reading.values(self.layer, self.name).var(axis=0).argmax())

    @property
    def equations(self) -> "list[Equation]":
        """How the unit came to its state at the step."""
        from rnnterm.explore.equations import equations

        return equations(self.reading, self.layer, self.unit, self.step)

    @property
    def axis(self) -> "Doubles":
        """Where the steps stand on the axis of a chart, shape (T,)."""
        import numpy as np

        return np.arange(1.0, len(self.reading) + 1)

    def whereabouts(self) -> str:
        """Such as `layer 1 of 2 · h · unit 73 · step 41/200`."""
        reading = self.reading
        return " · ".join(
            (
                f"{reading.LAYER} {self.layer + 1} of {len(reading.layers)}",
                self.name,
                f"unit {self.unit}",
                f"step {self.step + 1}/{len(reading)}",
            )
        )


@dataclass(frozen=True)
class Asked(Looked):
    """One call of the command for a text, whatever its mode.

    Attributes:
        rng_seed: for what is left to chance; None where the person gave none.
    """

    reading: "Reading"
    rng_seed: int | None
    runs_dir: str | None

    def headline(self, canvas: Canvas) -> Iterator[Line]:
        """See `Looked.headline`."""
        reading = self.reading
        parts = [self.speaker, self.model.spec.describe(), counted(len(reading), "character")]
        if self.mean_surprisal is not None:
            parts.append(f"{self.mean_surprisal:.3f} bits per character")
        if reading.unknown:
            parts.append(f"{len(reading.unknown)} unknown passed over")
        yield from wrapped([(part, "") for part in parts], canvas.width, gap=" · ")

    def as_json(self) -> dict[str, Any]:
        """See `Looked.as_json`."""
        reading = self.reading
        return {
            "model": self.model_name,
            "network": self.model.spec.describe(),
            "text": reading.text,
            "characters": len(reading),
            "unknown": reading.unknown,
            "left_out": reading.left_out,
        }

    @property
    def mean_surprisal(self) -> float | None:
        """Bits per character, of all but the first; None where there is no other."""
        foreseen = self.reading.surprisal[1:]
        return float(foreseen.mean()) if len(foreseen) else None

    @property
    def model(self) -> "Model":
        """The model that read."""
        return self.reading.model


def name_of(model: str) -> str:
    """What a headline calls a model that a person named.

    Of a path it is the file's name, or its folder's where each checkpoint's file is a `model`.
    """
    path = PurePath(model)
    if "/" not in model:
        return safe_line(model)
    return safe_line((path.parent.name if path.stem == "model" else "") or path.stem)


def ask(
    model_name: str,
    text: str,
    *,
    layer: int | None,
    unit: int | None,
    step: int | None,
    show: str | None,
    rng_seed: int | None,
    runs_dir: str | None,
) -> Asked:
    """Read the text with the model, and check what was chosen against both.

    Unknown characters and a text that is too long are warnings.

    Raises UsageError for a layer, unit, step or name that is not there; RnntermError for a text
    or a model that cannot be used.
    """
    from rnnterm.cli.speaker import load_speaker
    from rnnterm.explore.reading import read_text
    from rnnterm.explore.unrolled import LONGEST

    model = load_speaker(model_name, runs_dir)
    spec = model.spec
    layer = chosen("layer", spec.num_layers if layer is None else layer, 1, spec.num_layers)
    if unit is not None:
        chosen("unit", unit, 0, spec.hidden_size - 1)
    reading = read_text(model, text)
    if reading.unknown:
        more = " and more" if len(reading.unknown) > 20 else ""
        warn(f"the model does not know {reading.unknown[:20]!a}{more}: passed over")
    if reading.left_out:
        warn(f"only the first {LONGEST:,} characters are read, {reading.left_out:,} are left out")
    step = chosen("step", len(reading) if step is None else step, 1, len(reading))
    name = shown_name(reading, show)
    return Asked(model_name, reading, layer - 1, step - 1, name, unit, rng_seed, runs_dir)


def shown_name(reading: "Unrolled", show: str | None) -> str:
    """The state or gate that is shown; raises UsageError for one that there is not."""
    if show is not None and show not in reading.names:
        raise UsageError(
            f"a {reading.LAYER} has no {show!r} to show: choose {', '.join(reading.names)}"
        )
    return show or "h"


def chosen(what: str, number: int, first: int, last: int) -> int:
    """A number that a person chose; raises UsageError for one out of reach."""
    if not first <= number <= last:
        reach = f"there is only {first}" if first == last else f"they go from {first} to {last:,}"
        raise UsageError(f"there is no {what} {number:,}: {reach}")
    return number
