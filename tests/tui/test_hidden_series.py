"""A forecaster's cells on the tab Hidden state: values in the place of characters."""

import asyncio
import threading

import numpy as np
import pytest
from hidden_screen import drawn, drive, error_of, made_model, shown, told
from made_forecast import MadeTraining
from made_forecasters import VALUES, forecaster
from test_snapshots import check, screen_of
from textual.widgets import Input, OptionList, Static
from waiting import until

from rnnterm.explore.equations import number
from rnnterm.explore.series import SeriesReading
from rnnterm.forecast.modelfile import forecaster_bytes, save_forecaster
from rnnterm.forecast.series import TimeSeries, noisy_sine, sunspots
from rnnterm.forecast.steps import Steps
from rnnterm.nn.modelfile import save_model
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.forecast import learning
from rnnterm.tui.forecast.tab import ForecastTab
from rnnterm.tui.hidden.series_view import SeriesView
from rnnterm.tui.hidden.stage import Stage
from rnnterm.tui.hidden.subject import SeriesSubject
from rnnterm.tui.hidden.tab import HiddenTab
from rnnterm.tui.hidden.text_view import TintedText
from rnnterm.tui.hidden.unit_map import GUTTER, UnitMap

MONTHS = TimeSeries("waves", VALUES, Steps("month", 360))  # from 2000-01 on


async def open_one(pilot, tab, one=None, series=MONTHS, place=None):
    """Have the tab look into a forecaster."""
    subject = SeriesSubject.of(one or forecaster(), series, place)
    tab.open_forecaster(subject)
    await until(pilot, lambda: tab.subject is subject and is_series(tab) and drawn(tab))


def is_series(tab):
    return isinstance(tab.scene.reading, SeriesReading)


async def choose_file(pilot, path):
    """Name a file in the dialog that asks for a model."""
    await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
    field = pilot.app.screen.query_one(Input)
    field.focus()
    field.value = str(path)
    await pilot.press("enter")


def test_keys_and_mouse_walk_over_values(tmp_path):
    async def steps(pilot, tab):
        await open_one(pilot, tab)
        assert told(tab).startswith("waves forecaster · network 1/3 · h")
        assert told(tab).endswith("step 8/8")
        rows, reading = shown(tab, "equations"), tab.scene.reading
        for part in (f"after 2013-04: {VALUES[-1]:.4g}", "ŷ =", "next 2013-05:", "units add to",
                     f"{float(reading.forecasts[-1]):.4g}"):  # fmt: skip
            assert part in rows
        await pilot.press("left")
        assert f"◂ {VALUES[-1]:.4g} came" in shown(tab, "equations")
        assert "warming up: 7 of 8 values" in shown(tab, "equations")
        await pilot.press("home", "right", "right")
        assert tab.eye.step == 2
        await pilot.press("y")
        await until(pilot, lambda: tab.scene.layer == 1)
        assert "network 2/3" in told(tab)
        np.testing.assert_array_equal(tab.scene.values, reading.values(1, "h"))
        await pilot.press("v")
        await until(pilot, lambda: tab.scene.name == "c" and drawn(tab))
        await pilot.click(SeriesView, offset=(2 + GUTTER + 3, 1))
        assert tab.eye.step == 3
        await pilot.click(SeriesView, offset=(2 + GUTTER + 30, 1))  # beside the values
        assert tab.eye.step == 3
        await pilot.click(UnitMap, offset=(GUTTER + 5, 0))
        assert tab.eye.step == 5
        view = tab.query_one(SeriesView)
        line = view.render_line(view.size.height - 1).text
        assert line.split()[0] == number(VALUES[-8:].min())
        await open_one(pilot, tab, forecaster("sine-tutorial", seeds=1))
        notice = str(tab.query_one("#hidden-notice", Static).content)
        assert "recurrent weights U meet a state of zeros" in notice
        assert len(view.tints) == 4
        await pilot.click(SeriesView, offset=(2 + GUTTER, 1))
        assert told(tab).endswith("step 1/1")

    drive(tmp_path, steps)


def test_tools_for_texts_say_so_and_texts_come_back(tmp_path):
    spots = sunspots()
    kept = forecaster(series="sunspots", values=spots.values)
    save_forecaster(tmp_path / "kept.safetensors", kept)
    save_forecaster(tmp_path / "other.safetensors", forecaster())

    async def steps(pilot, tab):
        await pilot.press("g")  # a tool for texts, which a series closes
        await open_one(pilot, tab)
        for key, name in [("f", "Find units"), ("m", "Match a span"), ("c", "Intervene"),
                          ("g", "Gradients"), ("k", "Compare")]:  # fmt: skip
            await pilot.press(key)
            said = [note.message for note in pilot.app._notifications]
            assert any(one.startswith(f"{name} is not for a series") for one in said)
            assert len(pilot.app.screen_stack) == 1
        await pilot.press("a")
        assert "share of steps" in shown(tab, "gates")
        await pilot.press("o")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        first = pilot.app.screen.query_one(OptionList).get_option_at_index(0)
        assert "waves forecaster" in str(first.prompt)
        await choose_file(pilot, tmp_path / "tiny.safetensors")
        await until(pilot, lambda: tab.voice and drawn(tab))
        assert "layer 1/2" in told(tab)
        assert tab.query_one(TintedText).display
        await pilot.press("f")  # which asks for a feature
        await until(pilot, lambda: len(pilot.app.screen_stack) == 2)
        await pilot.press("escape", "o")
        await choose_file(pilot, tmp_path / "other.safetensors")
        await until(pilot, lambda: "not kept with it" in error_of(pilot))
        await choose_file(pilot, tmp_path / "kept.safetensors")
        await until(pilot, lambda: is_series(tab) and drawn(tab))
        assert not tab.query_one(TintedText).display
        assert "after 1983-12: 33.4" in shown(tab, "equations")

    drive(tmp_path, steps)


def test_another_stretch_on_a_narrow_screen(tmp_path):
    sine = noisy_sine()

    async def steps(pilot, tab):
        await open_one(pilot, tab)
        await pilot.press("t")
        field = pilot.app.screen.query_one(Input)
        assert field.value == "2013-05"
        for wrong, why in [
            ("2050-01", "no step"), ("2000-02", "reads 8 values before it"),
            ("2010-01 x", "whole number"), ("2010-01 999", "120 values"),
        ]:  # fmt: skip
            field.value = wrong
            await pilot.press("enter")
            assert why in error_of(pilot)
        field.value = "2010-01 100"
        await pilot.press("enter")
        await until(pilot, lambda: len(tab.scene.reading) == 100 and drawn(tab))
        assert tab.eye.step == 99
        assert tab.subject.label == "waves 2001-09 to 2009-12"
        assert "starts anew" in str(tab.query_one("#hidden-notice", Static).content)
        await pilot.press("home", "pagedown")
        assert tab.eye.step == tab.query_one(SeriesView).values_in_sight
        one = forecaster(series="sine", values=sine.values, window=64, units=8, seeds=2)
        await open_one(pilot, tab, one, sine, 64 * 30 + 63)  # the last forecast of its piece
        await pilot.press("left")
        await until(pilot, lambda: "step 126/127" in told(tab))
        await until(pilot, lambda: "2 steps a column" in tab.query_one(Stage).border_subtitle)
        await pilot.pause()
        check("hidden-series-80x24", screen_of(pilot.app))

    drive(tmp_path, steps, size=(80, 24))


def test_from_the_tab_forecast(tmp_path, monkeypatch):
    sine = noisy_sine()
    one = forecaster(series="sine", values=sine.values)
    monkeypatch.setattr(learning, "ForecastProcess", MadeTraining)
    monkeypatch.setattr(MadeTraining, "may_end", threading.Event())
    monkeypatch.setattr(MadeTraining, "model", forecaster_bytes(one))
    MadeTraining.may_end.set()
    save_model(tmp_path / "tiny.safetensors", made_model())

    async def main():
        model = str(tmp_path / "tiny.safetensors")
        app = RnntermApp(Settings(corpus="othello"), tmp_path / "runs", model)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("3")
            await pilot.pause()
            await pilot.press("e")
            tab = app.query_one(ForecastTab)
            line = tab.query_one("#forecast-line", Static)
            await until(pilot, lambda: "nothing is learnt yet" in str(line.content))
            await pilot.press("g")
            await until(pilot, lambda: "next 2000" in str(line.content))
            await pilot.press("e")
            await until(pilot, lambda: app.query(HiddenTab) and app.query_one(HiddenTab).scene)
            hidden = app.query_one(HiddenTab)
            await until(pilot, lambda: is_series(hidden))
            assert hidden.scene.reading.next_label(hidden.eye.step) == "2000"
            scaled = one.scaler.scale(sine.values)
            await pilot.press("3", "full_stop", "comma", "comma", "comma", "e")
            await until(pilot, lambda: hidden.scene.reading.stretch.stop < 2000)
            assert hidden.scene.reading.next_label(hidden.eye.step) == "1996"
            forecast = hidden.scene.reading.forecasts[hidden.eye.step]
            told_there = one.scaler.unscale(one.one_step(scaled), mean=True)[1996]
            assert forecast == pytest.approx(told_there, abs=1e-5)

    asyncio.run(main())
