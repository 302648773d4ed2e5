"""The run folder: where a run keeps its configuration, curve, checkpoints and lock."""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import (
    failing_as,
    is_real_folder,
    make_private_folder,
    sync_folder,
    temporary_sibling,
    user_path,
    write_json,
)
from rnnterm.runs.entries import check_file, check_folder, load_object, make_folder, make_private
from rnnterm.runs.lock import LOCK, is_locked
from rnnterm.runs.names import check_name, fresh_name
from rnnterm.runs.records import record_from_json

_VERSION = 1
_KEYS = frozenset(("version", "name", "created", "corpus", "recipe"))
_MOST_CHARACTERS = 1 << 53
_SECONDS_TO_BEGIN = 3600.0
_LEFTOVER = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9._-]*\.[0-9a-f]{8}\.tmp")


@dataclass(frozen=True)
class RunConfig:
    """What a run was asked to do, as `config.json` holds it.

    Attributes:
        corpus: the corpus' `name`, `source`, `sha256`, `characters` and `symbols`.
        recipe: every hyper-parameter as a JSON value.
    """

    name: str
    created: str
    corpus: dict[str, Any]
    recipe: dict[str, Any]


@dataclass(frozen=True)
class RunFolder:
    """One run's files, by name."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def metrics(self) -> Path:
        """The log of everything that happened, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def status(self) -> Path:
        """What the trainer last said of itself."""
        return self.path / "status.json"

    @property
    def control(self) -> Path:
        """Where people leave requests for the trainer."""
        return self.path / "control"

    @property
    def train_log(self) -> Path:
        """What the trainer and its libraries wrote to their standard streams."""
        return self.path / "train.log"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """The folder of event files for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def is_gone(self) -> bool:
        """Whether there is no such folder (any more)."""
        return not self.path.is_dir()

    def check_there(self) -> None:
        """Raise RnntermError if someone took the folder away from its trainer."""
        if not self.path.exists():
            raise RnntermError(
                f"the folder of run {self.name} is gone: nothing is left to train for"
            )

    def prepare(self) -> None:
        """Make the folder of an earlier session ready for the next: private, and nothing linked.

        Raises RnntermError that names an entry through which a trainer would write elsewhere.
        """
        try:
            for folder in (self.checkpoints, self.control):
                check_folder(folder)
            for file in (self.metrics, self.train_log):
                check_file(file)
        except RnntermError as error:
            raise RnntermError(
                f"run {self.name} cannot go on: {error}; look into {self.path}"
            ) from None
        make_private(self.path)

    @contextmanager
    def staged(self) -> Iterator["RunFolder"]:
        """A hidden folder to fill before `publish` makes it this run; gone if it never does.

        A run is seen by others once it is whole, and what fails to begin leaves nothing behind.
        """
        root = self.path.parent
        missing = [folder for folder in (root, *root.parents) if not folder.exists()]
        try:
            make_private_folder(root)
            _sweep(root)
            hidden = RunFolder(temporary_sibling(self.path))
            make_folder(hidden.path)
        except OSError as error:
            raise RnntermError(f"cannot create a run in {root}: {error.strerror}") from None
        try:
            yield hidden
        finally:
            if hidden.path.exists():
                shutil.rmtree(hidden.path, ignore_errors=True)
                for folder in missing:
                    with suppress(OSError):  # another run is in it by now
                        folder.rmdir()

    def publish(self, staged: "RunFolder") -> None:
        """Let the run be seen; raises UsageError if someone else was faster."""
        try:
            if self.path.exists():
                raise FileExistsError
            staged.path.rename(self.path)
        except OSError as error:
            if self.path.exists():
                raise UsageError(_taken(self.name)) from None
            raise RnntermError(f"cannot create {self.path}: {error.strerror}") from None
        sync_folder(self.path.parent)

    def write_config(self, config: RunConfig) -> None:
        """Write or replace `config.json`; raises RnntermError where that fails."""
        with failing_as(f"cannot write the config.json of run {config.name}"):
            write_json(self.path / "config.json", {"version": _VERSION} | asdict(config))

    def read_config(self) -> RunConfig:
        """The run's configuration; raises RnntermError where it is missing or damaged."""
        try:
            values = load_object(self.path / "config.json")
        except RnntermError as error:
            # The sentence of what is wrong with the file begins with its name, too.
            reason = str(error).rpartition(": ")[2] if ": " in str(error) else "it is damaged"
            raise RnntermError(f"run {self.name} has no readable config.json: {reason}") from None
        version = values.get("version")
        if type(version) is int and version > _VERSION:
            raise RnntermError(f"run {self.name} was made by a newer rnnterm: upgrade to read it")
        config = record_from_json(RunConfig, values) if type(version) is int else None
        if config is None or not _is_corpus(config.corpus) or set(values) - _KEYS:
            raise RnntermError(f"run {self.name} has no readable config.json: it is damaged")
        return config

    def is_readable(self) -> bool:
        """Whether the configuration can be read."""
        try:
            self.read_config()
        except RnntermError:
            return False
        return True


def _is_corpus(values: dict[str, Any]) -> bool:
    """Whether it says of a corpus what every run knows of its own."""
    return all(type(values.get(key)) is str for key in ("name", "source", "sha256")) and all(
        type(values.get(key)) is int and 0 <= values[key] < _MOST_CHARACTERS
        for key in ("characters", "symbols")
    )


def runs_root(chosen: Path | None = None) -> Path:
    """Where runs live: the folder given, `RNNTERM_RUNS`, or the user's data; a whole path."""
    named = os.environ.get("RNNTERM_RUNS")
    if chosen or named:
        return (Path(chosen) if chosen else user_path(str(named))).absolute()
    import platformdirs

    return platformdirs.user_data_path("rnnterm") / "runs"


def list_runs(root: Path) -> list[RunFolder]:
    """All runs, the most recently active first."""
    try:
        folders = [
            RunFolder(path)
            for path in root.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        ]
    except FileNotFoundError:
        folders = []
    except OSError as error:
        raise RnntermError(f"cannot read the runs in {root}: {error.strerror}") from None
    return sorted(folders, key=lambda run: (-_last_activity(run), run.name))


def new_run(root: Path, name: str | None = None) -> RunFolder:
    """A run that is not there yet, by the name given or a fresh one; nothing is written.

    Raises UsageError for a name that is taken or cannot be a folder.
    """
    taken = {run.name for run in list_runs(root)}
    if name in taken:
        raise UsageError(_taken(name))
    return RunFolder(root / (fresh_name(taken) if name is None else check_name(name)))


def find_run(root: Path, name: str) -> RunFolder:
    """The run of that name, or the only one whose name begins so; raises UsageError for none."""
    names = sorted(run.name for run in list_runs(root)) if name else []
    matches = [name] if name in names else [known for known in names if known.startswith(name)]
    if len(matches) == 1:
        return RunFolder(root / matches[0])
    if matches:
        raise UsageError(f"{name!r} could be {', '.join(matches)}: write more of the name")
    raise UsageError(f"there is no run {name!r} in {root}")


def _sweep(root: Path) -> None:
    """Remove what starters and deleters left that were killed on the way."""
    for path in root.glob(".*.tmp"):
        with suppress(OSError):  # someone else may sweep, too
            # Only what has a lock of ours that nobody holds, as the folder may be anyone's; and
            # that was not made just now, by someone who is about to lock it.
            old = time.time() - path.lstat().st_mtime > _SECONDS_TO_BEGIN
            if not (old and is_real_folder(path) and _LEFTOVER.fullmatch(path.name)):
                continue
            if stat.S_ISREG((path / LOCK).lstat().st_mode) and not is_locked(path):
                shutil.rmtree(path, ignore_errors=True)


def _last_activity(run: RunFolder) -> float:
    try:
        return run.metrics.lstat().st_mtime
    except OSError:
        return 0.0


def _taken(name: str | None) -> str:
    return f"there is a run {name!r} already: add --resume to continue it, or choose another name"
