"""Who reads what: a model of characters a text, or a forecaster a stretch of a series."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from rnnterm.errors import UsageError
from rnnterm.explore.reading import Reading
from rnnterm.explore.series import (
    SeriesReading,
    Stretch,
    place_of,
    read_series,
    remarks,
    stretch_before,
)
from rnnterm.explore.unrolled import Unrolled
from rnnterm.files import user_path
from rnnterm.forecast.forecaster import Forecaster
from rnnterm.forecast.modelfile import is_forecaster, load_forecaster
from rnnterm.forecast.remembered import remembered_series
from rnnterm.forecast.series import TimeSeries
from rnnterm.tui.hidden.reader import read_while
from rnnterm.tui.text.sample_voice import Voice

_QUICK = 2_000  # steps that are read before a person notices


class Subject(ABC):
    """A network, and what it is to read."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The network's name."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What is read."""

    @property
    @abstractmethod
    def is_quick(self) -> bool:
        """Whether it is read before a person notices."""

    @abstractmethod
    def has_reader_of(self, other: "Subject") -> bool:
        """Whether the same network reads."""

    @abstractmethod
    def read(self, before: Unrolled | None, is_wanted: Callable[[], bool]) -> Unrolled | None:
        """Read it, as long as it is wanted; None once it is not.

        Where it begins with what was read `before`, that need not be read again.

        Raises RnntermError for what cannot be read.
        """

    @abstractmethod
    def told(self, reading: Unrolled) -> str:
        """What a person should know of the reading; mostly nothing."""


@dataclass(frozen=True)
class Source:
    """A text to read, and where it is from, such as `typed` or `live sample`."""

    label: str
    text: str


@dataclass(frozen=True)
class TextSubject(Subject):
    """A model of characters reads a text."""

    voice: Voice
    source: Source

    @property
    def title(self) -> str:
        """See `Subject`, as for all below."""
        return self.voice.title

    @property
    def label(self) -> str:
        return self.source.label

    @property
    def is_quick(self) -> bool:
        return len(self.source.text) <= _QUICK

    def has_reader_of(self, other: Subject) -> bool:
        return isinstance(other, TextSubject) and self.voice.model is other.voice.model

    def read(self, before: Unrolled | None, is_wanted: Callable[[], bool]) -> Unrolled | None:
        text = self.source.text
        if isinstance(before, Reading) and self._goes_on(before):
            return before.extended(text[len(before) :])
        return read_while(self.voice.model, text, is_wanted)

    def _goes_on(self, before: Reading) -> bool:
        """Whether the text begins with what its model has read already."""
        text = self.source.text
        return (
            before.model is self.voice.model
            and not before.unknown
            and len(text) > len(before)
            and text.startswith(before.text)
        )

    def told(self, reading: Unrolled) -> str:
        assert isinstance(reading, Reading)
        parts = []
        if reading.unknown:
            shown = reading.unknown[:20] + ("…" if len(reading.unknown) > 20 else "")
            parts.append(f"passed over, for the model does not know them: {shown}")
        if reading.left_out:
            parts.append(f"too long by {reading.left_out:,} characters: {len(reading):,} are read")
        return " · ".join(parts)


@dataclass(frozen=True, eq=False)
class SeriesSubject(Subject):
    """A forecaster reads a stretch of a series.

    Attributes:
        place: the index of the value whose forecast is looked at first.
    """

    forecaster: Forecaster
    series: TimeSeries
    stretch: Stretch
    place: int

    @classmethod
    def of(
        cls,
        forecaster: Forecaster,
        series: TimeSeries,
        place: int | None = None,
        count: int | None = None,
    ) -> "SeriesSubject":
        """For the forecast of the value at an index, else for that beyond the end.

        Raises UsageError where there is no such forecast.
        """
        place = len(series) if place is None else place
        return cls(forecaster, series, stretch_before(forecaster, series, place, count), place)

    def elsewhere(self, written: str) -> "SeriesSubject":
        """For the forecast that a person names, such as `1980-03`, or `1980-03 500` values.

        Raises UsageError for what is no forecast of this series.
        """
        when, _, count = written.strip().partition(" ")
        if count and not (count.strip().isascii() and count.strip().isdecimal()):
            raise UsageError(f"how many values to read must be a whole number, not {count!r}")
        many = int(count.strip()[:9]) if count else None
        place = place_of(self.series, when)
        return self.of(self.forecaster, self.series, place, many)

    @property
    def first_step(self) -> int:
        """The step whose forecast is looked at first."""
        return max(0, self.place - 1 - self.stretch.start)

    @property
    def title(self) -> str:
        """See `Subject`, as for all below."""
        return f"{self.forecaster.training.series} forecaster"

    @property
    def label(self) -> str:
        name, steps = self.series.name, self.series.steps
        span = f"{steps.label(self.stretch.start)} to {steps.label(self.stretch.stop - 1)}"
        return f"{name} {span}"

    @property
    def is_quick(self) -> bool:
        return self.stretch.stop - self.stretch.start <= _QUICK

    def has_reader_of(self, other: Subject) -> bool:
        return isinstance(other, SeriesSubject) and self.forecaster is other.forecaster

    def read(self, before: Unrolled | None, is_wanted: Callable[[], bool]) -> SeriesReading:
        return read_series(self.forecaster, self.series, self.stretch)

    def told(self, reading: Unrolled) -> str:
        assert isinstance(reading, SeriesReading)
        return " · ".join(remarks(reading))


def open_forecaster(path: str) -> SeriesSubject | None:
    """The forecaster that was kept in a file, and the series it learnt; None where it is no such.

    Raises RnntermError where it is damaged, or its series is not at hand.
    """
    file = user_path(path)
    if not is_forecaster(file):
        return None
    forecaster = load_forecaster(file)
    return SeriesSubject.of(forecaster, remembered_series(forecaster))
