"""A text to encode, and what is there of it afterwards."""

from pathlib import Path

from rnnterm.text.encoded import EncodedText

VERSE = "To be, or not to be: that is the question.\n"


def text_of(known: EncodedText) -> str:
    return known.vocab.decode(known.ids)


def tree(folder: Path) -> dict[Path, bytes | None]:
    """Every path below a folder, and what the files hold."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
