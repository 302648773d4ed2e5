"""`rnnterm explore --compare`: two models, or two checkpoints of one, on the same text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.diagnostics import warn
from rnnterm.cli.explore.asked import Asked, name_of
from rnnterm.cli.explore.find import DEFAULT_TOP
from rnnterm.cli.explore.page import MUTED, Canvas, Line, prose, shown, titled
from rnnterm.cli.explore.tint import Range, tinted_text
from rnnterm.cli.speaker import load_speaker
from rnnterm.cli.table import column_widths, table_row
from rnnterm.explore.comparison import compare_models
from rnnterm.glyphs import columns
from rnnterm.quantities import counted

if TYPE_CHECKING:
    from rnnterm.explore.comparison import Comparison, Stretch

_REACH = 4.0  # bits of difference that have the strongest colour
_SHOWN = 2000  # characters of the text that are shown tinted
_NAME = 18  # characters of a model's name
_BESIDE = 20  # characters before a stretch
_WORD = "1;4"


@dataclass(frozen=True)
class Compared:
    """What a text cost two models.

    Attributes:
        other: the second model's name.
        network: and its network.
    """

    asked: Asked
    other: str
    network: str
    comparison: "Comparison"
    top: int

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        comparison = self.comparison
        yield from self._table(canvas)
        yield [("", "")]
        reach = Range(-_REACH, _REACH)
        more = len(comparison) - _SHOWN
        cut = f" · the first {_SHOWN:,} characters" if more > 0 else ""
        first, second = _called(self.asked.model_name), _called(self.other)
        if canvas.colors:
            blue, orange = "blue", "orange"
        else:
            blue, orange = tuple(reach.glyphs([-_REACH, _REACH], canvas))
        legend = f"more surprised: {orange} {second} · {blue} {first}{cut}"
        yield from prose(legend, canvas.width, MUTED)
        difference = comparison.difference[:_SHOWN].tolist()
        yield from tinted_text(comparison.text[:_SHOWN], difference, reach, canvas)
        yield [("", "")]
        yield from self._words(canvas)

    def _table(self, canvas: Canvas) -> Iterator[Line]:
        comparison = self.comparison
        header = {"model": counted(len(comparison), "character"), "network": "",
                  "bits": "bits", "mean": "a character"}  # fmt: skip
        rows = [header]
        for name, network, scored in (
            (self.asked.model_name, self.asked.model.spec.describe(), comparison.first),
            (self.other, self.network, comparison.second),
        ):
            rows.append({"model": _called(name), "network": network, "bits": f"{scored.bits:,.1f}",
                         "mean": f"{scored.bits_per_char:.3f}"})  # fmt: skip
        total = float(comparison.difference.sum())
        rows.append({"model": "difference", "network": "", "bits": f"{total:+,.1f}",
                     "mean": f"{comparison.bits_per_char:+.3f}"})  # fmt: skip
        rows = [{name: cell.replace("-", "−") if name in ("bits", "mean") else cell
                 for name, cell in row.items()} for row in rows]  # fmt: skip
        widths = column_widths(rows, canvas.width, ("model", "network"))
        for number, row in enumerate(rows):
            yield [(table_row(row, widths, ("bits", "mean")), "" if number else MUTED)]

    def _words(self, canvas: Canvas) -> Iterator[Line]:
        comparison = self.comparison
        words = comparison.largest(self.top)
        if not words:
            yield [("nowhere do they differ by a tenth of a bit", "")]
            return
        yield from titled(
            "where they differ most", "bits, and who expected it better", canvas.width
        )
        for one in words:
            better = _called(self.asked.model_name if one.bits > 0 else self.other)
            figures = f"{abs(one.bits):>6.1f}  character {one.start + 1:>6,}  "
            word = shown(self.comparison.text[one.start : one.stop])
            room = canvas.width - columns(figures + word + better) - 2
            before = shown(self.comparison.text[max(0, one.start - _BESIDE) : one.start])
            while columns(before) > max(0, room):
                before = before[1:]
            yield [(figures, ""), (before, ""), (word, _WORD), (f"  {better}", MUTED)]

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        comparison = self.comparison
        sides = (
            (self.asked.model_name, self.asked.model.spec.describe(), comparison.first),
            (self.other, self.network, comparison.second),
        )
        return {
            **self.asked.as_json(),
            "text": comparison.text,
            "characters": len(comparison),
            "unknown_to_other": comparison.left_out,
            "unknown_to_other_count": comparison.left_out_count,
            "models": [
                {"model": name, "network": network, "bits": scored.bits,
                 "bits_per_char": scored.bits_per_char, "surprisal": scored.surprisals.tolist()}
                for name, network, scored in sides
            ],
            "difference": comparison.difference.tolist(),
            "bits_per_char": comparison.bits_per_char,
            "words": [self._word_as_json(one) for one in comparison.largest(self.top)],
        }  # fmt: skip

    def _word_as_json(self, one: "Stretch") -> dict[str, Any]:
        return {
            "start": one.start + 1,
            "end": one.stop,
            "text": self.comparison.text[one.start : one.stop],
            "bits": one.bits,
        }


def compare(asked: Asked, given: dict[str, Any]) -> Compared:
    """The text that was asked about, as the model and the one of `given["compare"]` expect it."""
    name = given["compare"]
    other = load_speaker(name, asked.runs_dir)
    comparison = compare_models(asked.model, other, asked.reading.text)
    if comparison.left_out:
        warn(
            f"{name} does not know {comparison.left_out[:20]!a}: "
            f"{comparison.left_out_count:,} characters are left out for both"
        )
    top = given["top"] or DEFAULT_TOP
    return Compared(asked, name, other.spec.describe(), comparison, top)


def _called(name: str) -> str:
    """A model's name, or the end of a long one."""
    name = name_of(name)
    return name if len(name) <= _NAME else "…" + name[1 - _NAME :]
