"""The tab Forecast: values, a training that is watched, and what comes of it."""

import asyncio
import threading
from pathlib import Path

import pytest
from made_forecast import MadeTraining
from made_forecasters import forecaster
from test_snapshots import SIZES, check, screen_of
from textual.app import App
from textual.widgets import Input, Static
from waiting import until

from rnnterm import tui
from rnnterm.forecast.events import Failed
from rnnterm.forecast.modelfile import save_forecaster
from rnnterm.forecast.series import noisy_sine
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.forecast import learning
from rnnterm.tui.forecast.chart import ForecastChart
from rnnterm.tui.forecast.tab import ForecastTab
from rnnterm.tui.forecast.view import Values
from rnnterm.tui.widgets.rows import Rows

CSV = "when,shop,[/red]\n" + "".join(
    f"{2000 + at // 12}-{at % 12 + 1:02},{at % 7},{at % 5}\n" for at in range(60)
)


@pytest.fixture(autouse=True)
def training(monkeypatch):
    monkeypatch.setattr(learning, "ForecastProcess", MadeTraining)
    monkeypatch.setattr(MadeTraining, "may_end", threading.Event())
    monkeypatch.setattr(MadeTraining, "requests", [])
    monkeypatch.setattr(MadeTraining, "ended", 0)
    monkeypatch.setattr(MadeTraining, "error", None)


class Screen:
    """The app on the tab Forecast."""

    def __init__(self, pilot):
        self.pilot, self.app = pilot, pilot.app

    @property
    def tab(self):
        return self.app.query_one(ForecastTab)

    def text(self, name):
        widget = self.tab.query_one(f"#forecast-{name}")
        return widget.text if isinstance(widget, Rows) else str(widget.content)

    @property
    def values(self):
        setup = self.tab.setup
        return {name: setup.value(name) for name in setup.names}

    async def see(self, name, *parts):
        await until(self.pilot, lambda: all(part in self.text(name) for part in parts))

    async def press(self, *keys):
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def go_to(self, name):
        names = list(self.values)
        now = names.index(self.tab.query_one(Values).cursor.name)
        by = names.index(name) - now
        await self.press(*["down" if by > 0 else "up"] * abs(by))


class Alone(App):
    """The tab without the others, which take a second to come."""

    CSS_PATH = Path(tui.__file__).with_name("styles.tcss")
    HORIZONTAL_BREAKPOINTS = RnntermApp.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = RnntermApp.VERTICAL_BREAKPOINTS

    def __init__(self, settings):
        super().__init__()
        self.settings = settings

    def compose(self):
        yield ForecastTab(id="forecast-tab")

    def on_mount(self):
        self.query_one(ForecastTab).take_focus()

    def say(self, line):
        self.notify(line, markup=False)


def use(act, size=(80, 24), kind=Alone, **settings):
    async def run():
        told = Settings(corpus="othello", **settings)
        app = Alone(told) if kind is Alone else RnntermApp(told, MadeTraining.root)
        async with app.run_test(size=size) as pilot:
            await pilot.press(*([] if kind is Alone else ["3"]))
            await pilot.pause()
            await act(Screen(pilot))

    asyncio.run(run())


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(MadeTraining, "root", tmp_path / "runs", raising=False)


def test_it_learns_tells_and_keeps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def act(screen):
        assert "not learnt yet" in screen.text("head")
        await screen.press("w")
        await screen.see("line", "nothing is learnt yet")
        await screen.press("g")
        await screen.see("head", "epoch 3/9")
        await screen.see("loss", "train 0.3333", "val 0.5")
        blank = screen.text("chart")
        MadeTraining.may_end.set()
        await screen.see("head", "learnt in 1.5 s")
        assert screen.text("chart") != blank
        await screen.see("text", "does not beat", "last value", "test RMSE")
        await screen.see("line", "next 2000: ", "intervals held 90.0%")
        assert "90% interval" in screen.text("legend")
        await screen.press("d")
        assert screen.tab.query_one("#forecast-loss").display
        await screen.press("w")
        screen.app.screen.query_one(Input).value = "kept.safetensors"
        await screen.press("enter")
        assert (tmp_path / "kept.safetensors").read_bytes() == b"a forecaster"
        await screen.press("c", "enter")
        rows = (tmp_path / "sine-forecast.csv").read_text().splitlines()
        assert len(rows) == 1 + 2000 + 120
        await screen.press("c", "enter")  # which is there by now
        error = screen.app.screen.query_one(".dialog-error", Static)
        assert "there already" in str(error.content)

    use(act)
    assert len(MadeTraining.requests) == 1


def test_the_sine_changes_while_it_is_watched():
    async def act(screen):
        await screen.go_to("frequency")
        still = screen.text("chart")
        await screen.press("right")
        assert screen.values["frequency"] == "0.025"
        assert screen.text("chart") != still
        assert not MadeTraining.requests  # nothing learns before it is told to
        await screen.press("g")
        await screen.see("head", "epoch 3/9")
        await screen.go_to("noise")
        await screen.press("left", "left", "left")
        await until(screen.pilot, lambda: len(MadeTraining.requests) == 2)
        assert MadeTraining.ended == 1
        assert MadeTraining.requests[1].values.max() < 1.75
        MadeTraining.may_end.set()
        await screen.see("head", "learnt")
        await screen.go_to("units")
        await screen.press("right")
        await screen.see("line", "values have changed: g learns anew")
        await screen.see("text", "last value")
        await screen.go_to("points")  # of another series the result says nothing
        await screen.press("right")
        await screen.see("head", "not learnt yet")

    use(act)


def test_typed_values_are_checked_in_place():
    async def act(screen):
        await screen.go_to("window")
        await screen.press("enter")
        screen.app.screen.query_one(Input).value = "99999"
        await screen.press("enter")
        error = screen.app.screen.query_one(".dialog-error", Static)
        await until(screen.pilot, lambda: "window and horizon" in str(error.content))
        screen.app.screen.query_one(Input).value = "16"
        await screen.press("enter")
        assert screen.values["window"] == "16"
        await screen.press("backspace")
        assert screen.values["window"] == "64"
        await screen.go_to("seeds")
        await screen.press(*["left"] * 6)
        await screen.see("line", "seeds must be a whole number from 1")
        await screen.press("r")
        assert screen.values["recipe"] == "sine-tutorial"
        assert (screen.values["cell"], screen.values["window"]) == ("rnn", "4")
        await screen.see("text", "As published")

    use(act)


def test_faults_are_named_and_a_failure_is_told():
    async def act(screen):
        await screen.press("r", "g")
        MadeTraining.may_end.set()
        await screen.see("text", "fault 1: leaking scaler: it saw the test part, [/red] all of it")
        await screen.see("line", "faults (", "tells): leaking scaler")
        MadeTraining.error = Failed("the loss became NaN [/x]")
        await screen.press("g")
        await screen.see("line", "the loss became NaN [/x]")
        await screen.see("head", "failed")

    use(act, size=(200, 50))


def test_stopping_and_leaving_end_the_training():
    async def act(screen):
        await screen.press("g")
        await screen.see("head", "epoch 3/9")
        await screen.press("1", "3")  # another tab changes nothing
        await screen.see("head", "epoch 3/9")
        assert MadeTraining.ended == 0
        await screen.press("x")
        await screen.see("head", "not learnt yet")
        assert MadeTraining.ended == 1
        await screen.press("g")
        await screen.see("head", "epoch 3/9")

    use(act, kind=RnntermApp)
    assert MadeTraining.ended == 2


def test_a_table_and_its_columns(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(CSV.replace("2000-04,3,", "2000-04,,"))

    async def act(screen):
        await screen.press("o", "end", "enter")
        screen.app.screen.query_one(Input).value = str(tmp_path / "gone.csv")
        await screen.press("enter")
        error = screen.app.screen.query_one(".dialog-error", Static)
        await until(screen.pilot, lambda: "no series" in str(error.content))
        screen.app.screen.query_one(Input).value = str(path)
        await screen.press("enter")
        await screen.see("head", "shop.csv · 60 months, 2000-01 to 2004-12")
        assert (screen.values["column"], screen.values["dates"]) == ("shop", "when")
        await screen.see("text", "note: 1 missing value filled", "2000-04")
        await screen.go_to("column")
        await screen.press("right")
        await until(screen.pilot, lambda: screen.values["column"] == "[/red]")
        await screen.go_to("dates")
        await screen.press("left")
        await until(screen.pilot, lambda: screen.values["dates"] == "none")
        await screen.see("head", "60 steps")

    use(act)


def test_the_mouse_reads_off_and_changes(tmp_path):
    async def act(screen):
        await screen.pilot.click(ForecastChart, offset=(30, 3))
        await screen.see("line", "value")
        await screen.press("v")
        await screen.pilot.click(Values, offset=(4, 5))
        assert screen.tab.query_one(Values).cursor.name == "recipe"
        await screen.pilot.click(Values, offset=(4, 5))
        assert screen.values["recipe"] == "sine-tutorial"
        await screen.press("full_stop", "comma")
        await screen.see("line", "1998 · value")

    use(act)


def test_it_survives_any_size():
    async def act(screen):
        await screen.press("g")
        MadeTraining.may_end.set()
        await screen.see("head", "learnt")
        for size in ((1, 1), (20, 5), (300, 80), (80, 24)):
            await screen.pilot.resize_terminal(*size)
            await screen.pilot.pause()
        await screen.see("text", "last value")

    use(act, ascii=True)


def test_a_kept_forecaster_forecasts_again(tmp_path):
    sine = noisy_sine()
    path = tmp_path / "kept.safetensors"
    save_forecaster(path, forecaster(series="sine", values=sine.values, units=5))

    async def load(screen, name):
        await screen.press("l")
        field = screen.app.screen.query_one(Input)
        field.focus()
        field.value = str(name)
        await screen.press("enter")

    async def act(screen):
        await load(screen, tmp_path / "gone.safetensors")
        error = screen.app.screen.query_one(".dialog-error", Static)
        await until(screen.pilot, lambda: "no forecaster" in str(error.content))
        await screen.press("escape")
        await load(screen, path)
        await screen.see("head", "learnt before")
        await screen.see("line", "next 2000: ")
        assert (screen.values["units"], screen.values["window"]) == ("5", "8")
        assert not MadeTraining.requests
        await screen.press("w")
        screen.app.screen.query_one(Input).value = str(tmp_path / "again.safetensors")
        await screen.press("enter")
        assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
        await screen.press("right")  # another series, which it did not learn
        await load(screen, path)
        await screen.see("text", "The network")
        await until(screen.pilot, lambda: screen.app._notifications)
        said = [note.message for note in screen.app._notifications]
        assert "it learnt sine: all of sunspots is a test" in said
        MadeTraining.may_end.set()
        await screen.press("g")
        await screen.see("head", "learnt in")
        assert MadeTraining.requests[0].plan.units == 5

    use(act)


@pytest.mark.parametrize("size", SIZES)
def test_what_it_shows_at_the_end(size, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)

    async def act(screen):
        await screen.press("right", "g")  # the sunspots
        MadeTraining.may_end.set()
        await screen.see("head", "learnt")
        await screen.pilot.pause()
        check("forecast-{}x{}".format(*size), screen_of(screen.app))

    use(act, size=size)
