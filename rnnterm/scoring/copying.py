"""What a sample copies verbatim from a text.

Every k characters of the text are hashed at once in numpy and looked up among those of the sample;
what is found is then compared character by character, so the answer is exact. Hashes are those of
Rabin and Karp (1987) modulo 2^64, built by doubling: h over 2k characters follows from two over k.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.integer[Any]]
Hashes = npt.NDArray[np.uint64]

_BASE = 0x9E3779B97F4A7C15  # odd, its bits well mixed
_MODULUS = 1 << 64
_AT_ONCE = 1 << 20
_TABLE_BITS = 16


@dataclass(frozen=True)
class Copied:
    """Verbatim copies in a sample.

    Attributes:
        share: of its characters, those in a run of at least `min_length` that the text holds too.
        longest: the length of the longest such run, or 0 without any.
        start: where in the sample that run begins.
    """

    share: float
    min_length: int
    longest: int
    start: int


def find_copies(sample: Indices, text: Indices, min_length: int = 20) -> Copied:
    """The runs of at least `min_length` characters that `sample` shares with `text`.

    Both hold indices of one alphabet, of shapes (n,) and (m,); an index that `text` never has may
    stand for any character it lacks. Time grows with m and the logarithm of the longest run, not
    with how often the text repeats itself.
    """
    found = _occurring(sample, text, min_length)
    if not found.any():
        return Copied(0.0, min_length, 0, 0)
    covered = np.zeros(len(sample) + 1, np.int64)
    starts = np.flatnonzero(found)
    covered[starts] += 1
    covered[starts + min_length] -= 1
    share = float((covered.cumsum()[:-1] > 0).mean())
    longest, start = _longest(sample, text, min_length, found)
    return Copied(share, min_length, longest, start)


def _longest(
    sample: Indices, text: Indices, min_length: int, found: npt.NDArray[np.bool_]
) -> tuple[int, int]:
    """Length and start of the longest run; `found` tells where one of `min_length` starts."""
    # A run of length L makes L - min_length + 1 starts in a row; mostly the reverse holds as well,
    # so the greatest length that may be is tried first, and halving begins where it is not.
    borders = np.flatnonzero(np.diff(np.concatenate([[0], found.astype(np.int8), [0]])))
    low, start = min_length, int(np.flatnonzero(found)[0])
    high = min_length - 1 + int((borders[1::2] - borders[::2]).max())
    middle = high
    while low < high:
        longer = _occurring(sample, text, middle)
        if longer.any():
            low, start = middle, int(np.flatnonzero(longer)[0])
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    return low, start


def _occurring(sample: Indices, text: Indices, length: int) -> npt.NDArray[np.bool_]:
    """For each place of the sample, whether the `length` characters from there are in the text."""
    if min(len(sample), len(text)) < length:
        return np.zeros(max(len(sample) - length + 1, 0), bool)
    windows = np.lib.stride_tricks.sliding_window_view
    sample_runs, text_runs = windows(sample, length), windows(text, length)
    hashes, kind = np.unique(_hashes(sample, length), return_inverse=True)
    occurs = np.zeros(len(sample_runs), bool)
    for start, piece in _pieces(text, length):
        places, kinds = _look_up(hashes, _hashes(piece, length))
        # One place of the text stands for all that have its hash; the others are looked at only
        # where a run differs from that one, which is to say hardly ever.
        first = np.full(len(hashes), -1)
        first[kinds[::-1]] = places[::-1] + start
        candidates = np.flatnonzero((first[kind] >= 0) & ~occurs)
        is_equal = (sample_runs[candidates] == text_runs[first[kind[candidates]]]).all(axis=1)
        occurs[candidates] = is_equal
        for place in candidates[~is_equal]:
            others = places[kinds == kind[place]] + start
            occurs[place] = (text_runs[others] == sample_runs[place]).all(axis=1).any()
    return occurs


def _look_up(known: Hashes, hashes: Hashes) -> tuple[Indices, Indices]:
    """Where `hashes` holds one of the sorted `known`, in order, and which one each is."""
    # A table of the first bits sends nearly all of a text away before the search.
    table = np.zeros(1 << _TABLE_BITS, bool)
    shift = np.uint64(64 - _TABLE_BITS)
    table[known >> shift] = True
    places = np.flatnonzero(table[hashes >> shift])
    rank = np.minimum(np.searchsorted(known, hashes[places]), len(known) - 1)
    is_known = known[rank] == hashes[places]
    return places[is_known], rank[is_known]


def _pieces(text: Indices, length: int) -> Iterator[tuple[int, Indices]]:
    """Pieces of a text, each with its start, such that every run of `length` lies in one."""
    for start in range(0, len(text) - length + 1, _AT_ONCE):
        yield start, text[start : start + _AT_ONCE + length - 1]


def _hashes(ids: Indices, length: int) -> Hashes:
    """One hash for every `length` characters in a row, shape (len(ids) - length + 1,)."""
    power = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(_BASE)
    width = 1  # characters that `power` covers, doubled until `length` is made up
    hashes: Hashes = np.zeros(len(ids) + 1, np.uint64)
    covered = 0
    while True:
        if length & width:
            hashes = _join(hashes, power[covered:], width)
            covered += width
        if covered == length:
            return hashes
        power = _join(power, power[width:], width)
        width *= 2


def _join(left: Hashes, right: Hashes, width: int) -> Hashes:
    """Hashes of each run of `left` together with the `width` characters of `right` after it."""
    joined = left[: len(right)] * np.uint64(pow(_BASE, width, _MODULUS))
    joined += right
    return joined
