"""Features of a text, one number a character."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError, UsageError
from rnnterm.explore.features import FEATURES, find_feature, measure_feature
from rnnterm.explore.patterns import find_spans

EXPECTED = {  # a text, and under each character its value
    "quotes": ('say "hi" “so” no', "0000111011100000"[:4] + "1110" + "0" + "1110" + "000"),
    "speaker": ("ROMEO:\nO: he\nMrs. Gray:\n", "111111" + "0" + "00000" + "0" + "1111111111" + "0"),
    "url": ("at https://a.bc/d? (www.e.f", "000" + "1" * 15 + "00" + "1" * 7),
    "brackets": ("a(b[c]d)e)", "0112211000"),
    "indentation": ("  a b\n\tc\nd", "12222244400"[:6] + "444" + "0"),
    "line-position": ("ab\ncd", "01201"),
    "word-position": ("it's a_b, é", "1234" + "0" + "101" + "00" + "1"),
    "after-newline": ("ab\n\ncd", "100110"),
    "newline": ("a\n\nb", "0110"),
    "space": ("a b\tc", "01000"),
    "vowel": ("Eaxyéß", "110010"),
    "capital": ("aBÉ1", "0110"),
    "digit": ("a10٣", "0111"),
    "punctuation": ("a.“b-", "01101"),
}


@pytest.mark.parametrize("name", FEATURES)
def test_each_feature_is_what_its_name_says(name):
    text, expected = EXPECTED[name]
    measured = measure_feature(name, text)
    assert [int(value) for value in measured.values] == [int(digit) for digit in expected]
    assert measured.is_binary == (set(measured.values) == {0, 1} and name != "indentation")


@given(st.text(alphabet=" \"'\n\t([{}])“”aB1é:.‍/", max_size=80))
def test_any_text_has_a_number_a_character(text):
    for feature in FEATURES.values():
        values = feature.measure(text)
        assert values.shape == (len(text),)
        assert np.isfinite(values).all()
        assert feature.kind == "number" or set(values) <= {0, 1}


def test_an_open_quotation_ends_with_its_paragraph():
    values = FEATURES["quotes"].measure('"ab\ncd\n\nef')
    assert values.tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 0, 0]


def test_a_regular_expression_of_ones_own():
    measured = measure_feature("/b+|^c$/", "abbab\nc\ncc")
    assert measured.values.tolist() == [0, 1, 1, 0, 1, 0, 1, 0, 0, 0]
    assert measured.describe() == "yes at 4 of 10 characters"
    astral = measure_feature("/é./", "😀é😀\ud800x")
    assert astral.values.tolist() == [0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("/a(b/", "at character 2: missing"),
        ("/*/", "at character 1: nothing to repeat"),
        ("/a{99999999999}/", "wrong"),
        ("//", "is empty"),
        ("/", "no feature '/'"),
        ("quote", "quotes, speaker"),
    ],
)
def test_what_is_no_feature_is_said(asked, says):
    with pytest.raises(UsageError, match=says):
        find_feature(asked)


@pytest.mark.parametrize(
    ("asked", "text", "says"),
    [
        ("/x/", "abc", "no character"),
        ("/./", "abc", "every character"),
        ("/(?=a)/", "abc", "no character"),
        ("quotes", "abc", 'inside "quotation marks"'),
        ("brackets", "abc", "never varies"),
        ("line-position", "a", "never varies"),
    ],
)
def test_a_feature_that_never_varies_is_said(asked, text, says):
    with pytest.raises(RnntermError, match=says):
        measure_feature(asked, text)


def test_a_pattern_that_would_take_for_ever_is_stopped():
    with pytest.raises(RnntermError, match=r"more than 0\.3 seconds"):
        find_spans("(a+)+$", "a" * 40 + "b", seconds=0.3)


def test_an_odd_pattern_is_one_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert measure_feature("/[[a]/", "a[b").values.tolist() == [1, 1, 0]
