"""A corpus: a named text, encoded, with its split into training, validation and test parts."""

import difflib
import io
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from rnnterm.errors import RnntermError, UsageError
from rnnterm.text.catalog import bundled_texts, catalog
from rnnterm.text.encoded import EncodedText, encode_file, encode_stream, open_encoded
from rnnterm.text.vocab import Ids, Vocabulary

STDIN = "-"


@dataclass(frozen=True)
class Split:
    """Contiguous parts of a text, in reading order; each an array of indices.

    The parts are views: nothing is copied, and no window reaches across a border.
    """

    train: Ids
    val: Ids
    test: Ids


@dataclass(frozen=True)
class Corpus:
    """A text that can be learnt.

    Attributes:
        name: what people call it: a bundled name, a file's stem, or `stdin`.
        source: what opens it again: an absolute path, a bundled name, or `-`.
        text: its indices, vocabulary, digest and decoding notes.
    """

    name: str
    source: str
    text: EncodedText

    @property
    def ids(self) -> Ids:
        """One index a character, shape (length,)."""
        return self.text.ids

    @property
    def vocab(self) -> Vocabulary:
        """The symbols that occur."""
        return self.text.vocab

    @property
    def sha256(self) -> str:
        """Digest of the bytes the text was read from."""
        return self.text.sha256

    @property
    def notes(self) -> tuple[str, ...]:
        """What decoding changed and whether its copy was damaged, for people to read."""
        return (*self.text.notes, *self.remarks)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What happened to its copy in the cache: news for whoever opened it, and only then."""
        if not self.text.was_remade:
            return ()
        return (f"the cached copy of {self.name} was damaged and is made anew",)

    def __len__(self) -> int:
        return len(self.ids)

    def excerpt(self, start: int, stop: int) -> str:
        """The characters from `start` up to `stop`."""
        return self.vocab.decode(self.ids[start:stop])

    def split(self, val_fraction: float = 0.1, test_fraction: float = 0.0) -> Split:
        """The first part trains, then comes validation, then test."""
        # Cut from the front, as the published 90/10 figures do: int(0.9 n) characters train.
        train_end = int(len(self) * (1 - val_fraction - test_fraction))
        val_end = int(len(self) * (1 - test_fraction))
        return Split(self.ids[:train_end], self.ids[train_end:val_end], self.ids[val_end:])


def open_corpus(source: str, *, lowercase: bool = False) -> Corpus:
    """The corpus that `source` names: `-` for standard input, a bundled name, or a path.

    A bundled name wins over a file of that name; write `./othello` for the file.

    Raises UsageError for a name that names nothing, RnntermError for what is not a text.
    """
    if source == STDIN:
        if sys.stdin is None:  # as Python leaves it where a shell closed it: `<&-`
            raise UsageError("standard input is closed: pipe a text in, or name a file")
        stream = sys.stdin.buffer
        return Corpus("stdin", STDIN, encode_stream(stream, "standard input", lowercase=lowercase))
    if source in bundled_texts():
        return _open_bundled(source, lowercase=lowercase)
    path = _existing_file(source)
    text = encode_file(path, source, lowercase=lowercase)
    return Corpus(path.stem, str(path.resolve()), text)


def reopen_corpus(name: str, source: str, sha256: str, *, lowercase: bool) -> Corpus:
    """The corpus that an earlier run read, by its digest where its source is gone.

    Raises RnntermError if the text has changed since, or neither source nor cache has it.
    """
    if source == STDIN or (source not in bundled_texts() and not Path(source).exists()):
        cached = open_encoded(sha256, lowercase=lowercase)
        if cached is None:
            raise RnntermError(
                f"the text of this run is gone: neither {source} nor the cache has it"
            )
        return Corpus(name, source, cached)
    corpus = open_corpus(source, lowercase=lowercase)
    if corpus.sha256 != sha256:
        raise RnntermError(
            f"{source} has changed since this run began: restore it, or train a new run on it"
        )
    return corpus


def _open_bundled(name: str, *, lowercase: bool) -> Corpus:
    entry = bundled_texts()[name]
    if entry.file is not None:
        text = encode_file(entry.file, name, lowercase=lowercase)
    elif entry.make is not None:
        made = io.BytesIO(entry.make().encode())
        text = encode_stream(made, name, lowercase=lowercase)
    else:
        raise RnntermError(f"the bundled corpus {name!r} has neither a file nor a maker")
    return Corpus(name, name, text)


def _existing_file(source: str) -> Path:
    if not source:  # which Path would take for the current folder
        raise UsageError(_no_such_corpus(source))
    try:
        path = Path(source).expanduser()
        mode = path.stat().st_mode
    except (FileNotFoundError, RuntimeError):  # no such file, or `~name` of nobody
        raise UsageError(_no_such_corpus(source)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RnntermError(f"cannot read {source}: {reason}") from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"{source} is a folder: name a text file, or pipe several with cat … | -")
    if not stat.S_ISREG(mode):
        raise UsageError(f"{source} is not a regular file: pipe it in and name it -")
    if not os.access(path, os.R_OK):
        raise RnntermError(f"cannot read {source}: permission denied")
    return path


def _no_such_corpus(source: str) -> str:
    if source in catalog():
        return f"{source} is a series of numbers, not a text to learn: rnnterm forecast {source}"
    names = list(bundled_texts())
    near = difflib.get_close_matches(source, names, n=1)
    meant = f"did you mean {near[0]}?" if near else f"bundled corpora: {', '.join(names)}"
    return f"there is no corpus {source!r}; {meant}"
