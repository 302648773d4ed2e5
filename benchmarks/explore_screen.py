"""The tab Hidden state as a person meets it: the real program in a pseudo-terminal."""

import os
import statistics
import sys
import time
from pathlib import Path

import pexpect

_MOVES = 40
_QUIET = 0.08  # seconds without a byte after which a screen is done
_TEXT = (
    "ROMEO:\nBut, soft! what light through yonder window breaks?\nIt is the east, and Juliet is "
    "the sun.\nArise, fair sun, and kill the envious moon,\nWho is already sick and pale with "
    "grief, that thou her maid."
)[:200]


def screen_rows(folder: Path) -> list[list[str]]:
    """What was measured, the figure, and what was asked for."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "rnnterm"],
        dimensions=(50, 200),
        timeout=30,
        env=os.environ
        | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "RNNTERM_RUNS": str(folder / "r")}
        | {"RNNTERM_CONFIG": str(folder / "no settings.toml")},
    )
    child.expect_exact(b"Live sample")
    _until_quiet(child, 3)
    child.delaybeforesend = None
    child.send(" c")  # the sample stands still, and numbers choose tabs
    _until_quiet(child)
    child.send("2")
    begun = time.perf_counter()
    child.expect_exact("▀".encode())
    first = time.perf_counter() - begun
    _until_quiet(child)
    child.send("t")
    child.expect_exact(b"Which text")
    _until_quiet(child, 1)
    child.send(f"\x1b[200~{_TEXT}\x1b[201~")
    child.expect_exact(b"is the sun")
    _until_quiet(child, 1)
    child.send("\x12")
    begun = time.perf_counter()
    child.expect_exact(f"/{len(_TEXT)}".encode())
    typed = time.perf_counter() - begun
    _until_quiet(child)
    times, sizes = [], []
    for number in range(_MOVES):
        child.send("\x1b[C" if number % 4 < 3 else "\x1b[D")
        seconds, size = _until_quiet(child)
        times.append(seconds * 1000)
        sizes.append(size)
    child.send("\x11")
    child.expect(pexpect.EOF)
    child.close()
    return [
        ["first frame of 512 units, from the key", f"{first:.2f} s", "1 s"],
        ["… of 200 characters that were pasted", f"{typed:.2f} s", "1 s"],
        ["a cursor move, median", f"{statistics.median(times):.0f} ms", "30 ms"],
        ["a cursor move, slowest of all", f"{max(times):.0f} ms", ""],
        ["bytes of a move at 200x50, median", f"{statistics.median(sizes):,.0f}", "5,000"],
        ["bytes of a move, most of all", f"{max(sizes):,}", ""],
    ]


def _until_quiet(child: pexpect.spawn, least: float = 0.0) -> tuple[float, int]:
    """Read what comes; seconds until the last byte, and how many there were."""
    begun = last = time.perf_counter()
    received = 0
    while True:
        wait = max(_QUIET if received else 0.5, least - (time.perf_counter() - begun))
        try:
            received += len(child.read_nonblocking(1 << 16, timeout=wait))
            last = time.perf_counter()
        except pexpect.TIMEOUT:
            if time.perf_counter() - begun >= least:
                return last - begun, received
