"""Choosing what to forecast: the sine, the sunspots, or a column of a CSV file."""

from dataclasses import dataclass

from rnnterm.errors import UsageError
from rnnterm.forecast.series import STDIN, TimeSeries, open_header, open_series, sunspots
from rnnterm.forecast.table import NO_DATES
from rnnterm.tui.forecast.setup import Setup, Table
from rnnterm.tui.open_dialog import Offer, OpenDialog


@dataclass(frozen=True, eq=False)
class Opened:
    """A series that was chosen; of a sine there is nothing to open."""

    source: str
    series: TimeSeries | None = None
    table: Table | None = None

    def into(self, setup: Setup) -> Setup:
        """The same setup for this series; raises UsageError where its values do not suit it."""
        changed = setup.with_series(self.series, self.table, self.source)
        _ = changed.plan
        return changed


def open_dialog(setup: Setup) -> OpenDialog[Opened]:
    """The dialog that answers with what was chosen."""
    offers = (
        Offer("sine", "2,000 steps", "sin(0.02 t) and noise, which nobody can forecast"),
        Offer("sunspots", "2,820 months", "1749 to 1983, with a period of about 11 years"),
    )
    return OpenDialog("What is to be forecast?", offers, open_source, chosen=setup.source)


def open_source(source: str) -> Opened:
    """Open a bundled series or a file. Raises RnntermError or UsageError as `open_series`."""
    if source == "sine":
        return Opened(source)
    if source == "sunspots":
        return Opened(source, sunspots())
    if source == STDIN:
        raise UsageError("standard input is the keyboard here: name a CSV file")
    return open_table(source)


def open_table(source: str, column: str | None = None, dates: str | None = None) -> Opened:
    """Open a column of a CSV file; None for those that look like it."""
    header = open_header(source)
    series = open_series(source, column, dates)
    if dates is None:
        dates = NO_DATES if header.date is None else header.columns[header.date]
    return Opened(source, series, Table(source, header, series, series.unit, dates))
