"""What a model is judged on: a part of a text, in the model's own alphabet."""

import re
from dataclasses import dataclass

import numpy as np

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import Model, told_value
from rnnterm.text.catalog import bundled_texts
from rnnterm.text.corpus import Corpus, open_corpus
from rnnterm.text.encoded import open_encoded
from rnnterm.text.vocab import Ids, Vocabulary, ids_dtype

PARTS = ("train", "val", "test", "all")
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Material:
    """A part of a corpus for a model to read.

    Attributes:
        part: one of `PARTS`.
        ids: the part's characters that the model knows, as the model's indices.
        unknown: how many characters of the part it does not know.
        unknown_symbols: which those are.
        was_learnt: whether the model learnt from this corpus, or None where it does not say.
    """

    corpus: Corpus
    part: str
    val_fraction: float
    test_fraction: float
    ids: Ids
    unknown: int
    unknown_symbols: str
    was_learnt: bool | None

    @property
    def train_ids(self) -> Ids:
        """The corpus' training part, as its own indices."""
        return self.corpus.split(self.val_fraction, self.test_fraction).train


def open_material(
    model: Model,
    source: str | None = None,
    *,
    part: str = "val",
    val_fraction: float | None = None,
    test_fraction: float | None = None,
) -> Material:
    """A part of the corpus `source`, or of the one the model learnt from.

    Fractions that are not given are those of the model's recipe. Raises UsageError for fractions
    that leave nothing, a part that is empty or a corpus that cannot be found, and whatever
    `open_corpus` does.
    """
    fractions = _fractions(model, val_fraction, test_fraction)
    if source is None:
        corpus = _learnt_corpus(model)
    else:
        corpus = open_corpus(source, lowercase=model.vocab.lowercase)
    split = corpus.split(*fractions)
    chosen = corpus.ids if part == "all" else getattr(split, part)
    if len(chosen) == 0:
        raise UsageError(
            f"{corpus.name} has no {part} part: choose another --split, or set --val-fraction "
            "or --test-fraction"
        )
    ids, unknown, unknown_symbols = _translate(chosen, corpus.vocab, model.vocab)
    learnt = told_value(model.training, str, "corpus", "sha256")
    return Material(
        corpus=corpus,
        part=part,
        val_fraction=fractions[0],
        test_fraction=fractions[1],
        ids=ids,
        unknown=unknown,
        unknown_symbols=unknown_symbols,
        was_learnt=None if learnt is None else learnt == corpus.sha256,
    )


def _fractions(
    model: Model, val_fraction: float | None, test_fraction: float | None
) -> tuple[float, float]:
    told = model.training
    val, test = val_fraction, test_fraction
    if val is None:
        val = told_value(told, float, "recipe", "val_fraction")
    if test is None:
        test = told_value(told, float, "recipe", "test_fraction")
    val, test = 0.1 if val is None else val, 0.0 if test is None else test
    if not (val >= 0 and test >= 0 and val + test < 1):
        raise UsageError("the validation and test fractions must be at least 0 and leave some text")
    return val, test


def _learnt_corpus(model: Model) -> Corpus:
    """The text that a model learnt from, by its digest: a bundled one, or one in the cache."""
    name = told_value(model.training, str, "corpus", "name") or ""
    digest = told_value(model.training, str, "corpus", "sha256") or ""
    lowercase = model.vocab.lowercase
    if name in bundled_texts():
        corpus = open_corpus(name, lowercase=lowercase)
        if corpus.sha256 == digest:
            return corpus
    # A digest is a path in the cache: nothing but a digest may lead there.
    cached = open_encoded(digest, lowercase=lowercase) if _SHA256.fullmatch(digest) else None
    if cached is None:
        which = f"the text this model learnt from, {name!r}," if name else "the model's text"
        raise UsageError(f"{which} is not at hand: name a text with --corpus")
    return Corpus(name, name, cached)


def _translate(ids: Ids, vocab: Vocabulary, to: Vocabulary) -> tuple[Ids, int, str]:
    """Indices of one alphabet as those of another, without the characters that it lacks.

    Also how many those are, and which. Raises RnntermError if nothing is left.
    """
    if vocab.symbols == to.symbols:
        return ids, 0, ""
    index_of = np.array([to.char_to_index.get(char, -1) for char in vocab.symbols])
    is_known = index_of >= 0
    dtype = ids_dtype(len(to))
    if is_known.all():
        return index_of.astype(dtype)[ids], 0, ""
    counts = np.bincount(ids, minlength=len(vocab))
    lacking = counts[~is_known]
    symbols = [char for char, known in zip(vocab.symbols, is_known, strict=True) if not known]
    left_out = "".join(char for char, count in zip(symbols, lacking, strict=True) if count)
    known = ids[is_known[ids]]
    if len(known) == 0:
        raise RnntermError("the model knows none of this text's characters: choose another text")
    return index_of.astype(dtype)[known], int(lacking.sum()), left_out
