"""What is done with a forecaster that has learnt: kept in a file, taken from one, looked into."""

from abc import abstractmethod
from dataclasses import dataclass

from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import failing_as, user_path, write_atomically
from rnnterm.forecast.answer import forecast_again
from rnnterm.forecast.modelfile import forecaster_from_bytes, load_forecaster
from rnnterm.forecast.outcome import forecast_csv
from rnnterm.forecast.result import ForecastResult
from rnnterm.forecast.series import TimeSeries
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.forecast.setup import Setup
from rnnterm.tui.help import key_of
from rnnterm.tui.open_dialog import OpenDialog
from rnnterm.tui.tabs import TabContent

MODEL, TABLE = ".safetensors", ".csv"
"""The endings of what can be written."""


@dataclass(frozen=True, eq=False)
class Finished:
    """A forecaster that has learnt, and what it said.

    Attributes:
        setup: by what it learnt.
        read: the index of the step that is read off; None for none.
    """

    result: ForecastResult
    setup: Setup
    read: int | None


@dataclass(frozen=True, eq=False)
class Again:
    """What a forecaster from a file says about a series, which it learnt or not."""

    result: ForecastResult
    setup: Setup
    learnt: str


class KeepingTab(TabContent):
    """The actions for which something must have learnt."""

    @property
    @abstractmethod
    def setup(self) -> Setup:
        """What is asked for now."""

    @property
    @abstractmethod
    def finished(self) -> Finished | None:
        """What has learnt; None where nothing has."""

    @abstractmethod
    def take_again(self, again: Again) -> None:
        """Show what a forecaster from a file says."""

    @abstractmethod
    def fail(self, error: str) -> None:
        """Say what is wrong."""

    def _must_have_learnt(self) -> Finished | None:
        """What has learnt; else it is said how that is done."""
        finished = self.finished
        if finished is None:
            key = key_of("forecast.start", self.app.settings)  # type: ignore[attr-defined]
            self.fail(f"nothing is learnt yet: {key} starts it")
        return finished

    def action_save(self) -> None:
        """See the action table, as for all below."""
        self._ask_to_write("Keep the forecaster in a new file:", MODEL)

    def action_export(self) -> None:
        self._ask_to_write("Write all forecasts to a new table:", TABLE)

    def _ask_to_write(self, question: str, suffix: str) -> None:
        finished = self._must_have_learnt()
        if finished is None:
            return
        result, series = finished.result, finished.setup.series

        def write(name: str) -> None:
            write_kept(name, suffix, result, series)

        def written(name: str | None) -> None:
            if name is not None:
                self.app.say(f"wrote {name}")  # type: ignore[attr-defined]

        self.app.push_screen(Ask(question, usual_name(series, suffix), write), written)

    def action_load(self) -> None:
        setup = self.setup

        def taken(again: Again | None) -> None:
            if again is None:
                return
            self.take_again(again)
            if not again.result.split:
                told = f"it learnt {again.learnt}: all of {setup.series.name} is a test"
                self.app.say(told)  # type: ignore[attr-defined]

        question = f"Which forecaster is to forecast {setup.series.name}?"
        dialog = OpenDialog(question, (), lambda path: load_again(path, setup), suffix=MODEL)
        self.app.push_screen(dialog, taken)

    def action_explore(self) -> None:
        finished = self._must_have_learnt()
        if finished is None:
            return
        from rnnterm.tui.hidden.subject import SeriesSubject

        series, read = finished.setup.series, finished.read
        place = len(series) if read is None else min(read, len(series))
        try:
            forecaster = forecaster_from_bytes(finished.result.model)
            subject = SeriesSubject.of(forecaster, series, place)
        except RnntermError as error:
            self.fail(str(error))
            return
        self.app.explore_forecaster(subject)  # type: ignore[attr-defined]


def load_again(path: str, setup: Setup) -> Again:
    """What the forecaster in a file says about the series of a setup.

    Raises RnntermError where it cannot be used, UsageError where it does not suit the series.
    """
    forecaster, series = load_forecaster(user_path(path)), setup.series
    result = forecast_again(forecaster, series.name, series.values)
    learnt = setup.with_learnt(forecaster.plan, result.split)
    return Again(result, learnt, forecaster.training.series)


def usual_name(series: TimeSeries, suffix: str) -> str:
    """What a file of a series' forecast may be called."""
    return f"{series.name.removesuffix('.csv')}-forecast{suffix}"


def write_kept(name: str, suffix: str, result: ForecastResult, series: TimeSeries) -> None:
    """Write a new file: the forecaster, or the table.

    Raises UsageError where something is in the way, RnntermError where it cannot be written.
    """
    path = user_path(name.strip())
    if path.suffix != suffix:
        raise UsageError(f"the file's name must end in {suffix}")
    if path.exists():
        raise UsageError(f"{path} is there already: name another")
    data = result.model if suffix == MODEL else forecast_csv(result, series)
    with failing_as(f"cannot write {path}"):
        write_atomically(path, data)
