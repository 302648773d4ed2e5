"""`rnnterm explore --clamp`: what a model writes with some of its units under another's hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.explore.asked import Asked
from rnnterm.cli.explore.page import BOLD, MUTED, Canvas, Line, prose, shown, titled, wrapped
from rnnterm.cli.seed import fresh_rng_seed
from rnnterm.errors import RnntermError
from rnnterm.explore.intervention import (
    intervene,
    measure_effect,
    parse_interventions,
    side_by_side,
)
from rnnterm.explore.texts import open_text
from rnnterm.glyphs import columns
from rnnterm.sampling.strategies import recipe_strategy

if TYPE_CHECKING:
    from rnnterm.explore.intervention import Effect, IntervenedModel

_GAP = " │ "
_ASCII_GAP = " | "
_TOLD = 6
_LENGTH = 400
_FIRST = "1;7"


@dataclass(frozen=True)
class Clamped:
    """Two samples from the same randomness, and what the change costs on held-out text.

    Attributes:
        plain, changed: what each model wrote after the text.
        effect: None where there is no text to measure it on, and `no_effect` says why.
        corpus: what it was measured on.
    """

    asked: Asked
    model: "IntervenedModel"
    rng_seed: int
    plain: str
    changed: str
    effect: "Effect | None"
    no_effect: str
    corpus: str

    @property
    def shared(self) -> int:
        """How many characters both wrote before they parted."""
        pairs = enumerate(zip(self.plain, self.changed, strict=True))
        return next((n for n, (one, other) in pairs if one != other), len(self.plain))

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked = self.asked
        told = [f"{one.describe()} (layer {one.layer + 1})" for one in self.model.interventions]
        more = len(told) - _TOLD
        pieces = [(one, BOLD) for one in told[:_TOLD]]
        pieces += [(f"and {more:,} more", MUTED)] * (more > 0)
        yield from asked.headline(canvas)
        yield from wrapped(pieces, canvas.width)
        yield from self._cost(canvas)
        yield [("", "")]
        gap = _ASCII_GAP if canvas.ascii_only else _GAP
        width = (canvas.width - len(gap)) // 2
        parted = (
            "the same throughout"
            if self.shared == len(self.plain)
            else f"apart from character {self.shared + 1:,} on"
        )
        yield [("untouched".ljust(width), MUTED), (gap, MUTED),
               (f"changed · {parted}"[:width], MUTED)]  # fmt: skip
        left, right = _rows(self.plain, width), _rows(self.changed, width)
        for number in range(max(len(left), len(right))):
            yield [
                *self._part(left, number, width, is_changed=False),
                (gap, MUTED),
                *self._part(right, number, width, is_changed=True),
            ]
        drawn = (f"after {_tail(asked.reading.text)}", f"with --rng-seed {self.rng_seed}")
        yield from wrapped([(piece, MUTED) for piece in drawn], canvas.width, gap=" ")

    def _cost(self, canvas: Canvas) -> Iterator[Line]:
        effect = self.effect
        if effect is None:
            yield from prose(f"its cost is not known: {self.no_effect}", canvas.width)
            return
        change = f"{effect.bits:+.4f}".replace("-", "−")
        losses = f"{effect.before.bits:.3f} → {effect.after.bits:.3f}"
        yield from titled(f"{change} bits per character", losses, canvas.width)
        how = f"{effect.before.characters:,} characters, protocol {effect.before.protocol}"
        yield from prose(f"on {self.corpus}: {how}", canvas.width, MUTED)

    def _part(
        self, rows: list[tuple[int, str]], number: int, width: int, *, is_changed: bool
    ) -> Line:
        """One row of a sample, with the first character of its own marked."""
        if number >= len(rows):
            return [("" if is_changed else " " * width, "")]
        start, text = rows[number]
        blank = "" if is_changed else " " * (width - columns(text))
        at = self.shared - start
        if not 0 <= at < len(text):
            return [(text + blank, "")]
        return [(text[:at], ""), (text[at], _FIRST), (text[at + 1 :] + blank, "")]

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        effect = self.effect
        return {
            **self.asked.as_json(),
            "interventions": [
                {"layer": one.layer + 1, "state": one.state, "unit": one.unit,
                 "action": one.action, "value": one.value}
                for one in self.model.interventions
            ],
            "rng_seed": self.rng_seed,
            "untouched": self.plain,
            "changed": self.changed,
            "shared_characters": self.shared,
            "effect": effect
            and {
                "corpus": self.corpus,
                "characters": effect.before.characters,
                "protocol": effect.before.protocol,
                "bits_before": effect.before.bits,
                "bits_after": effect.after.bits,
                "bits": effect.bits,
            },
            "no_effect": self.no_effect,
        }  # fmt: skip


def clamp(asked: Asked, given: dict[str, Any]) -> Clamped:
    """What a model writes after the text, untouched and with all of `given["clamp"]` done to it."""
    model, corpus = asked.model, given["corpus"]
    changes = [
        one
        for change in given["clamp"]
        for one in parse_interventions(change, model.spec, asked.layer)
    ]
    changed = intervene(model, changes)
    rng_seed = fresh_rng_seed() if asked.rng_seed is None else asked.rng_seed
    strategy = recipe_strategy(model, given["temperature"])
    written = side_by_side(model, changed, asked.reading.text, strategy, rng_seed)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows, the cost tells
        pairs = list(islice(written, given["length"] or _LENGTH))
    effect, no_effect, name = None, "", ""
    try:
        material, note = open_text(model, corpus, part="val")
        if note:
            narrate(note)
        name = f"the held-out part of {material.corpus.name}"
        effect = measure_effect(model, changed, material.ids)
    except RnntermError as error:
        if corpus is not None:
            raise
        no_effect = str(error)
    return Clamped(
        asked, changed, rng_seed, "".join(one for one, _ in pairs),
        "".join(other for _, other in pairs), effect, no_effect, name,
    )  # fmt: skip


def _rows(text: str, width: int) -> list[tuple[int, str]]:
    """A text in rows of at most `width` columns: where each begins, and a glyph a character."""
    rows, start, row, used = [], 0, "", 0
    for place, char in enumerate(text):
        glyph = _glyph(char)
        if used + columns(glyph) > width:
            rows.append((start, row))
            start, row, used = place, "", 0
        row, used = row + glyph, used + columns(glyph)
        if char == "\n":
            rows.append((start, row))
            start, row, used = place + 1, "", 0
    return [*rows, (start, row)] if row else rows


def _glyph(char: str) -> str:
    """One character that stands for one of a text."""
    return (shown(char) or "·")[:1]


def _tail(text: str) -> str:
    return f"'{'…' if len(text) > 30 else ''}{shown(text[-30:])}'"
