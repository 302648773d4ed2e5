"""The checkpoint store: written so that a kill at any moment leaves the previous ones whole.

`checkpoints/step-NNNNNNN/` holds `model.safetensors`, `trainer.safetensors` and `manifest.json`
(sizes and SHA-256s, written last). A checkpoint is filled under a temporary name and renamed, so a
folder with the real name is complete; the manifest tells later damage.
"""

import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError
from rnnterm.files import (
    failing_as,
    sha256_of,
    sync_folder,
    temporary_sibling,
    write_json,
    write_synced,
)

_MANIFEST = "manifest.json"
_KEPT = 2
_REPLACED = ".replaced"
_SET_ASIDE = ".damaged"


@dataclass(frozen=True)
class Checkpoint:
    """One complete checkpoint folder."""

    path: Path
    step: int

    @property
    def model(self) -> Path:
        """The model file."""
        return self.path / "model.safetensors"

    @property
    def trainer(self) -> Path:
        """Everything else that resuming needs."""
        return self.path / "trainer.safetensors"

    def facts(self) -> dict[str, Any]:
        """What the manifest says beside the files: losses and the like."""
        return dict(self._manifest()["facts"])

    def verify(self) -> None:
        """Raise RnntermError unless every file is just as it was written."""
        for name, described in self._manifest()["files"].items():
            path = self.path / name
            try:
                whole = path.stat().st_size == described["size"]
                whole = whole and sha256_of(path) == described["sha256"]
            except OSError as error:
                raise RnntermError(f"{path} cannot be read: {error.strerror}") from None
            if not whole:
                raise RnntermError(f"{path} is damaged")

    def _manifest(self) -> dict[str, Any]:
        path = self.path / _MANIFEST
        try:
            manifest = json.loads(path.read_text("ascii"))
            if manifest["step"] != self.step or not isinstance(manifest["facts"], dict):
                raise ValueError
            described = manifest["files"]
            if {self.model.name, self.trainer.name} != set(described):
                raise ValueError
            for entry in described.values():
                if set(entry) != {"size", "sha256"}:
                    raise ValueError
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise RnntermError(f"{path} is missing or damaged") from None
        return dict(manifest)


class CheckpointStore:
    """The checkpoints of one run: the newest two and the best are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(
        self, step: int, files: dict[str, bytes], facts: dict[str, Any], *, best: bool
    ) -> Checkpoint:
        """Write a checkpoint, point `latest.json` (and `best.json`) at it, drop what is too old."""
        self._folder.mkdir(exist_ok=True)
        target = self._folder / f"step-{step:07}"
        temporary = temporary_sibling(target)
        try:
            temporary.mkdir()
            for name, data in files.items():
                write_synced(temporary / name, data)
            described = {
                name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in files.items()
            }
            manifest = {"step": step, "facts": facts, "files": described}
            write_synced(temporary / _MANIFEST, json.dumps(manifest, indent=2).encode())
            sync_folder(temporary)
            if target.exists():  # the same step again; until it is there, the old one counts
                replaced = target.with_name(target.name + _REPLACED)
                shutil.rmtree(replaced, ignore_errors=True)
                target.rename(replaced)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync_folder(self._folder)
        pointer = {"step": step, "checkpoint": target.name} | facts
        write_json(self._folder / "latest.json", pointer)
        if best:
            write_json(self._folder / "best.json", pointer)
        self._drop_old(step)
        return Checkpoint(target, step)

    def all(self) -> list[Checkpoint]:
        """Every complete checkpoint, oldest first; raises RnntermError for an unreadable folder."""
        found: dict[int, Checkpoint] = {}
        for path in sorted(self._list(), reverse=True):
            # In this order a folder comes after its replaced namesake, and takes its place.
            number = path.name.removeprefix("step-").removesuffix(_REPLACED)
            if path.name.startswith("step-") and number.isdecimal():
                found[int(number)] = Checkpoint(path, int(number))
        return [found[step] for step in sorted(found)]

    def newest_verified(self) -> tuple[Checkpoint, tuple[str, ...]]:
        """The newest checkpoint that verifies, and why each newer one was passed over.

        Raises RnntermError if none does.
        """
        rejected = []
        for checkpoint in reversed(self.all()):
            try:
                checkpoint.verify()
            except RnntermError as error:
                rejected.append(str(error))
                continue
            return checkpoint, tuple(rejected)
        reasons = f": {'; '.join(rejected)}" if rejected else ""
        raise RnntermError(f"{self._folder.parent.name} has no usable checkpoint{reasons}")

    def set_aside_after(self, step: int) -> None:
        """Put away what is newer than `step`, where training goes on from, for people to look into.

        It is named `step-NNNNNNN.damaged` and no checkpoint any more.
        """
        with suppress(OSError):  # it stays, and is passed over again
            for checkpoint in self.all():
                if checkpoint.step > step:
                    aside = checkpoint.path.with_name(f"step-{checkpoint.step:07}{_SET_ASIDE}")
                    shutil.rmtree(aside, ignore_errors=True)
                    checkpoint.path.rename(aside)
            sync_folder(self._folder)

    def usable(self) -> tuple[Checkpoint, tuple[str, ...]]:
        """The best checkpoint, or the newest that verifies, and why others were passed over.

        Raises RnntermError if none verifies.
        """
        rejected: tuple[str, ...] = ()
        best = self.best()
        if best is not None:
            try:
                best.verify()
            except RnntermError as error:
                rejected = (str(error),)
            else:
                return best, ()
        newest, others = self.newest_verified()
        return newest, tuple(dict.fromkeys(rejected + others))

    def best(self) -> Checkpoint | None:
        """The checkpoint with the lowest validation loss, if one was recorded and is there."""
        step = self._best_step()
        return next((known for known in self.all() if known.step == step), None)

    def _best_step(self) -> int | None:
        try:
            return int(json.loads((self._folder / "best.json").read_text("ascii"))["step"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _list(self) -> list[Path]:
        with failing_as(f"the checkpoints of {self._folder.parent.name} are unreadable"):
            try:
                return list(self._folder.iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return []

    def _drop_old(self, written: int) -> None:
        """Drop what the checkpoint just written, of that step, makes superfluous."""
        best = self._best_step()
        # One that is newer than what was just written is no good: nothing came of it.
        known = [checkpoint for checkpoint in self.all() if checkpoint.step <= written]
        dropped = [checkpoint.path for checkpoint in known[:-_KEPT] if checkpoint.step != best]
        # What a writer that was killed has left.
        dropped += self._folder.glob(".*.tmp")
        dropped += [
            path
            for path in self._folder.glob(f"*{_REPLACED}")
            if path.with_name(path.name.removesuffix(_REPLACED)).exists()
        ]
        for path in dropped:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
