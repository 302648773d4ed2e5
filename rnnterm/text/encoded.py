"""Texts as memory-mapped character indices, encoded once and cached by content.

A text is read twice the first time: once to decode it, hash it and collect its symbols, once to
write each character's index. The result lies in the cache under the SHA-256 of the bytes. A small
note of the file's size, times and inode leads straight there the next time, without any pass.
"""

import errno
import json
import mmap
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import platformdirs

from rnnterm.errors import RnntermError
from rnnterm.files import temporary_sibling, write_json
from rnnterm.text.decode import TextDecoder
from rnnterm.text.vocab import Ids, Vocabulary, fold_character, ids_dtype

_CODE_POINTS = 0x110000
_TRIES = 5  # to take the place of a damaged copy, while others try, too
_FORMAT = 1  # part of a cached folder's name: a new layout never reads an old one


@dataclass(frozen=True)
class EncodedText:
    """A text's indices and how they came about.

    Attributes:
        ids: one index a character, shape (length,), memory-mapped and read-only.
        vocab: its symbols.
        sha256: digest of the bytes before decoding.
        notes: what decoding changed (byte-order mark, line ends).
    """

    ids: Ids
    vocab: Vocabulary
    sha256: str
    notes: tuple[str, ...]
    _pages: mmap.mmap | None = None

    def release_pages(self) -> None:
        """Let the system take back the pages read so far, so that memory stays flat."""
        if self._pages is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)


def cache_folder() -> Path:
    """Where encoded texts lie: `RNNTERM_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("RNNTERM_CACHE")
    root = Path(chosen) if chosen else platformdirs.user_cache_path("rnnterm")
    return root / f"texts-{_FORMAT}"


def encode_file(path: Path, name: str, *, lowercase: bool = False) -> EncodedText:
    """The encoded text of a UTF-8 file, from the cache where its content was met before.

    Raises RnntermError for a file that is not text, is empty, or cannot be read or cached.
    """
    with _readable_errors(name):
        note = _SeenNote.of(path)
        digest = note.recall()
        if digest is not None and (known := open_encoded(digest, lowercase=lowercase)):
            return known
        encoded = _encode(path, name, lowercase=lowercase)
        note.remember(encoded.sha256)
        return encoded


def encode_stream(stream: BinaryIO, name: str, *, lowercase: bool = False) -> EncodedText:
    """The encoded text of a stream that can be read only once; it is spooled beside the cache."""
    with _readable_errors(name):
        cache_folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache_folder(), prefix=".spool-") as spool:
            shutil.copyfileobj(stream, spool, 1 << 20)
            spool.flush()
            return _encode(Path(spool.name), name, lowercase=lowercase)


def open_encoded(digest: str, *, lowercase: bool = False) -> EncodedText | None:
    """The cached text whose bytes have this SHA-256, or None if the cache lacks it."""
    return _open(_folder_of(digest, lowercase=lowercase), digest, lowercase=lowercase)


def _open(folder: Path, digest: str, *, lowercase: bool) -> EncodedText | None:
    try:
        facts = json.loads((folder / "text.json").read_text("ascii"))
        with (folder / "ids.bin").open("rb") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        vocab = Vocabulary(facts["symbols"], lowercase=lowercase)
        ids: Ids = np.frombuffer(pages, ids_dtype(len(vocab)))
        length, notes = facts["length"], tuple(facts["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return EncodedText(ids, vocab, digest, notes, pages) if len(ids) == length else None


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


def _encode(path: Path, name: str, *, lowercase: bool) -> EncodedText:
    symbols, decoder = _survey(path, name)
    return open_encoded(decoder.sha256, lowercase=lowercase) or _write_encoded(
        path, name, symbols, decoder, lowercase=lowercase
    )


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
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_sibling(target)
    temporary.mkdir()
    try:
        length = 0
        with path.open("rb") as stream, (temporary / "ids.bin").open("wb") as out:
            again = TextDecoder(stream, name)
            for chunk in again:
                out.write(index_of[_code_points(chunk)].tobytes())
                length += len(chunk)
            out.flush()
            os.fsync(out.fileno())
        if again.sha256 != decoder.sha256:
            raise RnntermError(f"{name} changed while it was read: try again")
        facts = {"symbols": vocab.symbols, "length": length, "notes": decoder.notes}
        write_json(temporary / "text.json", facts)
        # Opened before it has its name, under which another process may yet replace it.
        encoded = _open(temporary, decoder.sha256, lowercase=lowercase)
        if encoded is None:
            raise RnntermError(f"cannot read the cached text back from {target.parent}")
        _keep(temporary, target, lambda: open_encoded(decoder.sha256, lowercase=lowercase))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return encoded


def _keep(temporary: Path, target: Path, is_there: Callable[[], object]) -> None:
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
        shutil.rmtree(aside, ignore_errors=True)
    temporary.rename(target)


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


@dataclass(frozen=True)
class _SeenNote:
    """What a file looked like when its content was last hashed."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int  # tells of a change by a program that set the time of writing back
    inode: int

    @classmethod
    def of(cls, path: Path) -> "_SeenNote":
        facts = path.stat()
        return cls(
            path=str(path.resolve()),
            size=facts.st_size,
            mtime_ns=facts.st_mtime_ns,
            ctime_ns=facts.st_ctime_ns,
            inode=facts.st_ino,
        )

    @property
    def _file(self) -> Path:
        return cache_folder() / "seen" / (sha256(os.fsencode(self.path)).hexdigest() + ".json")

    def recall(self) -> str | None:
        """The digest noted for this very file, or None if it is new or has changed."""
        try:
            noted = json.loads(self._file.read_text("ascii"))
            digest = str(noted.pop("sha256"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return digest if noted == asdict(self) else None

    def remember(self, digest: str) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._file, asdict(self) | {"sha256": digest})
