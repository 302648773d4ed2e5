"""Features of a text: one number a character, to look for units that follow them.

A feature is known from the text alone and looks as a reader sees it: a place's value may depend on
what comes after it (a line that turns out to be a speaker's name), unlike anything a network knows.
T is the number of characters.
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import numpy as np
import numpy.typing as npt

from rnnterm.errors import RnntermError, UsageError
from rnnterm.explore.patterns import find_spans
from rnnterm.nn.softmax import Doubles

Kind = Literal["yes-no", "number"]
Spans = list[tuple[int, int]]

_OPENING, _CLOSING = "“«„", "”»"
_STRAIGHT = '"'
_URL = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>\"]+", re.IGNORECASE)
_SPEAKER = re.compile(r"^[^\W\d_][^\n:]{0,40}:(?=[ \t]*$)", re.MULTILINE)
_WORD = re.compile(r"[^\W_](?:[^\W_]|['’](?=[^\W_]))*")


@dataclass(frozen=True)
class Feature:
    """What can be asked of every character of a text.

    Attributes:
        name: how people call it.
        kind: `yes-no` has the values 0 and 1.
        explanation: what is counted, in a line.
        measure: from a text to its values, shape (T,).
    """

    name: str
    kind: Kind
    explanation: str
    measure: Callable[[str], Doubles]


@dataclass(frozen=True, eq=False)
class Measured:
    """A feature's values over one text; they are not all the same.

    Attributes:
        values: shape (T,).
    """

    feature: Feature
    values: Doubles

    @property
    def is_binary(self) -> bool:
        """Whether the values are 0 and 1."""
        return self.feature.kind == "yes-no"

    def describe(self) -> str:
        """How the values are spread, such as `yes at 41 of 200 characters`."""
        if self.is_binary:
            return f"yes at {int(self.values.sum()):,} of {len(self.values):,} characters"
        return f"from {self.values.min():g} to {self.values.max():g}"


def measure_feature(asked: str, text: str) -> Measured:
    """The feature that `asked` names, or `/PATTERN/`, over a text.

    A pattern is a regular expression of Python's; the characters inside its matches are the ones.

    Raises UsageError for an unknown name or a wrong pattern, RnntermError where every character of
    the text has the same value, so that nothing could follow it.
    """
    feature = find_feature(asked)
    values = feature.measure(text)
    if len(values) == 0 or values.min() == values.max():
        raise RnntermError(_unvarying(feature, values))
    return Measured(feature, values)


def find_feature(asked: str) -> Feature:
    """The feature of that name, or the one that `/PATTERN/` means; raises UsageError for none."""
    if len(asked) > 1 and asked.startswith("/") and asked.endswith("/"):
        return pattern_feature(asked[1:-1])
    if asked not in FEATURES:
        raise UsageError(
            f"there is no feature {asked!r}: name one of {', '.join(FEATURES)}, or write a regular "
            "expression between slashes"
        )
    return FEATURES[asked]


def pattern_feature(pattern: str) -> Feature:
    """Whether a character lies inside a match of a person's own regular expression.

    `^` and `$` match at line ends. Raises UsageError for a pattern that is not one.
    """
    if not pattern:
        raise UsageError(
            "the regular expression is empty: write one between slashes, as in /[.?!]/"
        )
    try:
        with (
            warnings.catch_warnings()
        ):  # that a pattern looks odd (`[[a]`) is no news to its writer
            warnings.simplefilter("ignore")
            re.compile(pattern, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        place = getattr(error, "pos", None)
        where = "" if place is None else f" at character {place + 1}"
        why = getattr(error, "msg", None) or "it is too large"
        raise UsageError(f"the regular expression /{pattern}/ is wrong{where}: {why}") from None
    return Feature(
        f"/{pattern}/",
        "yes-no",
        "inside a match of your regular expression",
        lambda text: _inside(text, find_spans(pattern, text)),
    )


def _unvarying(feature: Feature, values: Doubles) -> str:
    if feature.kind == "number":
        return f"{feature.name} never varies in this text: choose another feature or a longer text"
    some = "every" if len(values) and values[0] else "no"
    return (
        f"{some} character of this text is {feature.explanation}: there is nothing to tell apart; "
        f"choose another text, or another feature than {feature.name}"
    )


def _inside(text: str, spans: Spans) -> Doubles:
    values = np.zeros(len(text))
    for start, stop in spans:
        values[start:stop] = 1
    return values


def _each(is_so: Callable[[str], bool]) -> Callable[[str], Doubles]:
    """Of a question about a character, the answers for a text."""

    def measure(text: str) -> Doubles:
        answers = {char: float(is_so(char)) for char in set(text)}
        return np.array([answers[char] for char in text])

    return measure


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Doubles]:
    return lambda text: _inside(text, [match.span() for match in pattern.finditer(text)])


def _quotes(text: str) -> Doubles:
    """1 from an opening quotation mark to the character before the closing one."""
    return np.fromiter(_quote_states(text), np.float64, len(text))


def _quote_states(text: str) -> Iterator[bool]:
    is_open, before = False, ""
    for char in text:
        if char in _OPENING:
            is_open = True
        elif char in _CLOSING:
            is_open = False
        elif char == _STRAIGHT:
            is_open = not is_open
        elif char == before == "\n":  # a quotation that nobody closed ends with its paragraph
            is_open = False
        before = char
        yield is_open


def _starts(text: str) -> npt.NDArray[np.intp]:
    """For each character, where its line begins; shape (T,)."""
    places = np.arange(len(text))
    follows_end = np.array([True, *(char == "\n" for char in text[:-1])])[: len(text)]
    starts: npt.NDArray[np.intp] = np.maximum.accumulate(np.where(follows_end, places, 0))
    return starts


def _line_position(text: str) -> Doubles:
    return (np.arange(len(text)) - _starts(text)).astype(np.float64)


def _indentation(text: str) -> Doubles:
    """Blanks at the beginning of the line so far; a tab counts as four."""
    depths, depth, is_leading = np.zeros(len(text)), 0, True
    for place, char in enumerate(text):
        is_leading = is_leading and char in " \t"
        depth += (4 if char == "\t" else 1) if is_leading else 0
        depths[place] = depth
        if char == "\n":
            depth, is_leading = 0, True
    return depths


def _bracket_depth(text: str) -> Doubles:
    """Open brackets of any kind after each character; never below zero."""
    turns = ((char in "([{") - (char in ")]}") for char in text)
    depths = accumulate(turns, lambda depth, turn: max(0, depth + turn), initial=0)
    return np.fromiter(depths, np.float64, len(text) + 1)[1:]


def _word_position(text: str) -> Doubles:
    """1 for a word's first character, 2 for its second, 0 between words."""
    places = np.zeros(len(text))
    for match in _WORD.finditer(text):
        places[match.start() : match.end()] = np.arange(1, match.end() - match.start() + 1)
    return places


def _is_vowel(char: str) -> bool:
    return unicodedata.normalize("NFD", char)[0].lower() in "aeiou"


FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("quotes", "yes-no", 'inside "quotation marks", straight or curly', _quotes),
        Feature("speaker", "yes-no", "inside a line that ends in a colon, a speaker's name",
                _matches(_SPEAKER)),
        Feature("url", "yes-no", "inside a web address", _matches(_URL)),
        Feature("brackets", "number", "how many (, [ and { are open", _bracket_depth),
        Feature("indentation", "number", "blanks at the beginning of the line", _indentation),
        Feature("line-position", "number", "characters since the line began", _line_position),
        Feature("word-position", "number", "which character of a word, 0 between words",
                _word_position),
        Feature("after-newline", "yes-no", "the first character of a line",
                lambda text: (_line_position(text) == 0).astype(np.float64)),
        Feature("newline", "yes-no", "the end of a line", _each(lambda char: char == "\n")),
        Feature("space", "yes-no", "a blank", _each(lambda char: char == " ")),
        Feature("vowel", "yes-no", "a, e, i, o or u, with or without accents", _each(_is_vowel)),
        Feature("capital", "yes-no", "a capital letter", _each(str.isupper)),
        Feature("digit", "yes-no", "a digit", _each(str.isdigit)),
        Feature("punctuation", "yes-no", "punctuation of any kind",
                _each(lambda char: unicodedata.category(char).startswith("P"))),
    )
}  # fmt: skip
"""What can be looked for, by name."""
