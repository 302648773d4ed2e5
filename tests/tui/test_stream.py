"""The text stream: whatever is written, its lines are as wide as the widget, and undone exactly."""

import asyncio
import random

from rich.cells import cell_len
from textual.app import App

from rnnterm.tui.widgets import text_lines
from rnnterm.tui.widgets.stream import TextStream
from rnnterm.tui.widgets.text_lines import NOTE, SEED

POISON = (
    '\x1b]0;x\x07\x9b31m[/red][link="x\t日本語の文章e\u0301\u0301\u0301\u0301\u0301\u0301\u0301'
    "👩\u200d👩\u200d👧❤\ufe0f👍🏽\u202e\u0903क\u093f\ud800\ue000\u2028\r\n\u1112\u1161🇩🇪\u0301\n\u0301"
)


class Showing(App[None]):
    def compose(self):
        yield TextStream()

    @property
    def stream(self) -> TextStream:
        return self.query_one(TextStream)


def showing(size, check) -> None:
    async def run() -> None:
        async with Showing().run_test(size=size) as pilot:
            await pilot.pause()
            await check(pilot, pilot.app.stream)

    asyncio.run(run())


def rows(shown: TextStream) -> list[str]:
    return [shown.render_line(y).text for y in range(shown.size.height)]


def letters(text: str) -> list[tuple[str, int]]:
    return [(char, number % 5) for number, char in enumerate(text)]


def assert_fits(shown: TextStream) -> None:
    for row in rows(shown):
        assert cell_len(row) == shown.size.width
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in row)


def test_poisoned_text_stays_inside_its_cells_at_every_width():
    async def check(pilot, shown) -> None:
        chance = random.Random(5)
        for width in (30, 7, 2, 1, 80):
            await pilot.resize_terminal(width, 9)
            shown.clear()
            for _ in range(40):
                shown.write([(chance.choice(POISON), chance.choice((0, 1, 4, SEED)))])
                assert_fits(shown)
            shown.write(letters(POISON))
            assert_fits(shown)

    showing((30, 9), check)


def test_it_wraps_by_cells_like_a_terminal():
    async def check(pilot, shown) -> None:
        shown.write(letters("abcdefghijkl\n\n日本語日本語\tx"))
        assert shown.lines == ["abcdefghij", "kl", "", "日本語日本", "語      x"]
        shown.write([("‹step 9,120›", NOTE), ("y", 0)])
        assert shown.lines[-3:] == ["語      x", "‹step 9,12", "y"]

    showing((10, 30), check)


def test_taking_back_undoes_writing():
    async def check(pilot, shown) -> None:
        chance, states = random.Random(7), []
        for number in range(300):
            states.append(shown.lines)
            shown.write([(chance.choice(POISON + "\n\n    ab"), number % 5)])
        shown.write([("‹note›", NOTE)])
        for state in reversed(states):
            shown.take_back()
            assert shown.lines == state
        shown.take_back()
        assert shown.lines == [""]

    showing((12, 30), check)


def test_resizing_lays_out_what_writing_would_have():
    async def check(pilot, shown) -> None:
        shown.write(letters(POISON * 3))
        await pilot.resize_terminal(40, 9)
        resized = shown.lines
        shown.clear()
        shown.write(letters(POISON * 3))
        assert shown.lines == resized

    showing((12, 9), check)


def test_at_the_bottom_it_moves_up_by_a_third_and_the_wheel_stops_that():
    async def check(pilot, shown) -> None:
        shown.write(letters("".join(f"{line}\n" for line in range(8))) + letters("8"))
        assert [row.strip() for row in rows(shown)] == [*"012345678"]
        shown.write(letters("\n9"))
        assert [row.strip() for row in rows(shown)] == [*"456789", "", "", ""]
        shown.scroll_lines(-3)
        assert not shown.is_following
        assert [row.strip() for row in rows(shown)] == [*"012345678"]
        shown.write(letters("\n10\n11\n12\n13"))
        assert rows(shown)[0].strip() == "0"
        assert shown.lines_below == 5
        shown.scroll_pages(1)
        assert shown.is_following
        shown.scroll_lines(-100)
        assert rows(shown)[0].strip() == "0"
        shown.follow_end()
        assert "13" in [row.strip() for row in rows(shown)]
        assert shown.lines_below == 0

    showing((10, 9), check)


def test_only_what_changed_is_painted(monkeypatch):
    async def check(pilot, shown) -> None:
        shown.write(letters("abc"))
        await pilot.pause()
        painted = []
        monkeypatch.setattr(shown, "refresh", lambda *regions, **_: painted.append(regions))
        shown.write(letters("de"))
        assert [tuple(region) for region in painted.pop()] == [(3, 0, 3, 1)]  # with the caret
        shown.write(letters("f\ng"))
        assert [tuple(region) for region in painted.pop()] == [(5, 0, 2, 1), (0, 1, 2, 1)]

    showing((10, 9), check)


def test_it_keeps_only_the_newest(monkeypatch):
    monkeypatch.setattr(text_lines, "_MOST_LETTERS", 100)
    monkeypatch.setattr(text_lines, "_SLACK", 20)

    async def check(pilot, shown) -> None:
        for number in range(300):
            shown.write(letters(f"{number}\n"))
            assert sum(map(len, shown.lines)) <= 120
            assert str(number) in [row.strip() for row in rows(shown)]
        shown.scroll_lines(-1000)
        assert int(rows(shown)[0]) > 250
        for _ in range(10):
            shown.write(letters("x" * 30))
            assert_fits(shown)

    showing((10, 9), check)
