"""What a seed argument means: text, `-` for standard input, or `@FILE`."""

import sys
from typing import TYPE_CHECKING

from rnnterm.cli.diagnostics import warn
from rnnterm.errors import RnntermError, UsageError

if TYPE_CHECKING:
    from typing import BinaryIO

    from rnnterm.text.vocab import Vocabulary


def read_seed(seed: str, what: str = "seed") -> str:
    """The text that a seed argument means; `@@` begins a text with a plain `@`.

    `what` is what errors call it.

    Raises UsageError or RnntermError for a file or standard input that is not UTF-8 text.
    """
    if seed == "-":
        if sys.stdin is None:
            raise UsageError(f"standard input is closed: pipe the {what} in, or write it out")
        return _decoded(sys.stdin.buffer, "standard input")
    if seed.startswith("@@"):
        return seed[1:]
    if not seed.startswith("@"):
        return seed
    if seed == "@":
        raise UsageError(f"@ names no file: write @FILE, or @@ for a {what} that begins with @")
    from rnnterm.files import user_path

    try:
        with user_path(seed[1:]).open("rb") as file:
            return _decoded(file, seed[1:])
    except FileNotFoundError:
        raise UsageError(f"there is no file {seed[1:]!r} to read the {what} from") from None
    except OSError as error:
        raise RnntermError(f"cannot read the {what} {seed[1:]}: {error.strerror}") from None


def fresh_rng_seed() -> int:
    """A seed for a call that was given none."""
    import secrets  # slow to import, and most commands need none

    return secrets.randbits(32)


def known_part(text: str, vocab: "Vocabulary", *, strict: bool, quiet: bool) -> str:
    """The seed without the characters that a model does not know, which a warning names.

    With `strict` they are a UsageError instead.
    """
    unknown = vocab.unknown_in(text)
    if not unknown:
        return text
    named = f"{unknown[:20]!a}{' and more' if len(unknown) > 20 else ''}"
    if strict:
        raise UsageError(f"the model does not know {named}: leave it out of the seed")
    if not quiet:
        warn(f"the model does not know {named}: left out of the seed")
    return vocab.keep_known(text)


def _decoded(stream: "BinaryIO", name: str) -> str:
    from rnnterm.text.decode import TextDecoder

    return "".join(TextDecoder(stream, name))
