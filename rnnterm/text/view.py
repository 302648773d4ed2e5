"""A corpus as a network sees it: maps, one window with its target, parts, and a baseline."""

import math
from dataclasses import dataclass

from rnnterm.errors import UsageError
from rnnterm.text.corpus import Corpus
from rnnterm.text.ngram import witten_bell_loss
from rnnterm.text.windows import Windows, one_hot, scalar

_BASELINE_ORDER = 5
_BASELINE_TRAIN = 5_000_000
_BASELINE_VAL = 500_000
_measured: "dict[tuple[str, bool, float, float], Baseline | None]" = {}


@dataclass(frozen=True)
class WindowView:
    """One window of a text, in every form a network may read it.

    Attributes:
        place: which window, from 0; `count` is how many there are.
        text: its characters; `target` is the one that follows.
        ids: the characters' indices.
        scalars: index / number of symbols, the tutorials' input.
        one_hot_target: a row of zeros with a 1 at the target's index.
    """

    place: int
    count: int
    length: int
    stride: int
    text: str
    ids: list[int]
    scalars: list[float]
    target: str
    target_id: int
    one_hot_target: list[int]


@dataclass(frozen=True)
class Baseline:
    """What loss is good? A Witten-Bell n-gram's, in nats per character.

    Attributes:
        nats: mean loss on the validation part.
        uniform_nats: of guessing every symbol alike.
        train_characters: how much of the training part it learnt (its end, where that is long).
    """

    order: int
    nats: float
    uniform_nats: float
    train_characters: int
    val_characters: int

    @property
    def bits(self) -> float:
        """The same in bits per character."""
        return self.nats / math.log(2)


def view_window(
    corpus: Corpus, place: int = 0, length: int = 100, stride: int = 1
) -> WindowView | None:
    """One window of the whole text, or None if the text is too short for any.

    Raises UsageError for a window that is not there.
    """
    windows = Windows.over(corpus.ids, length, stride)
    if len(windows) == 0:
        return None
    if not 0 <= place < len(windows):
        raise UsageError(f"there is no window {place:,}: the last is {len(windows) - 1:,}")
    vocab = corpus.vocab
    ids, target = windows.inputs[place], windows.targets[place]
    return WindowView(
        place=place,
        count=len(windows),
        length=length,
        stride=stride,
        text=vocab.decode(ids),
        ids=ids.tolist(),
        scalars=scalar(ids, len(vocab))[:, 0].tolist(),
        target=vocab.symbols[target],
        target_id=int(target),
        one_hot_target=one_hot(target, len(vocab)).astype(int).tolist(),
    )


def measure_baseline(corpus: Corpus, val_fraction: float, test_fraction: float) -> Baseline | None:
    """The n-gram's loss on the validation part, or None if there is no such part.

    Long texts are judged by the last five million characters of the training part and the first
    half million of the validation part. What was measured once is remembered.
    """
    key = (corpus.sha256, corpus.vocab.lowercase, val_fraction, test_fraction)
    if key not in _measured:
        _measured[key] = _measure(corpus, val_fraction, test_fraction)
    return _measured[key]


def _measure(corpus: Corpus, val_fraction: float, test_fraction: float) -> Baseline | None:
    split = corpus.split(val_fraction, test_fraction)
    train, val = split.train[-_BASELINE_TRAIN:], split.val[:_BASELINE_VAL]
    if len(train) == 0 or len(val) == 0:
        return None
    return Baseline(
        order=_BASELINE_ORDER,
        # Of one symbol, rounding may leave a little less than nothing.
        nats=max(0.0, witten_bell_loss(train, val, len(corpus.vocab), _BASELINE_ORDER)),
        uniform_nats=math.log(len(corpus.vocab)),
        train_characters=len(train),
        val_characters=len(val),
    )
