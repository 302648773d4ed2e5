"""What the tests of several panels share."""

import asyncio

import pytest
from sample_person import Person, make_model

from rnnterm.nn.modelfile import Model, save_model
from rnnterm.settings import Settings
from rnnterm.tui.app import RnntermApp


@pytest.fixture
def at_the_app(tmp_path):
    """Runs a check with a person at an app whose first model is a tiny one, or another."""

    def at_the_app(check, model: Model | None = None, size=(120, 36), first=None, **settings):
        path = tmp_path / "tiny.safetensors"
        save_model(path, model or make_model())

        async def run() -> None:
            app = RnntermApp(
                Settings(corpus="othello", **settings), tmp_path / "runs", first or str(path)
            )
            async with app.run_test(size=size) as pilot:
                await check(Person(app, pilot))

        asyncio.run(run())

    return at_the_app
