"""The panel Live sample: everything it does, by key and by mouse."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sample_person import POISON, make_model
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import Input, Static

from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.text.model_panel import ModelPanel
from rnnterm.tui.text.sample_candidates import Candidates
from rnnterm.tui.text.sample_seed import SeedField, SeedRow
from rnnterm.tui.top_line import TopLine


def test_the_bundled_model_speaks_by_itself(at_the_app):
    async def check(person) -> None:
        await person.spoken(40)
        assert any(line.strip() for line in person.stream.lines)
        assert "temperature 0.8 · top-p 0.95" in person.title
        assert "shakespeare · LSTM 1x512" in str(person.app.query_one(TopLine).content)
        assert person.panel.key_figure == "shakespeare"

    at_the_app(check, first="shakespeare")


def test_it_writes_at_the_speed_asked_for(at_the_app):
    async def check(person) -> None:
        await person.until(lambda: person.panel._rate)
        assert 35 <= person.panel._rate <= 55
        assert "chars/s" in person.title
        await person.press("greater_than_sign")
        assert "60 chars/s" in person.title
        await person.press("less_than_sign", "less_than_sign")
        assert "30 chars/s" in person.title
        await person.click("30 chars/s")
        assert "45 chars/s" in person.title
        await person.turn_wheel("45 chars/s", MouseScrollUp)
        assert "60 chars/s" in person.title
        await person.turn_wheel("60 chars/s", MouseScrollDown)
        assert "45 chars/s" in person.title

    at_the_app(check, writing_speed=45)


def test_pause_step_back_and_forward(at_the_app):
    async def check(person) -> None:
        await person.spoken(10)
        await person.press("space")
        assert "paused" in person.title
        assert person.panel._timer is None
        text = person.text
        await person.press("left", "left")
        assert person.text == text[:-2]
        await person.press("right", "right")
        assert person.text == text
        await person.press("right")
        assert person.text[:-1] == text
        assert "".join(person.stream.lines) == person.text.replace("\n", "")
        await person.press("space")
        await person.spoken(2)
        assert "paused" not in person.title
        await person.press("right")  # stepping pauses
        assert "paused" in person.title
        await person.press(*["left"] * (len(person.text) + 3))
        assert person.text == ""

    at_the_app(check)


def test_candidates_by_number_and_by_click_only_while_paused(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        assert person.candidates == []
        await person.press("5")
        assert person.app.query_one("#runs-tab").is_on_screen
        assert person.panel._timer is None  # nobody looks
        await person.press("1")
        await person.until(lambda: person.panel._timer is not None)
        await person.press("s", "space")
        third = person.candidates[2]
        text = person.text
        await person.press("3")
        assert person.text == text + third
        first = person.candidates[0]
        await person.pilot.click(Candidates, offset=(1, 0))
        await person.pilot.pause()
        assert person.text == text + third + first
        await person.press("9")
        assert len(person.text) == len(text) + 3

    at_the_app(check)


def test_other_keys_for_candidates(at_the_app):
    async def check(person) -> None:
        await person.spoken(1)
        await person.press("space")
        second, text = person.candidates[1], person.text
        await person.press("f6")
        assert person.text == text + second

    at_the_app(check, keys={"sample.pick": "f5,f6"})


def test_temperature_top_p_and_top_k_by_key_click_and_wheel(at_the_app):
    async def check(person) -> None:
        await person.spoken(1)
        await person.press("space", "plus", "equals_sign", "minus")
        assert "temperature 0.9" in person.title
        await person.press(*["minus"] * 12)
        assert "temperature 0.1" in person.title
        await person.press("full_stop", "full_stop")
        assert "top-p off" in person.title
        await person.press(*["comma"] * 3)
        assert "top-p 0.85" in person.title
        await person.press("left_square_bracket", "left_square_bracket")
        assert "top-k 20" in person.title
        await person.press("right_square_bracket", "right_square_bracket")
        assert "top-k" not in person.title
        await person.click("temperature")
        assert "temperature 0.2" in person.title
        await person.click("temperature", shift=True)
        assert "temperature 0.1" in person.title
        await person.turn_wheel("temperature", MouseScrollUp)
        await person.turn_wheel("temperature", MouseScrollUp)
        assert "temperature 0.3" in person.title
        await person.turn_wheel("top-p", MouseScrollDown)
        assert "top-p 0.8 " in person.title
        await person.turn_wheel("top-p", MouseScrollUp)
        await person.press("left_square_bracket")
        shown = person.title
        await person.turn_wheel("top-k", MouseScrollDown)
        assert "top-k 20" in person.title and "top-k 20" not in shown
        await person.turn_wheel("Live", MouseScrollDown)  # no figure: nothing happens
        assert "temperature 0.3" in person.title
        await person.press("right_square_bracket", "right_square_bracket", "minus", "minus")
        assert person.panel._live.strategy.temperature == 0.1
        assert person.panel._live.strategy.top_p == 0.85

    at_the_app(check)


def test_a_seed_goes_on_at_once_with_each_key(at_the_app):
    async def check(person) -> None:
        await person.spoken(10)
        await person.press("e")
        field = person.panel.query_one(Input)
        assert field.has_focus
        await person.press("b")
        await person.until(lambda: person.text.startswith("b") and len(person.text) > 5)
        await person.press("a", "1", "d", "?")
        await person.until(lambda: person.text.startswith("bad") and len(person.text) > 9)
        assert field.value == "ba1d?"
        assert "does not know" in person.notice and "1?" in person.notice
        assert "".join(person.stream.lines).startswith("bad")
        await person.press("escape")
        assert person.panel.has_focus
        assert not field.parent.display
        assert person.notice == ""
        assert person.text.startswith("bad")
        await person.press("enter")
        assert field.has_focus
        await person.press("enter")
        assert person.panel.has_focus

    at_the_app(check, writing_speed=200)


def test_copy_and_save(at_the_app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def check(person) -> None:
        copied = []
        monkeypatch.setattr(person.app, "copy", copied.append)
        await person.spoken(60)
        await person.press("space", "y")
        assert copied == [person.text]
        Path("sample.txt").write_text("mine")
        await person.press("w")
        await person.until(lambda: isinstance(person.app.screen, Ask))
        await person.press("enter")
        assert isinstance(person.app.screen, Ask)
        error = person.app.screen.query_one(".dialog-error", Static)
        assert "is there already" in str(error.content)
        assert Path("sample.txt").read_text() == "mine"
        await person.press("end", "2", "enter")
        assert not isinstance(person.app.screen, Ask)
        expected = person.text.translate({27: "␛", 7: "␇", 0x9B: "\ufffd"})
        assert Path("sample.txt2").read_text("utf-8") == expected

    at_the_app(check, make_model(POISON), writing_speed=300)


def test_scrolling_back_stops_following_until_the_end_is_asked_for(at_the_app):
    async def check(person) -> None:
        await person.until(lambda: len(person.stream.lines) > 3 * person.stream.size.height)
        await person.press("pageup", "pageup")
        assert not person.stream.is_following
        top = person.stream.render_line(0).text
        await person.spoken(100)
        assert person.stream.render_line(0).text == top
        assert "lines below" in person.panel._border_subtitle.plain
        await person.press("pagedown")
        assert not person.stream.is_following
        await person.press("end")
        assert person.stream.is_following
        assert "lines below" not in person.panel._border_subtitle.plain
        person.stream.scroll_lines(-3)
        assert not person.stream.is_following

    at_the_app(check, make_model("\nab"), writing_speed=1000)


@pytest.mark.parametrize("size", [(1, 1), (80, 24), (200, 50)], ids=str)
def test_poisoned_text_at_any_size(at_the_app, size):
    async def check(person) -> None:
        if size != (1, 1):
            await person.spoken(100)
        await person.press("space", "left", "right", "3", "e", "日", "escape", "pageup", "space")
        await person.pilot.resize_terminal(90, 30)
        await person.spoken(100)
        await person.pilot.resize_terminal(1, 1)
        await person.pilot.pause()
        await person.pilot.resize_terminal(*size)
        await person.pilot.pause()

    at_the_app(check, make_model(POISON), size=size, writing_speed=500)


def test_the_seed_field_takes_and_gives_back_the_focus_at_once(at_the_app):
    async def check(person) -> None:
        row, model = person.app.query_one(SeedRow), person.app.query_one(ModelPanel)
        row.edit()
        assert person.app.focused is row.query_one(SeedField)
        row.on_seed_field_left(SeedField.Left())
        assert person.app.focused is person.panel
        person.app.screen.set_focus(model)  # as a key in the same burst does
        await person.until(lambda: model.has_focus)
        await person.pilot.pause(0.1)
        assert person.app.focused is model  # nothing takes it away later

    at_the_app(check)


def test_a_folded_panel_does_not_write(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        await person.press("c")
        await person.until(lambda: person.panel._timer is None)
        await person.press("s")
        await person.spoken(5)

    at_the_app(check, size=(80, 24))


def test_nothing_is_written_under_a_dialog(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        await person.press("question_mark")
        await person.until(lambda: person.panel._timer is None)
        await person.press("escape")
        await person.spoken(5)

    at_the_app(check)


def test_without_colours_surprise_is_still_told_apart(at_the_app, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def check(person) -> None:
        styles = [person.stream._style_of(level) for level in range(5)]
        marks = [(style.bold, style.italic, style.underline) for style in styles]
        assert len(set(marks)) == 4  # the two surest look alike

    at_the_app(check)


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_network_whose_values_run_away_is_said_and_the_app_goes_on(at_the_app, when):
    if when == "at once":
        usual = make_model()
        tensors = {name: np.full_like(tensor, 3e38) for name, tensor in usual.tensors.items()}
        model = replace(usual, tensors=tensors)
    else:  # a state that doubles at every character
        spec = NetworkSpec(vocab_size=2, hidden_size=2, cell="rnn", activation="relu")
        ones = {name: np.ones(shape, np.float32) for name, shape in spec.tensor_shapes().items()}
        model = Model(spec, Vocabulary("ab"), ones)

    async def check(person) -> None:
        await person.until(lambda: "run away" in person.notice)
        assert person.panel._timer is None
        for key in ("right", "left", "space", "1", "right"):
            await person.press(key)
        await person.until(lambda: "run away" in person.notice)
        assert person.app.is_running

    at_the_app(check, model, writing_speed=1000)
