"""Characters to indices and back."""

from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError
from rnnterm.text.vocab import Vocabulary, fold_character, ids_dtype

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters)


@given(texts)
def test_encode_and_decode_are_inverse(text: str) -> None:
    vocab = Vocabulary(text)
    ids = vocab.encode(text)
    assert ids.shape == (len(text),)
    assert vocab.decode(ids) == text


@given(texts, st.booleans())
def test_symbols_are_sorted_and_the_maps_inverse(text: str, lowercase: bool) -> None:
    vocab = Vocabulary(map(fold_character, text) if lowercase else text, lowercase=lowercase)
    assert list(vocab.symbols) == sorted(set(vocab.symbols))
    assert set(vocab.symbols) == set(vocab.fold(text))
    assert list(vocab.char_to_index) == list(vocab.symbols)
    assert list(vocab.char_to_index.values()) == list(range(len(vocab)))
    assert {char: index for index, char in vocab.index_to_char.items()} == vocab.char_to_index


@given(texts, st.randoms(use_true_random=False))
def test_the_order_of_a_text_does_not_matter(text: str, random: Random) -> None:
    shuffled = list(text)
    random.shuffle(shuffled)
    assert Vocabulary(text) == Vocabulary(shuffled)
    assert hash(Vocabulary(text)) == hash(Vocabulary(shuffled))


def test_folding_is_part_of_what_a_vocabulary_is() -> None:
    assert Vocabulary("ab") != Vocabulary("ab", lowercase=True)
    assert Vocabulary("ab") != Vocabulary("abc")
    assert Vocabulary("ab") != "ab"


@pytest.mark.parametrize(
    ("count", "dtype"),
    [
        (0, np.uint8),
        (1, np.uint8),
        (256, np.uint8),
        (257, np.uint16),
        (65_536, np.uint16),
        (65_537, np.uint32),
        (0x110000, np.uint32),
    ],
)
def test_the_narrowest_type_that_holds_every_index(count: int, dtype: type) -> None:
    assert ids_dtype(count) == dtype


def test_the_last_of_256_symbols_still_fits_a_byte() -> None:
    vocab = Vocabulary(map(chr, range(256)))
    ids = vocab.encode("\xff\0")
    assert ids.dtype == np.uint8
    assert ids.tolist() == [255, 0]


@given(texts)
def test_folding_is_per_character(text: str) -> None:
    vocab = Vocabulary("", lowercase=True)
    folded = vocab.fold(text)
    assert len(folded) == len(text)
    assert folded == "".join(vocab.fold(char) for char in text)
    assert vocab.fold(folded) == folded
    assert Vocabulary("").fold(text) == text


@pytest.mark.parametrize(
    ("char", "folded"),
    [("A", "a"), ("ß", "ß"), ("Ä", "ä"), ("Σ", "σ"), ("İ", "İ"), ("1", "1"), ("Ǆ", "ǆ")],
)
def test_folding_keeps_one_character_one(char: str, folded: str) -> None:
    assert fold_character(char) == folded


def test_a_seed_in_capitals_suits_a_lower_case_vocabulary() -> None:
    vocab = Vocabulary("romeo: ", lowercase=True)
    assert vocab.decode(vocab.encode("ROMEO: ")) == "romeo: "
    assert vocab.unknown_in("ROMEO") == ""
    assert vocab.keep_known("ROMEO!") == "romeo"
    assert Vocabulary("romeo: ").unknown_in("ROMEO") == "ROME"


@given(texts, texts)
def test_unknown_characters_are_named_and_the_rest_kept(known: str, seed: str) -> None:
    vocab = Vocabulary(known)
    unknown = vocab.unknown_in(seed)
    assert set(unknown) == set(seed) - set(known)
    assert [seed.index(char) for char in unknown] == sorted(seed.index(char) for char in unknown)
    kept = vocab.keep_known(seed)
    assert vocab.decode(vocab.encode(kept)) == kept
    assert kept == seed.translate({ord(char): None for char in unknown})


@given(texts, characters)
def test_an_unknown_character_is_an_error_that_names_it(known: str, char: str) -> None:
    assume(char not in known)
    vocab = Vocabulary(known)
    with pytest.raises(RnntermError) as caught:
        vocab.encode(known + char)
    line = str(caught.value)
    assert line.endswith(f"no {char!a}")
    assert f"vocabulary of {len(vocab)} symbols" in line
    assert line.isascii()
    assert line.isprintable()
