"""Make the README's pictures from the real app: `python docs/make_screenshots.py RUNS [TEXT]`.

It shows the most recently active run of the folder RUNS, whose model speaks; TEXT is a bundled text
or a file, best that of the run.
"""

import asyncio
import os
import sys
from pathlib import Path

from rnnterm.runs.overview import list_summaries
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp

_HERE = Path(__file__).parent
_PICTURES = (  # its name, the keys that lead there, and how many seconds there is much to see after
    ("app-text", (), 6),
    ("app-hidden", ("space", "c", "2", *["right"] * 24, "e"), 3),
    ("app-forecast", ("3", "g"), 25),
)


async def take(runs: Path, corpus: str) -> None:
    """Open the app for each picture, press its keys, and take it."""
    for name, keys, seconds in _PICTURES:
        app = RnntermApp(Settings(corpus=corpus), runs, list_summaries(runs)[0].name)
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.pause(4)  # the sample begins, the n-gram is measured
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.1)
            await pilot.pause(seconds)
            app.save_screenshot(f"{name}.svg", str(_HERE))


if __name__ == "__main__":
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    asyncio.run(take(Path(sys.argv[1]), *(sys.argv[2:] or ["pride-and-prejudice"])))
