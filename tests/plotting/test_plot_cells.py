"""Cells: rows of exact width, runs that join to them, text that cannot drive a terminal."""

import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.plotting.cells import AXIS, BLANK, Grid, cell_text


def test_what_is_written_lies_where_it_was_put() -> None:
    grid = Grid.blank(6, 2)
    grid.write(0, 1, "ab", 3)
    grid.write(1, 4, "xyz", AXIS)
    grid.write(1, -1, "pq", 3)
    grid.write(7, 0, "nowhere", 3)
    assert grid.lines() == [" ab   ", "q   xy"]
    assert grid.runs(0) == [(" ", BLANK), ("ab", 3), ("   ", BLANK)]
    assert grid.runs(1) == [("q", 3), ("   ", BLANK), ("xy", AXIS)]


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 3), (3, 0), (-5, -1)])
def test_a_grid_may_have_no_cells(width: int, height: int) -> None:
    grid = Grid.blank(width, height)
    grid.write(0, 0, "text", 1)
    assert grid.lines() == [" " * max(0, width)] * max(0, height)
    assert [grid.runs(row) for row in range(grid.height)] == (
        [[(" " * width, BLANK)] if width > 0 else []] * grid.height
    )


@given(st.lists(st.tuples(st.integers(-3, 12), st.text("ab⣿▀", max_size=9), st.integers(-3, 3))))
def test_runs_join_to_the_row_and_differ_from_their_neighbours(
    writes: list[tuple[int, str, int]],
) -> None:
    grid = Grid.blank(10, 1)
    for column, text, style in writes:
        grid.write(0, column, text, style)
    runs = grid.runs(0)
    assert "".join(text for text, _ in runs) == grid.lines()[0]
    assert len(grid.lines()[0]) == 10
    styles = [style for _, style in runs]
    assert all(one != other for one, other in pairwise(styles))
    assert all(text for text, _ in runs)


def test_a_part_draws_into_the_whole() -> None:
    grid = Grid.blank(4, 2)
    grid.part(slice(1, 2), slice(2, 4)).write(0, 0, "xyz", 1)
    assert grid.lines() == ["    ", "  xy"]


@given(st.text())
def test_any_text_becomes_printable_cells(text: str) -> None:
    shown = cell_text(text)
    assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in shown)
    assert cell_text(text, ascii_only=True).isascii()


def test_characters_of_no_or_two_columns_are_replaced() -> None:
    assert cell_text("a日e\u0301\x1b") == "a?e?␛"
    assert cell_text("naïve", ascii_only=True) == "na?ve"


def test_plotting_loads_numpy_and_neither_torch_nor_a_screen() -> None:
    modules = "lines, heat, bars, palette"
    script = (
        f"from rnnterm.plotting import {modules}\n"
        "import sys\n"
        "print(sorted({'textual', 'rich', 'click', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
