"""Bytes to characters: UTF-8 in chunks, with what was mended on the way."""

import codecs
import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from rnnterm.errors import RnntermError

_CHUNK = 1 << 20
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextDecoder:
    """Iterates over a UTF-8 stream as text chunks of about a million characters.

    A byte-order mark is dropped and CRLF or CR become LF; `notes` says so afterwards, and
    `sha256` is then the digest of the bytes as they were.

    Raises RnntermError, while iterating, for text that is not UTF-8 (with the byte offset) or
    that holds NUL characters, as binary files do.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._digest = hashlib.sha256()
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self._had_bom = False

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes read so far, in hexadecimal."""
        return self._digest.hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed on the way in, for people to read."""
        seen = self._newlines.newlines or ()
        endings = {seen} if isinstance(seen, str) else set(seen)
        notes = ["UTF-8 byte-order mark dropped"] if self._had_bom else []
        for ending, spelled in (("\r\n", "CRLF"), ("\r", "CR")):
            if ending in endings:
                notes.append(f"{spelled} line ends read as LF")
        return tuple(notes)

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        start = 0  # byte offset of this chunk in the stream
        chunk = self._read_head()
        while True:
            self._digest.update(chunk)
            waiting = len(decoder.getstate()[0])  # bytes of a character cut by the last chunk
            if start == 0:
                self._refuse_utf16(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                offset, byte = start - waiting + error.start, error.object[error.start]
                raise RnntermError(
                    f"{self._name} is not UTF-8: byte {offset:,} (0x{byte:02x}) "
                    "cannot be read; convert it, for example with iconv -t UTF-8"
                ) from None
            if start == 0 and text.startswith("\ufeff"):
                self._had_bom = True
                text = text[1:]
            if "\0" in text:
                raise RnntermError(f"{self._name} looks binary: it holds NUL characters")
            yield self._newlines.decode(text, final=not chunk)
            if not chunk:
                return
            start += len(chunk)
            chunk = self._stream.read(_CHUNK)

    def _read_head(self) -> bytes:
        """The first chunk, with the whole of a byte-order mark even where reads return less."""
        head = self._stream.read(_CHUNK)
        while 0 < len(head) < len(codecs.BOM_UTF8) and (more := self._stream.read(_CHUNK)):
            head += more
        return head

    def _refuse_utf16(self, head: bytes) -> None:
        if head.startswith(_UTF16_BOMS):
            raise RnntermError(f"{self._name} is UTF-16: convert it with iconv -f UTF-16 -t UTF-8")
