"""Make the README's pictures from the real app: `python docs/make_screenshots.py RUNS`.

It shows the most recently active run of the folder RUNS, as the app does when it is opened.
"""

import asyncio
import sys
from pathlib import Path

from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp

_HERE = Path(__file__).parent
_SECONDS = 6  # in which the sample grows, and the n-gram is measured


async def take(runs: Path, corpus: str) -> None:
    """Open the app, let it write for a while, and take a picture."""
    app = RnntermApp(Settings(corpus=corpus), runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(_SECONDS)
        app.save_screenshot("app-text.svg", str(_HERE))


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]), *(sys.argv[2:] or ["pride-and-prejudice"])))
