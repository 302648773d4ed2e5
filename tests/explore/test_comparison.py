"""Two models on one text."""

import numpy as np
import pytest
from planted import SYMBOLS, quoted_text, random_model

from rnnterm.errors import RnntermError
from rnnterm.explore.comparison import compare_models
from rnnterm.nn.modelfile import Model
from rnnterm.scoring.lines import score_text
from rnnterm.text.vocab import Vocabulary


def test_each_character_costs_what_it_costs_alone():
    one, other, text = random_model(seed=1), random_model("gru", seed=2, window=4), quoted_text(60)
    comparison = compare_models(one, other, text)
    for scored, model in ((comparison.first, one), (comparison.second, other)):
        np.testing.assert_array_equal(scored.surprisals, score_text(model, text, "\n").surprisals)
    assert comparison.text == text
    difference = comparison.second.surprisals - comparison.first.surprisals
    np.testing.assert_array_equal(comparison.difference, difference)
    assert comparison.bits_per_char == pytest.approx(difference.mean())
    assert comparison.bits_per_char == pytest.approx(
        comparison.second.bits_per_char - comparison.first.bits_per_char
    )


def test_the_words_that_differ_most_come_first():
    comparison = compare_models(random_model(seed=1), random_model(seed=2), quoted_text(200))
    words = comparison.largest(10)
    assert len(words) == 10
    sizes = [abs(one.bits) for one in words]
    assert sizes == sorted(sizes, reverse=True)
    for one in words:
        assert one.bits == pytest.approx(comparison.difference[one.start : one.stop].sum())
        text = comparison.text[one.start : one.stop]
        assert not any(char.isspace() for char in text[:-1])
    everything = comparison.largest(1000)
    missing = comparison.difference.sum() - sum(one.bits for one in everything)
    assert abs(missing) < 0.1 * 200  # of words that hardly differ


def test_a_model_does_not_differ_from_itself():
    model = random_model()
    comparison = compare_models(model, model, "abc")
    assert comparison.bits_per_char == 0
    assert comparison.largest(5) == []


def test_only_what_both_know_is_compared():
    one = random_model()
    folded = Vocabulary(SYMBOLS.replace("h", "z"), lowercase=True)
    other = Model(one.spec, folded, one.tensors)
    comparison = compare_models(one, other, "aAhzébh")
    assert comparison.text == "ab"
    assert (comparison.left_out, comparison.left_out_count) == ("Ahzé", 5)
    for text, says in (("", "is empty"), ("zzh", "both models know")):
        with pytest.raises(RnntermError, match=says):
            compare_models(one, other, text)
