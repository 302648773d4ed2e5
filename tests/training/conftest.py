"""A text that a small network learns at once."""

import pytest


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "abc.txt"
    path.write_text("the cat sat on the mat. " * 100)
    return path
