"""The page of `rnnterm steer`, drawn at every size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rnnterm.cli.steer_view import Page, page_lines
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.steering import Steering
from rnnterm.sampling.strategies import Strategy
from rnnterm.terminal import safe_line
from rnnterm.text.vocab import Vocabulary

SYMBOLS = "\n\t\r\x1b\x9b ab[漢\u0301\u200d\u202e\ue000"


@pytest.fixture(scope="module")
def model() -> Model:
    vocab = Vocabulary(SYMBOLS)
    spec = NetworkSpec(vocab_size=len(vocab), cell="rnn", hidden_size=4, embedding_size=2)
    rng = np.random.default_rng(3)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


def steer(model: Model, seed: str, written: str = "", back: int = 0) -> Steering:
    steering = Steering(model, seed, Strategy(), 0)
    steering.pick(written)
    steering.back(back)
    return steering


def cursors(lines) -> list[tuple[int, int]]:
    """Line and column of every cell drawn as the cursor."""
    return [
        (number, cell_len(line.plain[: span.start]))
        for number, line in enumerate(lines)
        for span in line.spans
        if span.style == "reverse"
    ]


@given(
    seed=st.text(SYMBOLS, max_size=60),
    written=st.text(SYMBOLS, max_size=120),
    back=st.integers(0, 120),
    size=st.tuples(st.integers(1, 60), st.integers(1, 30)),
    message=st.sampled_from(["", "漢 save as: \x1b" * 9]),
)
def test_every_page_fits_and_shows_its_cursor(*, model, seed, written, back, size, message):
    width, height = size
    steering = steer(model, seed, written, back)
    lines = page_lines(Page("m\x1b", 9, 40, message), steering, width, height)
    assert len(lines) == height
    for line in lines:
        assert line.plain == safe_line(line.plain)
    if height > 1 and width > 1:  # one column holds the text's last character alone
        ((_, column),) = cursors(lines)
        assert column < width


@given(text=st.text("ab \n漢", max_size=400), width=st.integers(3, 40))
def test_every_character_of_the_text_is_shown_in_order(model, text, width):
    lines = page_lines(Page("m", 1, 40), steer(model, "", text), width, 2000)
    shown = [line.plain for line in lines[1:]]
    end = next(n for n, line in enumerate(shown) if line.strip().startswith("next"))
    assert "".join("".join(shown[:end]).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in shown[:end])


def test_lines_break_between_words(model):
    lines = page_lines(Page("m", 1, 40), steer(model, "aaa bbb\nab abab"), 8, 20)
    assert [line.plain.rstrip() for line in lines[1:5]] == ["aaa bbb", "ab abab", "", ""]
    lines = page_lines(Page("m", 1, 40), steer(model, "aaa bbb\nab abab"), 7, 20)
    assert [line.plain.rstrip() for line in lines[1:5]] == ["aaa", "bbb", "ab", "abab"]


def test_the_cursor_stands_on_what_was_written_there_last(model):
    lines = page_lines(Page("m", 1, 40), steer(model, "ab", "b[a\nab", back=5), 40, 24)
    assert lines[1].plain == "abb[a "
    assert cursors(lines) == [(1, 3)]
    assert lines[2].plain == "ab"
    on_line_end = page_lines(Page("m", 1, 40), steer(model, "ab", "\nab", back=3), 40, 24)
    assert [line.plain for line in on_line_end[1:3]] == ["ab⏎", "ab"]
    past_the_end = page_lines(Page("m", 1, 40), steer(model, "ab\n"), 40, 24)
    assert cursors(past_the_end) == [(2, 0)]
