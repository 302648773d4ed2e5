"""Surprisal of characters and lines."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import log_softmax
from rnnterm.nn.spec import NetworkSpec
from rnnterm.scoring.lines import score_text
from rnnterm.text.vocab import Vocabulary

SYMBOLS = "\nabcde"


def make_model(symbols: str = SYMBOLS, *, lowercase: bool = False, bias=None) -> Model:
    """A network with random weights, or one that expects by `bias` alone."""
    rng = np.random.default_rng(0)
    vocab = Vocabulary(symbols, lowercase=lowercase)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, embedding_size=4)
    scale = 1.0 if bias is None else 0.0
    tensors = {
        name: (scale * rng.normal(size=shape)).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    if bias is not None:
        tensors["head.bias"] = np.array(bias, np.float32)
    return Model(spec, vocab, tensors)


MODEL = make_model()


@given(st.text(SYMBOLS, min_size=1, max_size=40))
def test_surprisal_is_minus_log2_of_what_each_character_was_given(text):
    scored = score_text(MODEL, text, "\n")
    ids = MODEL.vocab.encode("\n" + text)
    chances = np.exp(log_softmax(MODEL.network.trace(ids[:-1]).logits))
    expected = [-math.log2(row[target]) for row, target in zip(chances, ids[1:], strict=True)]
    np.testing.assert_allclose(scored.surprisals, expected, atol=1e-5)
    assert scored.bits == pytest.approx(sum(expected), abs=1e-3)
    assert scored.nats == pytest.approx(scored.bits * math.log(2))
    assert scored.bits_per_char == pytest.approx(scored.bits / len(text))


@given(
    st.text(SYMBOLS + "xyz", min_size=1, max_size=40).filter(lambda text: set(text) - set("xyz"))
)
def test_lines_hold_every_character_once(text):
    scored = score_text(MODEL, text, "\n")
    assert sum(line.bits for line in scored.lines) == pytest.approx(scored.bits)
    assert sum(len(line.surprisals) for line in scored.lines) == len(text)
    all_lines = text.split("\n")
    for line in scored.lines:
        assert line.text == all_lines[line.number - 1]
        assert text[line.start : line.start + len(line.text)] == line.text
    ranked = [line.mean_bits for line in scored.most_surprising()]
    assert ranked == sorted(ranked, reverse=True)


@given(st.text(SYMBOLS + "xy", max_size=30).filter(lambda text: set(text) - set("xy")))
def test_unknown_characters_are_passed_over(text):
    scored = score_text(MODEL, text, "\n")
    known = [char for char in text if char in SYMBOLS]
    alone = score_text(MODEL, "".join(known), "\n")
    assert scored.unknown == len(text) - len(known)
    assert set(scored.unknown_symbols) == set(text) & set("xy")
    is_known = np.array([char in SYMBOLS for char in text])
    assert (scored.surprisals[is_known] == alone.surprisals).all()
    assert np.isnan(scored.surprisals[~is_known]).all()


def test_what_was_expected_instead():
    model = make_model(bias=[0, 1, 5, 4, 3, 2])  # b first, then c, d, e, a and the line end
    scored = score_text(model, "abc", "\n")
    named = [[one.char for one in scored.expected_instead(place)] for place in range(3)]
    assert named == [["b", "c"], ["c", "d"], ["b", "d"]]
    weights = np.exp([0, 1, 5, 4, 3, 2])
    assert scored.expected_instead(0)[0].probability == pytest.approx(weights[2] / weights.sum())


def test_the_other_case_of_a_letter_is_another_character():
    scored = score_text(make_model("Bb", bias=[0, 3]), "B", "b")
    assert [one.char for one in scored.expected_instead(0)] == ["b"]


def test_an_alphabet_of_one_has_no_alternative():
    scored = score_text(make_model("a"), "aaa", "a")
    assert scored.bits == 0
    assert scored.expected_instead(1) == []


def test_folded_text_is_expected_in_lower_case_and_shown_as_it_is():
    model = make_model(lowercase=True, bias=[0, 1, 5, 4, 3, 2])
    scored = score_text(model, "B", "\n")
    assert scored.surprisals == score_text(model, "b", "\n").surprisals
    assert scored.lines[0].text == "B"
    assert [one.char for one in scored.expected_instead(0)] == ["c", "d"]


def test_the_most_surprising_lines():
    model = make_model(bias=[3, 3, 3, 0, 0, -5])
    scored = score_text(model, "abab\naebaab\nc\nabcd\nzzz", "\n")
    assert [line.number for line in scored.most_surprising(2)] == [3, 4]
    assert [line.number for line in scored.most_surprising(2, min_length=2)] == [4, 2]
    assert [line.number for line in scored.most_surprising()] == [3, 4, 2, 1]  # 5 is unknown
    (worst,) = scored.most_surprising(1, min_length=6)
    assert (worst.peak, worst.text[worst.peak]) == (1, "e")


def test_nothing_that_it_knows():
    for text in ("", "xyz"):
        with pytest.raises(RnntermError, match="no character"):
            score_text(MODEL, text, "\n")
