"""`rnnterm explore --find`: which units follow a feature of the text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.explore.asked import Asked
from rnnterm.cli.explore.charts import chart_lines
from rnnterm.cli.explore.page import MUTED, Canvas, Line, prose, shown, titled, wrapped
from rnnterm.cli.explore.tint import Range, tinted_text
from rnnterm.errors import RnntermError
from rnnterm.explore.features import FEATURES, measure_feature
from rnnterm.explore.probe import fit_probe
from rnnterm.explore.units import rank_units
from rnnterm.plotting.bars import Bar, bar_chart

if TYPE_CHECKING:
    from rnnterm.explore.features import Measured
    from rnnterm.explore.probe import Probe
    from rnnterm.explore.units import UnitScore

DEFAULT_TOP = 10
_PATTERN = "inside a match of your own regular expression"
_PROBE_UNITS = 12
_EXCERPT = 300  # characters of the text that are shown tinted
_BARS = 60  # columns


@dataclass(frozen=True)
class Listing:
    """The features that can be looked for."""

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        width = max(map(len, FEATURES))
        told = {feature.name: feature.explanation for feature in FEATURES.values()}
        for name, explanation in (told | {"/PATTERN/": _PATTERN}).items():
            yield from titled(f"{name:<{width}}", explanation, canvas.width)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        return {
            "features": [
                {"name": one.name, "kind": one.kind, "explanation": one.explanation}
                for one in FEATURES.values()
            ]
        }


@dataclass(frozen=True)
class Found:
    """Every unit of a layer by how well it follows a feature, and the probe of all together.

    Attributes:
        probe: None where the text is too short for one, and `no_probe` says so.
        top: how many units are listed.
    """

    asked: Asked
    measured: "Measured"
    units: "list[UnitScore]"
    probe: "Probe | None"
    no_probe: str
    top: int

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked, feature = self.asked, self.measured.feature
        yield from asked.headline(canvas)
        yield from titled(shown(feature.name), feature.explanation, canvas.width)
        yield from prose(self.measured.describe(), canvas.width)
        yield [("", "")]
        scale = "by rank: 1 or −1 follows it perfectly, 0 not at all"
        yield from titled(
            "units", f"{asked.name} of layer {asked.layer + 1}, {scale}", canvas.width
        )
        bars = [
            Bar(f"unit {one.unit}", abs(one.score), score_text(one.score))
            for one in self.units[: self.top]
        ]
        chart = bar_chart(bars, min(canvas.width, _BARS), ascii_only=canvas.ascii_only)
        yield from chart_lines(chart, canvas)
        yield [("", "")]
        yield from self._probe_lines(canvas)
        yield [("", "")]
        yield from self._excerpt(canvas)

    def _probe_lines(self, canvas: Canvas) -> Iterator[Line]:
        probe = self.probe
        if probe is None:
            yield from titled("probe", f"none: {self.no_probe}", canvas.width)
            return
        together = f"{len(probe.units):,} of {len(probe.weights):,} units together"
        about = f"{together}: {score_text(probe.held_out)} on held-out text"
        yield from titled("probe", about, canvas.width)
        control = f"{score_text(probe.control)} from shuffled labels"
        lengths = f"{probe.train_characters:,} characters, held out {probe.held_out_characters:,}"
        for line in prose(f"{control} · learnt {lengths}", canvas.width - 7, MUTED):
            yield [("       ", ""), *line]
        used = [f"{unit} {probe.weights[unit]:+.2f}" for unit in probe.units[:_PROBE_UNITS]]
        more = len(probe.units) - len(used)
        pieces = [(one.replace("-", "−"), "") for one in used]
        for line in wrapped(pieces + [(f"… {more:,} more", MUTED)] * (more > 0), canvas.width - 7):
            yield [("       ", ""), *line]

    def _excerpt(self, canvas: Canvas) -> Iterator[Line]:
        """The text, from a little before the feature first varies on, tinted by the first unit."""
        asked, best = self.asked, self.units[0]
        values = self.measured.values
        first = max(0, int((values != values[0]).argmax()) - _EXCERPT // 4)
        part = slice(first, first + _EXCERPT)
        course = asked.reading.values(asked.layer, asked.name)[:, best.unit]
        reach = Range.around(course)
        about = f"from character {first + 1:,} on · {reach.legend(canvas)}"
        yield from titled(f"unit {best.unit}", about, canvas.width)
        yield from tinted_text(asked.reading.text[part], course[part].tolist(), reach, canvas)

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        asked, feature, probe = self.asked, self.measured.feature, self.probe
        return {
            **asked.as_json(),
            "layer": asked.layer + 1,
            "show": asked.name,
            "feature": {
                "name": feature.name,
                "kind": feature.kind,
                "explanation": feature.explanation,
            },
            "units": [{"unit": one.unit, "score": one.score} for one in self.units],
            "probe": probe
            and {
                "held_out": probe.held_out,
                "control": probe.control,
                "train_characters": probe.train_characters,
                "held_out_characters": probe.held_out_characters,
                "weights": {str(unit): float(probe.weights[unit]) for unit in probe.units},
            },
            "no_probe": self.no_probe,
        }


def find(asked: Asked, given: dict[str, Any]) -> Found:
    """The units that follow the feature `given["find"]`, the best first."""
    measured = measure_feature(given["find"], asked.reading.text)
    units = rank_units(asked.reading, asked.layer, asked.name, measured)
    probe, no_probe = None, ""
    try:
        values = asked.reading.values(asked.layer, asked.name)
        probe = fit_probe(values, measured, 1 if asked.rng_seed is None else asked.rng_seed)
    except RnntermError as error:
        no_probe = str(error)
    return Found(asked, measured, units, probe, no_probe, given["top"] or DEFAULT_TOP)


def score_text(score: float) -> str:
    """A score as `.94` or `−.94`."""
    digits = f"{abs(score):.2f}"
    return ("−" if score < 0 and float(digits) else "") + (
        digits.removeprefix("0") if float(digits) else "0"
    )
