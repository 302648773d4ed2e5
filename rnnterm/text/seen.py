"""Notes of files whose content was hashed before, so that a large one need not be read again."""

import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from rnnterm.files import (
    is_real_folder,
    make_private_folder,
    read_json,
    remove,
    sha256_of,
    write_json,
)

_LARGEST_NOTE = 1 << 16
# Up to here a note is not believed: hashing takes 0.8 ms for each megabyte (AMD EPYC, SHA-NI).
_ALWAYS_HASHED = 1 << 22


@dataclass(frozen=True)
class SeenNote:
    """What a file looked like when its content was last hashed."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int  # tells of a change by a program that set the time of writing back
    inode: int

    @classmethod
    def of(cls, path: Path) -> "SeenNote":
        """What a file looks like now; raises OSError where there is none."""
        facts = path.stat()
        return cls(
            path=str(path.resolve()),
            size=facts.st_size,
            mtime_ns=facts.st_mtime_ns,
            ctime_ns=facts.st_ctime_ns,
            inode=facts.st_ino,
        )

    def recall(self, folder: Path) -> str | None:
        """The digest noted for this very file, or None if it is new or has changed."""
        if not is_real_folder(folder):
            return None
        try:
            noted = read_json(self._file(folder), _LARGEST_NOTE)
            digest = str(noted.pop("sha256"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if noted != asdict(self):
            return None
        if self.size <= _ALWAYS_HASHED and self._digest() != digest:
            return None
        return digest

    def remember(self, digest: str, folder: Path) -> None:
        """Note the digest; raises OSError where that cannot be."""
        if not is_real_folder(folder):
            folder.unlink(missing_ok=True)  # a link, say: nothing of ours lies behind it
        make_private_folder(folder)
        file = self._file(folder)
        if is_real_folder(file):
            remove(file)
        write_json(file, asdict(self) | {"sha256": digest})

    def _file(self, folder: Path) -> Path:
        return folder / (sha256(os.fsencode(self.path)).hexdigest() + ".json")

    def _digest(self) -> str | None:
        with suppress(OSError):
            return sha256_of(Path(self.path))
        return None
