"""A runs folder with a healthy run and one to be damaged, and who looks at them."""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from damaged_files import (
    KINDS,
    LINKS,
    damaged_contents,
    damaged_objects,
    make_huge,
    replaced_by,
)
from made_runs import made_run

from rnnterm.nn.modelfile import Model, model_bytes
from rnnterm.nn.spec import NetworkSpec
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import hold_lock
from rnnterm.text.vocab import Vocabulary

HEALTHY, HURT = "healthy", "hurt"
NEWEST, OLDER = "checkpoints/step-0001000", "checkpoints/step-0000500"
OBJECTS = (
    "config.json", "status.json", "owner.json", "checkpoints/best.json", "checkpoints/latest.json",
    f"{NEWEST}/manifest.json", f"{OLDER}/manifest.json",
)  # fmt: skip
OTHER_FILES = (
    "metrics.jsonl", ".lock", "train.log",
    f"{NEWEST}/model.safetensors", f"{NEWEST}/trainer.safetensors",
    f"{OLDER}/model.safetensors", f"{OLDER}/trainer.safetensors",
)  # fmt: skip
FOLDERS = ("control", "checkpoints", NEWEST, OLDER)
ENTRIES = (*OBJECTS, *OTHER_FILES, *FOLDERS)

SAMPLE = frozenset((
    "missing", "link", "dangling", "loop", "fifo", "socket", "device", "folder", "file", "huge",
    "garbage", "empty", "nested", "Infinity", "null", "list", "cut at 4/8", "flipped at 4/8",
    "corpus is a list", "time is many digits", "step is Infinity", "facts is nested", "newer",
))  # fmt: skip
"""Of all damages, those that are tried every time."""

_SECONDS = 30  # a look that takes as long hangs


class HangingError(BaseException):
    """A look that never ends; nothing may take it for a failure that is told."""


@contextmanager
def not_hanging() -> Iterator[None]:
    """Raise HangingError where what is done waits for ever."""

    def ring(number: int, frame: object) -> None:
        raise HangingError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def make_runs(root: Path) -> None:
    """Two runs alike, each with two checkpoints of a network, and all that a trainer leaves."""
    for name in (HEALTHY, HURT):
        run = made_run(root, name, points=20)  # a short log, for it is read again and again
        store = CheckpointStore(run.checkpoints)
        for step, loss in ((500, 1.9), (1000, 1.7)):
            files = {
                "model.safetensors": _model(name, step, loss),
                "trainer.safetensors": b"t" * 99,
            }
            facts = {"train_loss": loss - 0.2, "val_loss": loss}
            store.save(step, files, facts, best=step == 1000)
        with hold_lock(run.path):  # leaves its name
            pass
        run.control.mkdir(mode=0o700)
        (run.control / "1-2.json").write_text('{"request": "pause", "id": "a"}')
        run.train_log.write_text("a library's word\n")


def _model(run: str, step: int, loss: float) -> bytes:
    spec = NetworkSpec(cell="lstm", vocab_size=3, hidden_size=4)
    tensors = {
        name: np.full(shape, step / 1e4, np.float32) for name, shape in spec.tensor_shapes().items()
    }
    told = {"run": run, "step": step, "val_loss": loss, "corpus": {"name": "abc"}, "recipe": {}}
    return model_bytes(Model(spec, Vocabulary("abc"), tensors, told))


def make_outside(folder: Path) -> None:
    """What links lead to: files of a run's names that must stay, and a request."""
    for name in (*OBJECTS, *OTHER_FILES, "1-2.json", ".model.safetensors.0123abcd.tmp"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'{"request": "stop", "id": "outside"}\n')
    (folder / "1-2.json").chmod(0o644)


def tree(folder: Path) -> str:
    """A digest of all names, contents and modes below a folder; no link is followed."""
    digest = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            path = Path(place, name)
            digest.update(f"{path} {path.lstat().st_mode:o}".encode())
            if path.is_file() and not path.is_symlink():
                digest.update(path.read_bytes())
        folders.sort()
    return digest.hexdigest()


Damage = Callable[[Path, Path, ExitStack], None]
"""Damages an entry, given with a place that a link may lead to, until the stack is left."""


def damages(run: Path, entry: str) -> dict[str, Damage]:
    """Everything that can be wrong with an entry of a whole run."""
    found: dict[str, Damage] = {
        kind: partial(_replace, kind) for kind in (*KINDS, *LINKS) if kind != "folder"
    }
    found["missing"] = _remove
    if entry in FOLDERS:
        return found | {"folder": partial(_replace, "folder"), "file": _make_file}
    found["folder"] = partial(_replace, "folder")
    found["huge"] = lambda path, outside, stack: make_huge(path)
    good = (run / entry).read_bytes()
    contents = damaged_contents(good)
    if entry in OBJECTS:
        contents |= damaged_objects(json.loads(good))
    if entry == "metrics.jsonl":
        lines = good.splitlines()
        for name, data in damaged_objects(json.loads(lines[1])).items():
            contents[name] = b"\n".join([*lines[:1], data, *lines[2:]]) + b"\n"
    found |= {name: partial(_write, data) for name, data in contents.items()}
    return found


def _replace(kind: str, path: Path, outside: Path, stack: ExitStack) -> None:
    stack.enter_context(replaced_by(kind, path, outside))


def _write(data: bytes, path: Path, outside: Path, stack: ExitStack) -> None:
    path.write_bytes(data)


def _remove(path: Path, outside: Path, stack: ExitStack) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _make_file(path: Path, outside: Path, stack: ExitStack) -> None:
    _remove(path, outside, stack)
    path.write_text("a file\n")


def restore(whole: Path, run: Path, entry: str) -> None:
    """Put back what was damaged."""
    path = run / entry
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
    copy = shutil.copytree if (whole / entry).is_dir() else shutil.copy2
    copy(whole / entry, path)


def is_other_kind(entry: str, kind: str) -> bool:
    """Whether the damage puts another kind of thing in the entry's place, which no run has."""
    if kind in ("dangling", "loop", "link", "fifo", "socket", "device"):
        return True
    return kind == ("file" if entry in FOLDERS else "folder")


def hurt_run(root: Path) -> RunFolder:
    """The run that is damaged."""
    return RunFolder(root / HURT)


def damaged(root: Path, entry: str, only: Collection[str] = ()) -> Iterator[str]:
    """Each damage in turn, or some of them, done to the run; what was there is put back."""
    whole, outside = root.parent / "whole", root.parent / "outside"
    shutil.copytree(root / HURT, whole)
    target = outside / entry if (outside / entry).exists() else outside
    for kind, damage in damages(whole, entry).items():
        if only and kind not in only:
            continue
        with ExitStack() as stack:
            damage(root / HURT / entry, target, stack)
            yield kind
        restore(whole, root / HURT, entry)


def must_name(entry, kind, look):
    """Whether a look depends on the entry so that it has to name this damage."""
    other = is_other_kind(entry, kind)
    if look == "list_summaries":
        if entry in ("config.json", "status.json") and "missing" in kind.split():
            return kind == "missing" or entry == "config.json"
        if entry.endswith("latest.json"):
            return False
        clear = kind in ("garbage", "brackets", "nested", "list", "string", "Infinity", "empty")
        return other or (clear and entry in OBJECTS and entry != "owner.json")
    if look in ("list_models", "locate_model"):
        flipped = kind == "flipped at 4/8" and entry.endswith("model.safetensors")
        return entry.startswith(NEWEST) and (other or flipped or kind in ("empty", "huge"))
    if look == "newest_verified":
        return entry.startswith(NEWEST) and (other or kind in ("empty", "nested", "huge"))
    return False
