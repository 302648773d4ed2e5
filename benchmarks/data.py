"""The texts that measurements are taken on."""

import sys
from pathlib import Path

TINYSHAKESPEARE = Path(__file__).resolve().parents[2] / "shared" / "data" / "tinyshakespeare.txt"


def tinyshakespeare() -> Path:
    """The text, or an end with the reason."""
    if not TINYSHAKESPEARE.exists():
        sys.exit(
            f"{TINYSHAKESPEARE} is missing: put the 1,115,394 characters of tinyshakespeare there"
        )
    return TINYSHAKESPEARE
