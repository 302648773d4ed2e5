"""Make the README's pictures from the real app: `python docs/make_screenshots.py`.

A real run trains for a minute and a half meanwhile, so the pictures show what it really learnt.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

_HERE = Path(__file__).parent
_BUDGET = "100s"
_WATCHED = 75  # seconds of it


async def take(runs: Path) -> None:
    """Train, watch, and take a picture of each tab."""
    from rnnterm.settings import Settings
    from rnnterm.tui.app import RnntermApp
    from rnnterm.tui.text.model_panel import ModelPanel
    from rnnterm.tui.text.training_panel import TrainingPanel

    app = RnntermApp(Settings(), runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(4)
        recipe = app.query_one(ModelPanel).recipe.with_values({"time_budget": _BUDGET})
        training = app.query_one(TrainingPanel)
        training.use_recipe(recipe)
        training.focus()
        training.action_start()
        await asyncio.sleep(_WATCHED)
        app.save_screenshot("app-text.svg", str(_HERE))
        await pilot.resize_terminal(80, 24)
        await pilot.pause(2)
        app.save_screenshot("app-narrow.svg", str(_HERE))


def main() -> None:
    """Take the pictures with a runs folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RNNTERM_RUNS"] = folder
        sys.path.insert(0, str(_HERE.parent))
        asyncio.run(take(Path(folder)))


if __name__ == "__main__":
    main()
