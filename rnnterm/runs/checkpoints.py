"""The checkpoint store: written so that a kill at any moment leaves the previous ones whole.

`checkpoints/step-NNNNNNN/` holds `model.safetensors`, `trainer.safetensors` and `manifest.json`
(sizes and SHA-256s, written last). A checkpoint is filled under a temporary name and renamed, so a
folder with the real name is complete; the manifest tells later damage.
"""

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError
from rnnterm.files import (
    check_real_folder,
    failing_as,
    is_real_folder,
    open_regular,
    read_regular,
    remove,
    sha256_of,
    sync_folder,
    temporary_sibling,
    write_json,
    write_synced,
)
from rnnterm.runs.entries import check_folder, load_object, make_folder

_MANIFEST = "manifest.json"
_BEST = "best.json"
_KEPT = 2
_REPLACED = ".replaced"
_SET_ASIDE = ".damaged"
_NAME = re.compile(r"step-([0-9]{1,15})(\.replaced)?")
_LEFTOVER = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_LARGEST_FILE = 1 << 36  # bytes; no memory holds more
_MOST_STEPS = 10**15


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

    def check_files(self) -> None:
        """Raise RnntermError unless every file is there as the manifest says, by kind and size."""
        for name, described in self._manifest()["files"].items():
            path = self.path / name
            with failing_as(f"{self._named(path)} cannot be read"), open_regular(path) as file:
                size = os.fstat(file.fileno()).st_size
            if size != described["size"] or size > _LARGEST_FILE:
                raise RnntermError(f"{self._named(path)} is damaged")

    def verify(self) -> None:
        """Raise RnntermError unless every file is just as it was written."""
        self.check_files()
        for name, described in self._manifest()["files"].items():
            path = self.path / name
            with failing_as(f"{self._named(path)} cannot be read"):
                whole = sha256_of(path) == described["sha256"]
            if not whole:
                raise RnntermError(f"{self._named(path)} is damaged")

    def read_trainer(self) -> bytes:
        """All that resuming needs beside the model; raises RnntermError where it cannot be read."""
        with failing_as(f"{self._named(self.trainer)} cannot be read"):
            return read_regular(self.trainer, _LARGEST_FILE)

    def _manifest(self) -> dict[str, Any]:
        self._check_folder()
        path = self.path / _MANIFEST
        manifest = load_object(path, nan_as_null=True)
        try:
            if manifest["step"] != self.step or not isinstance(manifest["facts"], dict):
                raise ValueError
            described = manifest["files"]
            if {self.model.name, self.trainer.name} != set(described):
                raise ValueError
            for entry in described.values():
                if set(entry) != {"size", "sha256"}:
                    raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RnntermError(f"{self._named(path)} is damaged") from None
        return manifest

    def _check_folder(self) -> None:
        try:
            check_real_folder(self.path)
        except OSError as error:
            raise RnntermError(f"{self.path.name} cannot be used: {error.strerror}") from None

    def _named(self, path: Path) -> str:
        return f"{self.path.name}/{path.name}"


class CheckpointStore:
    """The checkpoints of one run: the newest two and the best are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(
        self, step: int, files: dict[str, bytes], facts: dict[str, Any], *, best: bool
    ) -> Checkpoint:
        """Write a checkpoint, point `latest.json` (and `best.json`) at it, drop what is too old."""
        make_folder(self._folder)
        facts = {name: _finite(value) for name, value in facts.items()}
        target = self._folder / f"step-{step:07}"
        temporary = temporary_sibling(target)
        try:
            make_folder(temporary)
            for name, data in files.items():
                write_synced(temporary / name, data)
            described = {
                name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in files.items()
            }
            manifest = {"step": step, "facts": facts, "files": described}
            write_synced(temporary / _MANIFEST, json.dumps(manifest, indent=2).encode())
            sync_folder(temporary)
            if os.path.lexists(target):  # the same step again; until it is there, the old counts
                replaced = target.with_name(target.name + _REPLACED)
                remove(replaced)
                target.rename(replaced)
            temporary.rename(target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        sync_folder(self._folder)
        pointer = {"step": step, "checkpoint": target.name} | facts
        write_json(self._folder / "latest.json", pointer)
        if best:
            write_json(self._folder / _BEST, pointer)
        self._drop_old(step)
        return Checkpoint(target, step)

    def all(self) -> list[Checkpoint]:
        """Every complete checkpoint, oldest first; raises RnntermError for an unreadable folder."""
        found: dict[int, Checkpoint] = {}
        for path in sorted(self._list(), reverse=True):
            # In this order a folder comes after its replaced namesake, and takes its place.
            if named := _NAME.fullmatch(path.name):
                found[int(named[1])] = Checkpoint(path, int(named[1]))
        return [found[step] for step in sorted(found)]

    def newest_verified(
        self, check: Callable[[Checkpoint], None] = lambda checkpoint: None
    ) -> tuple[Checkpoint, tuple[str, ...]]:
        """The newest checkpoint that verifies, and why each newer one was passed over.

        One that `check` raises RnntermError for does not. Raises RnntermError if none does.
        """
        rejected = []
        for checkpoint in reversed(self.all()):
            try:
                checkpoint.verify()
                check(checkpoint)
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
                    remove(aside)
                    checkpoint.path.rename(aside)
            sync_folder(self._folder)

    def usable(self) -> tuple[Checkpoint, tuple[str, ...]]:
        """The best checkpoint, or the newest that verifies, and why others were passed over.

        Raises RnntermError if none verifies.
        """
        rejected: tuple[str, ...] = ()
        best, problem = self.find_best()
        if problem is not None:
            rejected = (problem,)
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
        return self.find_best()[0]

    def find_best(self) -> tuple[Checkpoint | None, str | None]:
        """The best checkpoint as `best` finds it, and what is wrong with its record."""
        # A trainer may just drop what was the best before: the second look finds the new one.
        for _ in range(2):
            known = {checkpoint.step: checkpoint for checkpoint in self.all()}
            try:
                step = self._best_step()
            except RnntermError as error:
                return None, str(error)
            if step is None or step in known:
                return known.get(-1 if step is None else step), None
        return None, f"the best checkpoint, of step {step:,}, is not there"

    def _best_step(self) -> int | None:
        """The step in `best.json`, if there is one; raises RnntermError where it is damaged."""
        path = self._folder / _BEST
        if not is_real_folder(self._folder) or not os.path.lexists(path):
            return None
        step = load_object(path, nan_as_null=True).get("step")
        if type(step) is not int or not 0 <= step < _MOST_STEPS:
            raise RnntermError(f"{path.name} is damaged")
        return step

    def _list(self) -> list[Path]:
        with failing_as(f"the checkpoints of {self._folder.parent.name} are unreadable"):
            try:
                check_real_folder(self._folder)
                return list(self._folder.iterdir())
            except FileNotFoundError:
                return []

    def _drop_old(self, written: int) -> None:
        """Drop what the checkpoint just written, of that step, makes superfluous."""
        check_folder(self._folder)
        # One that is newer than what was just written is no good: nothing came of it.
        known = [checkpoint for checkpoint in self.all() if checkpoint.step <= written]
        try:
            best = self._best_step()
        except RnntermError:
            best = _lowest(known)
        dropped = [checkpoint.path for checkpoint in known[:-_KEPT] if checkpoint.step != best]
        names = {path.name: path for path in self._list()}
        # What a writer that was killed has left.
        dropped += [path for name, path in names.items() if _LEFTOVER.fullmatch(name)]
        dropped += [
            path
            for name, path in names.items()
            if name.endswith(_REPLACED) and name.removesuffix(_REPLACED) in names
        ]
        for path in dropped:
            with suppress(OSError):  # the next save tries again
                remove(path)


def _lowest(known: Sequence[Checkpoint]) -> int | None:
    """The step of the lowest loss, as far as manifests tell."""
    losses = {}
    for checkpoint in known:
        with suppress(RnntermError):  # a damaged one is nobody's best
            loss = checkpoint.facts().get("val_loss")
            if isinstance(loss, float):
                losses[checkpoint.step] = loss
    return min(losses, key=losses.__getitem__, default=None)


def _finite(value: Any) -> Any:
    """A fact as JSON can tell it: NaN and infinity, which JSON lacks, become null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
