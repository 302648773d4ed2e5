"""`rnnterm explore --match`: other places of a corpus where the same units are on."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.explore.asked import Asked
from rnnterm.cli.explore.find import DEFAULT_TOP
from rnnterm.cli.explore.page import MUTED, Canvas, Line, prose, shown, wrapped
from rnnterm.errors import RnntermError, UsageError
from rnnterm.explore.matching import MOST_CHARACTERS, scan_corpus
from rnnterm.explore.selection import DEFAULT_THRESHOLD, NothingSelected, select_units
from rnnterm.explore.texts import open_text
from rnnterm.glyphs import columns
from rnnterm.quantities import counted

if TYPE_CHECKING:
    from rnnterm.explore.matching import Matches, Place
    from rnnterm.explore.selection import Selection

_SPAN = re.compile(r"(\d+):(\d+)", re.ASCII)
_TOLD_EVERY = 3.0  # seconds
_LONGEST = 24  # characters of a match that are shown
_UNITS = 12
_MATCH = "1;4"


@dataclass(frozen=True)
class Matched:
    """What a search found.

    Attributes:
        corpus: the name of the text that was searched.
        length: how many characters it has.
    """

    asked: Asked
    matches: "Matches"
    places: "list[Place]"
    corpus: str
    length: int

    def lines(self, canvas: Canvas) -> Iterator[Line]:
        """See `Answer.lines`."""
        asked, matches = self.asked, self.matches
        selection = matches.selection
        yield from asked.headline(canvas)
        yield [(f"characters {selection.start + 1}:{selection.stop}  ", ""),
               (_shortened(selection.text), _MATCH)]  # fmt: skip
        yield from _unit_lines(selection, canvas)
        share = self.matches.read / self.length
        searched = f"searched {matches.read:,} of {self.length:,} characters of {self.corpus}"
        above = f"({share:.0%}), above {matches.threshold:g}"
        yield from prose(f"{searched} {above}", canvas.width)
        yield [("", "")]
        if not self.places:
            yield from prose(self._why_empty(), canvas.width)
            return
        of = len(selection.units)
        heading = f"{'character':>11}  {'units':>7}  {'mean':>5}  "
        yield [(heading, MUTED)]
        for place in self.places:
            figures = f"{place.start + 1:>11,}  {len(place.units):>3}/{of:<3}  "
            mean = f"{place.strength:>5.2f}  ".replace("-", "−")
            room = canvas.width - columns(heading)
            yield [(figures + mean, ""), *self._context(place, room, canvas)]

    def _context(self, place: "Place", room: int, canvas: Canvas) -> Line:
        """A match within its line of text, marked by its style and by brackets."""
        ids, decode = self.matches.ids, self.asked.model.vocab.decode
        opening, closing = "[]" if canvas.ascii_only else "⟨⟩"
        found = _shortened(decode(ids[place.start : place.stop]))
        beside = max(0, room - columns(found) - 2)
        left = beside // 2
        before = shown(decode(ids[max(0, place.start - left) : place.start]))
        before = _fitting(before[::-1], left)[::-1]
        after = shown(decode(ids[place.stop : place.stop + beside]))
        return [
            (" " * (left - columns(before)) + before, ""),
            (opening + found + closing, _MATCH),
            (_fitting(after, beside - left), ""),
        ]

    def _why_empty(self) -> str:
        why, offered = self.matches.why_empty(), self.matches.offered
        return why if offered is None else f"{why} (--corpus-threshold {offered:g})"

    def as_json(self) -> dict[str, Any]:
        """See `Answer.as_json`."""
        asked, matches = self.asked, self.matches
        selection, decode = matches.selection, asked.model.vocab.decode
        return {
            **asked.as_json(),
            "layer": asked.layer + 1,
            "show": asked.name,
            "span": [selection.start + 1, selection.stop],
            "selected": selection.text,
            "threshold": selection.threshold,
            "bounded": selection.bounded,
            "units": [
                {"unit": int(unit), "sign": int(sign)}
                for unit, sign in zip(selection.units, selection.signs, strict=True)
            ],
            "corpus": self.corpus,
            "corpus_characters": self.length,
            "corpus_threshold": matches.threshold,
            "searched": matches.read,
            "needed": matches.needed,
            "places": [
                {
                    "start": place.start + 1,
                    "end": place.stop,
                    "units": list(place.units),
                    "mean": place.strength,
                    "before": decode(matches.ids[max(0, place.start - 40) : place.start]),
                    "text": decode(matches.ids[place.start : place.stop]),
                    "after": decode(matches.ids[place.stop : place.stop + 40]),
                }
                for place in self.places
            ],
            "why_empty": None if self.places else matches.why_empty(),
            "offered_threshold": None if self.places else matches.offered,
        }


def match(asked: Asked, given: dict[str, Any]) -> Matched:
    """Where else the units of the span `given["match"]`, such as `7:12`, are on."""
    threshold = DEFAULT_THRESHOLD if given["threshold"] is None else given["threshold"]
    try:
        selection = select_units(
            asked.reading, *_span(given["match"]), layer=asked.layer, name=asked.name,
            threshold=threshold, bounded=not given["open_ended"],
        )  # fmt: skip
    except NothingSelected as nothing:
        hint = "; --open-ended takes those" if nothing.throughout else ""
        raise RnntermError(f"{nothing}{hint}") from None
    material, note = open_text(asked.model, given["corpus"])
    if note:
        narrate(note)
    matches = _search(
        scan_corpus(
            asked.model, selection, material.ids, threshold=given["corpus_threshold"],
            most=given["characters"] or MOST_CHARACTERS,
        )
    )  # fmt: skip
    places = matches.best(given["top"] or DEFAULT_TOP)
    return Matched(asked, matches, places, material.corpus.name, len(material.ids))


def _span(written: str) -> tuple[int, int]:
    """The characters `start` to `stop` - 1, from 0, that `7:12` means."""
    span = _SPAN.fullmatch(written.strip())
    if span is None:
        raise UsageError(f"{written!r} is no span: write --match 7:12 for characters 7 to 12")
    return int(span[1]) - 1, int(span[2])


def _search(search: "Iterator[Matches]") -> "Matches":
    """Search to the end, or until Ctrl-C; either way what was found counts."""
    matches, told = None, time.monotonic()
    try:
        for matches in search:
            if time.monotonic() - told > _TOLD_EVERY and matches.coverage < 1:
                told = time.monotonic()
                so_far = "something found" if matches.best(1) else "nothing found yet"
                narrate(f"searched {matches.coverage:.0%}, {so_far}; Ctrl-C ends the search")
    except KeyboardInterrupt:
        if matches is None:
            raise
        narrate(f"ended at {matches.coverage:.0%} of the search")
    if matches is None:
        raise RnntermError("there is no text to search")
    return matches


def _unit_lines(selection: "Selection", canvas: Canvas) -> Iterator[Line]:
    count = len(selection.units)
    some = f"{counted(count, 'unit')} {'is' if count == 1 else 'are'}"
    more = f" ({selection.left_out:,} weaker ones left out)" if selection.left_out else ""
    beside = " and off beside it" if selection.bounded else ""
    which = f"{selection.name} of layer {selection.layer + 1} beyond {selection.threshold:g}{more}"
    yield from prose(f"{some} on throughout it{beside}: {which}", canvas.width)
    signed = zip(selection.units[:_UNITS], selection.signs, strict=False)
    pieces = [(f"{unit} {'+' if sign > 0 else '−'}", "") for unit, sign in signed]
    pieces += [(f"… {count - _UNITS} more", MUTED)] * (count > _UNITS)
    for line in wrapped(pieces, canvas.width - 2):
        yield [("  ", ""), *line]


def _shortened(text: str) -> str:
    return shown(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _fitting(text: str, room: int) -> str:
    """The beginning of a text that takes at most so many columns."""
    while columns(text) > room:
        text = text[: -max(1, (columns(text) - room) // 2)]
    return text
