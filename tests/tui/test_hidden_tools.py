"""The tools beside the map of the tab Hidden state."""

import pytest
from hidden_screen import TEXT, drive, error_of, made_model, shown, told
from textual.widgets import Input
from waiting import until

from rnnterm.explore import texts
from rnnterm.tui.hidden.find_dialog import FindDialog
from rnnterm.tui.hidden.stage import Stage
from rnnterm.tui.hidden.text_dialog import TextDialog
from rnnterm.tui.hidden.text_view import TintedText
from rnnterm.tui.widgets.rows import Rows


def test_units_are_found_for_features_and_expressions(tmp_path):
    async def steps(pilot, tab):
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, FindDialog))
        field = pilot.app.screen.query_one(Input)
        field.focus()
        for pattern, reason in [
            ("(", "is wrong"),
            ("zzz", "no character of this text"),
            ("", "empty"),
        ]:
            field.value = pattern
            await pilot.press("enter")
            await until(pilot, lambda reason=reason: reason in error_of(pilot))
        field.value = "[A-Z]+:"
        await pilot.press("enter")
        await until(pilot, lambda: "held-out" in shown(tab, "find"))
        assert "yes at 39 of" in shown(tab, "find")
        await until(pilot, lambda: tab.scene.by == "score")
        best = tab.scene.order[0]
        assert tab.eye.unit == best
        await pilot.press("down", "enter")
        await until(pilot, lambda: tab.eye.unit == tab.scene.order[1])
        assert tab.query_one(Stage).has_focus

    drive(tmp_path, steps)


def test_a_span_is_matched_in_a_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "INSTEAD", "othello")

    async def steps(pilot, tab):
        await pilot.press("m")
        await until(pilot, lambda: "Select characters first" in shown(tab, "match"))
        await pilot.press("escape", "right", "shift+right", "m")
        assert tab.eye.span == (1, 3)
        await until(pilot, lambda: "search again with a threshold" in shown(tab, "match"))
        await pilot.press("enter")
        await until(pilot, lambda: "100% of" in shown(tab, "match"))
        assert "othello is read instead" in shown(tab, "match")
        assert "⟨" in shown(tab, "match")
        await pilot.press("enter")
        await until(pilot, lambda: tab.source.label.startswith("othello from"))
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextDialog))
        await pilot.press("enter")
        await until(pilot, lambda: tab.scene.reading.text == TEXT)

    drive(tmp_path, steps)


def test_a_unit_is_taken_in_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "INSTEAD", "othello")

    async def steps(pilot, tab):
        await pilot.press("c")
        field = tab.query_one("ClampTool Input", Input)
        assert field.value == f"{tab.eye.unit}=off"
        for wrong, reason in [("x", "cannot do"), ("99=off", "there is no unit 99")]:
            field.value = wrong
            await pilot.press("enter")
            assert reason in shown(tab, "clamp")
        field.value = "3=0.9"
        await pilot.press("enter")
        await until(pilot, lambda: "bits per character" in shown(tab, "clamp"))
        assert "h of unit 3 = 0.9" in shown(tab, "clamp")
        assert "untouched" in shown(tab, "clamp")
        await pilot.press("escape")
        assert tab.query_one(Stage).has_focus

    drive(tmp_path, steps)


def test_gradients_tint_the_text_and_fade_by_lag(tmp_path):
    async def steps(pilot, tab):
        await pilot.press(*["right"] * 6, "g")
        await until(pilot, lambda: "fresh lstm" in shown(tab, "gradients"))
        await until(pilot, lambda: "what 'W' depends on" in told(tab))
        tints = tab.query_one(TintedText).tints
        assert max(tints[:7]) == 5
        assert not any(tints[7:])
        for key, words in [("r", "64 steps back"), ("p", "clipped at 1"), ("b", "forget bias 1")]:
            await pilot.press(key)
            await until(pilot, lambda words=words: words in shown(tab, "gradients"))
        await pilot.press("n")
        await until(pilot, lambda: "fresh" not in shown(tab, "gradients"))
        await pilot.press("x")
        await until(pilot, lambda: "likeliest next" in shown(tab, "gradients"))
        await pilot.press("end")
        await until(pilot, lambda: f"step {len(TEXT)}:" in shown(tab, "gradients"))
        await pilot.press("escape")
        assert "depends" not in told(tab)

    drive(tmp_path, steps, model=made_model("gru", layers=1))


def test_gates_are_plotted_where_there_are_some(tmp_path):
    async def steps(pilot, tab):
        await pilot.press("a")
        await until(pilot, lambda: "no gates" in shown(tab, "gates"))

    drive(tmp_path, steps, model=made_model("rnn", layers=1))


def test_the_tiny_network_is_walked_and_edited(tmp_path):
    async def steps(pilot, tab):
        await pilot.press("w", "n", "n")
        await until(pilot, lambda: "−3.86981229" in shown(tab, "tiny"))
        assert "= 0.80152" in shown(tab, "tiny")
        await pilot.press("x")
        await until(pilot, lambda: "−2.41780456" in shown(tab, "tiny"))
        await pilot.press("down", "enter")
        field = pilot.app.screen.query_one(Input)
        for wrong in ("", "two", "1e9", "nan"):
            field.value = wrong
            await pilot.press("enter")
            assert error_of(pilot)
        field.value = "0.5"
        await pilot.press("enter")
        await until(pilot, lambda: "reflection, changed" in shown(tab, "tiny"))
        await pilot.press("home", "enter")
        pilot.app.screen.query_one(Input).value = "1, 2"
        await pilot.press("enter")
        await until(pilot, lambda: "step 2 of 2" in shown(tab, "tiny"))
        await pilot.press("backspace", "p")
        await until(pilot, lambda: "step 1 of 3" in shown(tab, "tiny"))

    drive(tmp_path, steps)


def test_on_a_narrow_screen_a_tool_takes_the_place_of_the_map(tmp_path):
    async def steps(pilot, tab):
        assert tab.query_one(Stage).region.width == 80
        assert "entropy" in tab.query_one("#hidden-figures", Rows).text
        await pilot.press("e", "right")
        await until(pilot, lambda: "step 2" in shown(tab, "equations"))
        assert not tab.query_one(Stage).region
        await pilot.press("escape")
        await until(pilot, lambda: tab.query_one(Stage).region.width == 80)

    drive(tmp_path, steps, size=(80, 24))


@pytest.mark.parametrize(("key", "head"), [("c", "#clamp-head"), ("m", "#match-head")])
def test_what_a_tool_says_first_takes_its_whole_width(tmp_path, key, head):
    async def steps(pilot, tab):
        await pilot.press(key)
        await until(pilot, lambda: len(tab.query_one(head, Rows).text.partition("\n")[0]) > 60)

    drive(tmp_path, steps, size=(80, 24))
