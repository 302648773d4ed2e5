"""What the tests of texts share."""

from pathlib import Path

import pytest
from encoded_texts import VERSE


@pytest.fixture
def play(tmp_path: Path) -> Path:
    path = tmp_path / "play.txt"
    path.write_text(VERSE)
    return path
