"""The tab Hidden state: one cursor over text, map, line and step, and the tools beside them."""

import numpy as np
import pytest
from hidden_screen import POISON, TEXT, drawn, drive, error_of, made_model, notice_of, shown, told
from textual.events import Paste
from textual.widgets import Input, OptionList, Static, TextArea
from waiting import until

from rnnterm.explore.equations import number
from rnnterm.nn.modelfile import save_model
from rnnterm.tui.hidden.bench import Source
from rnnterm.tui.hidden.info_line import InfoLine
from rnnterm.tui.hidden.pick_list import PickList
from rnnterm.tui.hidden.stage import Stage
from rnnterm.tui.hidden.text_dialog import TextDialog
from rnnterm.tui.hidden.text_view import TintedText
from rnnterm.tui.hidden.unit_map import GUTTER, UnitMap


def test_keys_move_one_cursor_over_everything(tmp_path):
    async def steps(pilot, tab):
        width = tab.query_one(TintedText).size.width
        for keys, step in [
            (["right", "right"], 2), (["left"], 1), (["pagedown"], 1 + width), (["pageup"], 1),
            (["end", "right"], len(TEXT) - 1), (["home", "left"], 0), (["right"], 1),
        ]:  # fmt: skip
            await pilot.press(*keys)
            assert tab.eye.step == step
            assert told(tab).endswith(f"step {step + 1}/{len(TEXT)}")
        step_rows = shown(tab, "equations")
        assert "after 'O'" in step_rows
        assert f"= {number(float(tab.scene.curve(tab.eye.unit)[1]))} next" in step_rows
        assert "surprisal" in step_rows
        rank = tab.scene.rank[tab.eye.unit]
        await pilot.press("down" if rank < 11 else "up")
        assert abs(tab.scene.rank[tab.eye.unit] - rank) == 1
        assert f"unit {tab.eye.unit}" in told(tab)
        await pilot.press("u", "1", "2", "enter")
        assert "from 0 to 11" in error_of(pilot)
        await pilot.press("backspace", "1", "enter")
        assert tab.eye.unit == 11

    drive(tmp_path, steps)


def test_values_layers_orders_and_zoom(tmp_path):
    async def steps(pilot, tab):
        for name in ("c", "i", "f", "g", "o", "h"):
            await pilot.press("v")
            await until(pilot, lambda name=name: tab.scene.name == name)
        await pilot.press("y")
        await until(pilot, lambda: tab.scene.layer == 1)
        assert "layer 2/2" in told(tab)
        np.testing.assert_array_equal(tab.scene.values, tab.scene.reading.values(1, "h"))
        for by in ("activity", "index", "similarity"):
            await pilot.press("s")
            await until(pilot, lambda by=by: tab.scene.by == by)
        heat = tab.query_one(UnitMap)
        await pilot.press("end")
        await until(pilot, lambda: drawn(tab))
        assert not heat.is_closest
        assert "steps a column" in tab.query_one(Stage).border_subtitle
        for _ in range(9):
            await pilot.press("plus")
        await until(pilot, lambda: heat.is_closest and heat.picture.part.columns.stop == len(TEXT))
        assert tab.eye.zoom < 9
        await pilot.press("home")
        await until(pilot, lambda: heat.picture.part.columns.start == 0)
        for _ in range(9):
            await pilot.press("minus")
        await until(pilot, lambda: heat.picture.part.columns.stop == len(TEXT))

    drive(tmp_path, steps)


def test_the_mouse_points_at_characters_cells_and_figures(tmp_path):
    async def steps(pilot, tab):
        await pilot.click(TintedText, offset=(10, 1))
        assert tab.eye.step == tab.query_one(TintedText).size.width + 9
        await pilot.click(TintedText, offset=(6, 0))
        await pilot.click(TintedText, offset=(9, 0), shift=True)
        assert tab.eye.span == (5, 9)
        await pilot.click(UnitMap, offset=(GUTTER + 4, 2))
        picture = tab.query_one(UnitMap).picture
        assert picture.column_of(tab.eye.step) == 4
        assert picture.row_of(tab.eye.unit) == 2
        await pilot.click(InfoLine, offset=(told(tab).index(" h ") + 2, 0))
        await until(pilot, lambda: tab.scene.name == "c")

    drive(tmp_path, steps)


def test_texts_are_typed_pasted_and_chosen(tmp_path):
    async def steps(pilot, tab):
        def reading():
            return tab.scene.reading

        async def dialog():
            await pilot.press("t")
            await until(pilot, lambda: pilot.app.screen.query(TextArea))
            area = pilot.app.screen.query_one(TextArea)
            area.text = ""
            return area

        area = await dialog()
        await pilot.press("ctrl+r")
        assert "empty" in error_of(pilot)
        pilot.app.screen.post_message(Paste("q" * 1_000_000))
        await until(pilot, lambda: len(area.text) == 10_000)
        await until(pilot, lambda: "990,000" in error_of(pilot))
        area.text = ""
        pilot.app.screen.post_message(Paste(POISON))
        await until(pilot, lambda: "ou" in area.text)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: reading().text == "amredlinkxb ou")
        notice = str(tab.query_one("#hidden-notice", Static).content)
        assert "passed over" in notice
        assert "\x1b" not in notice
        for nothing in ("123", "\u4e2d"):
            tab.read(tab.voice, Source("typed", nothing))
            await until(pilot, lambda: "no character that the model knows" in notice_of(tab))
            assert reading().text == "amredlinkxb ou"
        (await dialog()).text = "x"
        await pilot.press("ctrl+r")
        await until(pilot, lambda: reading().text == "x")
        assert "first: not foreseen" in shown(tab, "equations")
        await pilot.press("right", "left", "end", "shift+left", "pagedown", "v")
        await dialog()
        await pilot.press("escape", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextDialog))
        options = pilot.app.screen.query_one(OptionList)
        options.highlighted = options.option_count - 1
        await pilot.press("enter")
        await until(pilot, lambda: "othello from 1" in told(tab))

    drive(tmp_path, steps)


def test_it_plays_and_follows_the_live_sample(tmp_path):
    async def steps(pilot, tab):
        await pilot.press("space")
        await until(pilot, lambda: tab.eye.step >= 2)
        await pilot.press("space")
        here = tab.eye.step
        await pilot.press("l")
        await until(pilot, lambda: tab.source.label == "live sample")
        length = len(tab.scene.reading)
        await until(pilot, lambda: len(tab.scene.reading) >= length + 2)
        assert tab.eye.step == len(tab.scene.reading) - 1 != here
        text = tab.scene.reading.text
        await pilot.press("left")
        await until(pilot, lambda: tab.scene.reading.text.startswith(text[:length]))
        assert tab._timer is None

    drive(tmp_path, steps)


def test_a_second_model_is_laid_over_the_text(tmp_path):
    save_model(tmp_path / "other.safetensors", made_model(seed=2))

    async def steps(pilot, tab):
        await pilot.press("k")
        await until(pilot, lambda: pilot.app.screen.query(Input))
        pilot.app.screen.query_one(Input).value = str(tmp_path / "other.safetensors")
        pilot.app.screen.query_one(Input).focus()
        await pilot.press("enter")
        await until(pilot, lambda: "expected this text better" in shown(tab, "compare"))
        assert "difference in bits" in told(tab)
        assert any(tab.query_one(TintedText).tints)
        places = tab.query_one("CompareTool PickList", PickList)
        assert "bits" in places.text
        await pilot.press("enter")
        assert tab.eye.step > 0

    drive(tmp_path, steps)


@pytest.mark.parametrize("look", [{"ascii": True}, {"theme": "textual-light"}, {}])
def test_values_are_told_apart_in_any_look(tmp_path, monkeypatch, look):
    if not look:
        monkeypatch.setenv("NO_COLOR", "1")

    async def steps(pilot, tab):
        heat = tab.query_one(UnitMap)
        glyphs = set("".join(heat.render_line(y).text[GUTTER:] for y in range(heat.size.height)))
        wanted = {"ascii": "+x*#.-=%", "theme": "▀"}.get(next(iter(look), ""), "░▒▓█·-=≡")
        assert glyphs & set(wanted)
        assert not glyphs & (set("▀░▒▓█·≡") - set(wanted))
        strip = tab.query_one(TintedText).render_line(0)
        assert len({(segment.style.bold, segment.style.underline) for segment in strip}) > 1

    drive(tmp_path, steps, **look)


def test_it_survives_any_size_with_any_tool(tmp_path):
    async def steps(pilot, tab):
        for key, size in zip("egawm", ((1, 1), (30, 8), (2, 50), (80, 24), (60, 3)), strict=True):
            await pilot.press(key)
            await pilot.resize_terminal(*size)
            await pilot.press("right")
        await pilot.press("escape")
        await until(pilot, lambda: drawn(tab))

    drive(tmp_path, steps)


def test_another_model_reads_the_same_text(tmp_path):
    save_model(tmp_path / "other.safetensors", made_model("gru", layers=1))
    (tmp_path / "broken.safetensors").write_bytes(b"no model")

    async def steps(pilot, tab):
        await pilot.press("o")
        await until(pilot, lambda: pilot.app.screen.query(Input))
        field = pilot.app.screen.query_one(Input)
        field.focus()
        field.value = str(tmp_path / "broken.safetensors")
        await pilot.press("enter")
        await until(pilot, lambda: error_of(pilot))
        field.value = str(tmp_path / "other.safetensors")
        await pilot.press("enter")
        await until(pilot, lambda: tab.scene.reading.model.spec.cell == "gru")
        assert tab.scene.reading.text == TEXT
        assert told(tab).startswith("other")

    drive(tmp_path, steps)


def test_only_what_a_step_changes_is_painted(tmp_path):
    async def steps(pilot, tab):
        regions: list = []
        heat = tab.query_one(UnitMap)
        monkey = heat.refresh
        heat.refresh = lambda *args, **options: (regions.extend(args), monkey(*args, **options))[1]
        await until(pilot, lambda: drawn(tab))
        regions.clear()
        await pilot.press(*["right"] * 8)
        assert regions
        assert all(region.width <= GUTTER and region.height == 1 for region in regions)

    drive(tmp_path, steps, text=TEXT[:60])
