"""The text that a model is judged on: which it is, which part, in which alphabet."""

import numpy as np
import pytest

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.scoring.material import open_material
from rnnterm.text.corpus import open_corpus
from rnnterm.text.vocab import Vocabulary


def make_model(symbols: str, training=None, *, lowercase=False) -> Model:
    vocab = Vocabulary(symbols, lowercase=lowercase)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=2)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in spec.tensor_shapes().items()}
    return Model(spec, vocab, tensors, training or {})


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("abcde" * 20)
    return str(path)


def test_a_part_in_the_alphabet_of_the_model(corpus):
    model = make_model("edcbaz")
    material = open_material(model, corpus, part="val", val_fraction=0.2)
    assert model.vocab.decode(material.ids) == "abcde" * 4
    assert (material.unknown, material.unknown_symbols, material.was_learnt) == (0, "", None)
    assert len(material.train_ids) == 80


def test_unknown_characters_are_counted_and_left_out(corpus):
    model = make_model("ace")
    material = open_material(model, corpus, part="all")
    assert model.vocab.decode(material.ids) == "ace" * 20
    assert (material.unknown, material.unknown_symbols) == (40, "bd")


def test_unknown_characters_of_another_part_do_not_count(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("x" * 90 + "a" * 10)
    material = open_material(make_model("a"), str(path))
    assert (len(material.ids), material.unknown, material.unknown_symbols) == (10, 0, "")
    with pytest.raises(RnntermError, match="none of this text's characters"):
        open_material(make_model("a"), str(path), part="train")


def test_a_model_of_folded_text_reads_folded_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("AbC" * 10)
    model = make_model("abc", lowercase=True)
    assert model.vocab.decode(open_material(model, str(path), part="all").ids) == "abc" * 10


def test_fractions_are_those_of_the_recipe_unless_given(corpus):
    model = make_model("abcde", {"recipe": {"val_fraction": 0.25, "test_fraction": 0.125}})
    sizes = {part: len(open_material(model, corpus, part=part).ids) for part in ("val", "test")}
    assert sizes == {"val": 25, "test": 13}
    assert len(open_material(model, corpus, test_fraction=0.5).ids) == 25
    with pytest.raises(UsageError, match="fractions"):
        open_material(model, corpus, val_fraction=0.9)
    with pytest.raises(UsageError, match="no val part"):
        open_material(model, corpus, val_fraction=0.0)


def test_the_learnt_text_is_found_by_its_digest(corpus):
    known = open_corpus(corpus)  # which leaves it in the cache
    record = {"corpus": {"name": "text", "sha256": known.sha256}}
    material = open_material(make_model("abcde", record))
    assert (material.corpus.sha256, material.was_learnt) == (known.sha256, True)
    assert open_material(make_model("abcde", record), "othello").was_learnt is False


def test_a_bundled_text_is_found_by_its_name():
    known = open_corpus("othello")
    record = {"corpus": {"name": "othello", "sha256": known.sha256}}
    assert open_material(make_model(known.vocab.symbols, record)).was_learnt


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"corpus": "othello"},
        {"corpus": {"name": "othello", "sha256": "0" * 64}},
        {"corpus": {"name": "gone", "sha256": "../../../etc"}},
    ],
)
def test_a_text_that_is_not_at_hand(record):
    with pytest.raises(UsageError, match="--corpus"):
        open_material(make_model("abc", record))
