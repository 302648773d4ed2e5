"""Runs in the folder of a test: copies of the trained one, changed; and what a folder holds."""

import hashlib
import json
import os
import shutil
from pathlib import Path


def add_run(runs: Path, name: str, active: float | None = None, **config) -> Path:
    """A copy of `cat` by another name, last active so many seconds after it."""
    folder = runs / name
    shutil.copytree(runs / "cat", folder)
    if active is not None:
        moment = (runs / "cat" / "metrics.jsonl").stat().st_mtime + active
        os.utime(folder / "metrics.jsonl", (moment, moment))
    edit(folder / "config.json", name=name, **config)
    return folder


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder, and what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }
