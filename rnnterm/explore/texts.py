"""The text that a search or a figure is made on, where a model's own may be gone."""

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.scoring.material import Material, open_material

INSTEAD = "moby-dick"
"""The longest bundled text, read where a model's own is not at hand."""


def open_text(model: Model, source: str | None = None, part: str = "all") -> tuple[Material, str]:
    """A part of the corpus `source`, of the model's own, or of `INSTEAD`; and what to say of it.

    Raises what `open_material` does, but for a model's own text that is gone.
    """
    try:
        material, note = open_material(model, source, part=part), ""
    except UsageError:
        if source is not None:
            raise
        material = open_material(model, INSTEAD, part=part)
        note = f"the text this model learnt from is not at hand: {INSTEAD} is read instead"
    if material.unknown:
        passed = f"{material.unknown:,} characters that the model does not know are left out"
        note = f"{note}; {passed}" if note else passed
    return material, note
