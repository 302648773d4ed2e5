"""What all tests share: a cache and a runs folder of their own, and the text they measure on."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Before torch is imported, here or in a command: the networks of tests are too small to share, and
# two threads that wait for each other on a busy machine are many times slower than one.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from hypothesis import settings

from rnnterm.runs.folder import list_runs
from rnnterm.runs.lock import is_locked, read_owner

# Tests run beside trainings: how long one example takes says nothing about the code.
settings.register_profile("rnnterm", deadline=None)
settings.load_profile("rnnterm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes a worker longest goes first, lest the others wait for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


SHAKESPEARE = Path(__file__).resolve().parents[2] / "shared/data/tinyshakespeare.txt"


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test caches or trains reaches the user's folders, nor another test."""
    # Not inside `tmp_path`, which a test may list to see what was left behind.
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("RNNTERM_CACHE", str(home / "cache"))
    monkeypatch.setenv("RNNTERM_RUNS", str(home / "runs"))
    for size in ("COLUMNS", "LINES"):  # which pytest's workers set, whatever the terminal has
        monkeypatch.delenv(size, raising=False)


@pytest.fixture(autouse=True)
def no_trainer_stays(own_folders: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trainers outlive the commands that start them; none outlives its test."""
    yield
    for run in list_runs(Path(os.environ["RNNTERM_RUNS"])):
        owner = read_owner(run.path) if is_locked(run.path) else None
        if owner and owner.pid != os.getpid() and owner.is_alive_here():
            with suppress(ProcessLookupError):
                os.kill(owner.pid, signal.SIGKILL)


@pytest.fixture
def hostile_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runs folder with a healthy run and one to be damaged, beside a folder to lead links to."""
    from hostile_runs import make_outside, make_runs

    from rnnterm.runs import models

    make_runs(tmp_path / "runs")
    make_outside(tmp_path / "outside")
    monkeypatch.setenv("RNNTERM_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("COLUMNS", "200")
    # Those that travel with rnnterm take longer to read than all else.
    monkeypatch.setattr(models, "bundled_models", list)
    return tmp_path / "runs"


@pytest.fixture
def tinyshakespeare() -> Path:
    """The million characters of Shakespeare that published losses are measured on."""
    if not SHAKESPEARE.is_file():
        pytest.skip(f"{SHAKESPEARE} is missing")
    return SHAKESPEARE
