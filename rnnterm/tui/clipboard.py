"""The terminal's clipboard, by the sequence OSC 52; whether it arrives, no program can know."""

import base64
import os
from typing import Any

from rnnterm.terminal import pipe_text

_LARGEST = 74_994  # bytes of text; more than 100,000 of base64 many terminals drop silently


def send_to_clipboard(app: Any, text: str) -> str:
    """Send a text to the clipboard of the terminal that `app` runs in; what to tell the person."""
    data = pipe_text(text).encode()
    if len(data) > _LARGEST:
        return f"{len(data):,} bytes are too many for a terminal's clipboard: save them to a file"
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\a"
    if os.environ.get("TMUX"):
        # tmux hands on what is wrapped so, where its option allow-passthrough is on.
        sequence = "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    driver = getattr(app, "_driver", None)
    if driver is None:
        return "there is no terminal to copy to"
    driver.write(sequence)
    return f"sent {len(text):,} characters to the terminal; if they do not arrive, save to a file"
