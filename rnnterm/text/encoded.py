"""Texts as memory-mapped character indices, encoded once and cached by content.

A text is read twice the first time: once to decode it, hash it and collect its symbols, once to
write each character's index. The result lies in the cache under the SHA-256 of the bytes. A small
note of the file's size, times and inode leads straight there the next time, without any pass.

A cached copy is checked whole each time it is opened, against a CRC-32 that was taken when it was
made. That finds every flipped bit, and takes 1 ms for a text of a megabyte and about a second for
one of a gigabyte, which takes 35 to encode (AMD EPYC; with SHA-256 it would be twice as long). To
check later, beside the work, would let a training begin with what is damaged. The cache is the
user's own and private: who can write there could as well change the text.
"""

import errno
import json
import mmap
import os
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import platformdirs

from rnnterm.errors import RnntermError
from rnnterm.files import (
    check_real_folder,
    create_file,
    is_real_folder,
    make_private_folder,
    open_regular,
    read_json,
    remove,
    temporary_sibling,
    user_path,
    write_json,
)
from rnnterm.text.decode import TextDecoder
from rnnterm.text.seen import SeenNote
from rnnterm.text.vocab import Ids, Vocabulary, fold_character, ids_dtype

_CODE_POINTS = 0x110000
_TRIES = 5  # to take the place of a damaged copy, while others try, too
_FORMAT = 2  # part of a cached folder's name: a new layout never reads an old one
_BLOCK = 1 << 20  # bytes, of whole indices
_SECONDS_TO_ENCODE = 3600.0  # nothing is written to for so long but what was left behind
_CACHED = re.compile(r"\.?[0-9a-f]{64}(-lower)?(\.[0-9a-f]{8}\.tmp)?|\.spool-\w+|seen")
_LEFTOVER = re.compile(r"\.[0-9a-f]{64}(-lower)?\.[0-9a-f]{8}\.tmp|\.spool-\w+")


@dataclass(frozen=True)
class EncodedText:
    """A text's indices and how they came about.

    Attributes:
        ids: one index a character, shape (length,), memory-mapped and read-only.
        vocab: its symbols.
        sha256: digest of the bytes before decoding.
        notes: what decoding changed (byte-order mark, line ends).
        was_remade: whether it was cached, but damaged, and is made anew.
    """

    ids: Ids
    vocab: Vocabulary
    sha256: str
    notes: tuple[str, ...]
    was_remade: bool = False
    _pages: mmap.mmap | None = None

    def release_pages(self) -> None:
        """Let the system take back the pages read so far, so that memory stays flat."""
        if self._pages is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)


def cache_folder() -> Path:
    """Where encoded texts lie: `RNNTERM_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("RNNTERM_CACHE")
    root = user_path(chosen) if chosen else platformdirs.user_cache_path("rnnterm")
    return root / f"texts-{_FORMAT}"


def encode_file(path: Path, name: str, *, lowercase: bool = False) -> EncodedText:
    """The encoded text of a UTF-8 file, from the cache where its content was met before.

    Raises RnntermError for a file that is not text, is empty, or cannot be read or cached.
    """
    with _readable_errors(name):
        if os.path.lexists(cache_folder()):
            check_real_folder(cache_folder())
        note, seen = SeenNote.of(path), cache_folder() / "seen"
        digest = note.recall(seen)
        if digest is not None:
            # A damaged copy is met again, and replaced, once the text is read.
            with suppress(_DamagedError):
                known = _open_cached(digest, lowercase=lowercase)
                if known is not None and known.bytes == note.size:
                    return known.text
        encoded = _encode(path, name, lowercase=lowercase)
        note.remember(encoded.sha256, seen)
        return encoded


def encode_stream(stream: BinaryIO, name: str, *, lowercase: bool = False) -> EncodedText:
    """The encoded text of a stream that can be read only once; it is spooled beside the cache."""
    with _readable_errors(name):
        _make_cache()
        _sweep()
        with tempfile.NamedTemporaryFile(dir=cache_folder(), prefix=".spool-") as spool:
            shutil.copyfileobj(stream, spool, 1 << 20)
            spool.flush()
            return _encode(Path(spool.name), name, lowercase=lowercase)


def open_encoded(digest: str, *, lowercase: bool = False) -> EncodedText | None:
    """The cached text whose bytes have this SHA-256, or None if the cache lacks it.

    Raises RnntermError for a damaged copy: only the text itself can mend it.
    """
    try:
        known = _open_cached(digest, lowercase=lowercase)
    except _DamagedError as error:
        raise RnntermError(
            f"the cached copy of the text is damaged ({error}): {error.folder}; "
            "open the text itself once more, and it is made anew"
        ) from None
    return known.text if known else None


class _DamagedError(Exception):
    """A cached copy is not what was written; its text is the reason."""

    def __init__(self, reason: object, folder: Path) -> None:
        super().__init__(reason)
        self.folder = folder


@dataclass(frozen=True)
class _Cached:
    """A cached text, and how many bytes it was read from."""

    text: EncodedText
    bytes: int


def _open_cached(digest: str, *, lowercase: bool) -> _Cached | None:
    """The cached text, verified; None where there is none. Raises _DamagedError."""
    folder = _folder_of(digest, lowercase=lowercase)
    if not is_real_folder(cache_folder()) or not os.path.lexists(folder):
        return None
    return _open(folder, digest, lowercase=lowercase)


def _open(folder: Path, digest: str, *, lowercase: bool) -> _Cached:
    try:
        check_real_folder(folder)
        facts = read_json(folder / "text.json")
        vocab = Vocabulary(facts["symbols"], lowercase=lowercase)
        length, notes, size = facts["length"], facts["notes"], facts["bytes"]
        with open_regular(folder / "ids.bin") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            checked = _Checksum(vocab)
            while block := file.read(_BLOCK):
                checked.update(block)
        if (facts["sha256"], facts["crc32"]) != (digest, checked.with_facts(facts)):
            raise ValueError("its checksum does not fit")
        ids: Ids = np.frombuffer(pages, ids_dtype(len(vocab)))
        if (vocab.symbols, len(ids)) != (facts["symbols"], length):
            raise ValueError("its description does not fit")
        text = EncodedText(ids, vocab, digest, tuple(map(str, notes)), _pages=pages)
    except OSError as error:
        raise _DamagedError(error.strerror or error, folder) from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        reason = error if isinstance(error, ValueError) else "its description lacks something"
        raise _DamagedError(reason, folder) from None
    return _Cached(text, size)


class _Checksum:
    """The CRC-32 of indices, block by block, and of what is noted beside them.

    Raises ValueError for an index beyond the alphabet.
    """

    def __init__(self, vocab: Vocabulary) -> None:
        self._symbols, self._dtype = len(vocab), ids_dtype(len(vocab))
        self._crc = 0

    def update(self, block: bytes) -> None:
        if block and np.frombuffer(block, self._dtype).max() >= self._symbols:
            raise ValueError("an index is beyond its alphabet")
        self._crc = zlib.crc32(block, self._crc)

    def with_facts(self, facts: dict[str, Any]) -> int:
        noted = {key: value for key, value in facts.items() if key != "crc32"}
        return zlib.crc32(json.dumps(noted, sort_keys=True).encode(), self._crc)


def _folder_of(digest: str, *, lowercase: bool) -> Path:
    return cache_folder() / (digest + ("-lower" if lowercase else ""))


@contextmanager
def _readable_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # A full disk names no file, and the cache is all that is written here.
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        where = error.filename or (cache_folder() if full else name)
        hint = "" if where == name else "; RNNTERM_CACHE names another cache folder"
        raise RnntermError(
            f"cannot read {name}: {error.strerror or error} ({where}){hint}"
        ) from error


def _make_cache() -> None:
    """Create the cache, for the user alone; raises OSError where it leads somewhere else."""
    make_private_folder(cache_folder())
    check_real_folder(cache_folder())
    for number in range(1, _FORMAT):
        with suppress(OSError):  # it stays, and keeps nothing from its work
            _drop_earlier(cache_folder().with_name(f"texts-{number}"))


def _drop_earlier(folder: Path) -> None:
    """Remove a cache of an earlier layout, which nothing reads any more: what is named as ours."""
    if not is_real_folder(folder) or folder.lstat().st_uid != os.getuid():
        return
    for path in folder.iterdir():
        if _CACHED.fullmatch(path.name):
            remove(path)
    folder.rmdir()  # fails where something else is in it


def _sweep() -> None:
    """Remove what encodings left that were killed on the way."""
    for path in cache_folder().glob(".*"):
        with suppress(OSError):  # someone else may sweep, too
            files = path.iterdir() if is_real_folder(path) else ()
            newest = max(each.lstat().st_mtime for each in (path, *files))
            if _LEFTOVER.fullmatch(path.name) and time.time() - newest > _SECONDS_TO_ENCODE:
                remove(path)


def _encode(path: Path, name: str, *, lowercase: bool) -> EncodedText:
    symbols, decoder = _survey(path, name)
    try:
        known = _open_cached(decoder.sha256, lowercase=lowercase)
    except _DamagedError:
        made = _write_encoded(path, name, symbols, decoder, lowercase=lowercase)
        return replace(made, was_remade=True)
    if known is not None:
        return known.text
    return _write_encoded(path, name, symbols, decoder, lowercase=lowercase)


def _survey(path: Path, name: str) -> tuple[str, TextDecoder]:
    """First pass: the distinct characters of a text, and its exhausted decoder."""
    present = np.zeros(_CODE_POINTS, bool)
    with path.open("rb") as stream:
        decoder = TextDecoder(stream, name)
        for chunk in decoder:
            present[_code_points(chunk)] = True
    symbols = "".join(map(chr, np.flatnonzero(present)))
    if not symbols:
        raise RnntermError(f"{name} is empty: there is nothing to learn")
    return symbols, decoder


def _write_encoded(
    path: Path, name: str, symbols: str, decoder: TextDecoder, *, lowercase: bool
) -> EncodedText:
    """Second pass: each character's index, into a folder that appears whole or not at all."""
    folded = [fold_character(char) if lowercase else char for char in symbols]
    vocab = Vocabulary(folded, lowercase=lowercase)
    index_of = np.zeros(_CODE_POINTS, ids_dtype(len(vocab)))
    index_of[_code_points(symbols)] = [vocab.char_to_index[char] for char in folded]

    target = _folder_of(decoder.sha256, lowercase=lowercase)
    _make_cache()
    _sweep()
    temporary = temporary_sibling(target)
    temporary.mkdir(mode=0o700)
    try:
        length, size, checksum = 0, path.stat().st_size, _Checksum(vocab)
        with path.open("rb") as stream, create_file(temporary / "ids.bin") as out:
            again = TextDecoder(stream, name)
            for chunk in again:
                block = index_of[_code_points(chunk)].tobytes()
                out.write(block)
                checksum.update(block)
                length += len(chunk)
            out.flush()
            os.fsync(out.fileno())
        if again.sha256 != decoder.sha256:
            raise RnntermError(f"{name} changed while it was read: try again")
        facts = {
            "symbols": vocab.symbols,
            "length": length,
            "notes": list(decoder.notes),
            "bytes": size,
            "sha256": decoder.sha256,
        }
        facts["crc32"] = checksum.with_facts(facts)
        write_json(temporary / "text.json", facts)
        # Opened before it has its name, under which another process may yet replace it.
        try:
            known = _open(temporary, decoder.sha256, lowercase=lowercase)
        except _DamagedError as error:
            raise RnntermError(
                f"cannot read the cached text back from {target.parent}: {error}"
            ) from None
        _keep(temporary, target, lambda: _is_good(decoder.sha256, lowercase=lowercase))
    finally:
        with suppress(OSError):
            remove(temporary)
    return known.text


def _is_good(digest: str, *, lowercase: bool) -> bool:
    try:
        return _open_cached(digest, lowercase=lowercase) is not None
    except _DamagedError:
        return False


def _keep(temporary: Path, target: Path, is_there: Callable[[], bool]) -> None:
    """Give an encoded text its name, unless another process was faster; a damaged one goes."""
    for _ in range(_TRIES):
        with suppress(OSError):
            temporary.rename(target)
            return
        if is_there():
            return
        aside = temporary_sibling(target)
        with suppress(OSError):  # another process has just put it aside
            target.rename(aside)
        with suppress(OSError):
            remove(aside)
    temporary.rename(target)


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)
