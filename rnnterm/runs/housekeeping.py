"""Renaming and deleting runs, only while no trainer holds them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rnnterm.errors import RnntermError
from rnnterm.files import sync_folder, temporary_sibling
from rnnterm.runs.folder import RunFolder, new_run
from rnnterm.runs.lock import hold_lock


def rename_run(run: RunFolder, name: str) -> RunFolder:
    """Give a run another name; raises UsageError for one that is taken or cannot be a folder."""
    renamed = new_run(run.path.parent, name)
    with hold_lock(run.path), _told(run):
        run.write_config(replace(run.read_config(), name=name))
        run.path.rename(renamed.path)
        sync_folder(run.path.parent)
    return renamed


def delete_run(run: RunFolder) -> None:
    """Delete a run with all its checkpoints.

    Raises RnntermError while it is trained, and for a folder whose configuration cannot be read:
    it may be no run at all.
    """
    try:
        run.read_config()
    except RnntermError as error:
        raise RnntermError(f"{error}; look into {run.path} and delete it by hand") from None
    with hold_lock(run.path), _told(run):
        # First out of sight, so that nobody meets half a run.
        hidden = temporary_sibling(run.path)
        run.path.rename(hidden)
        if hidden.is_symlink():
            hidden.unlink()
        else:
            shutil.rmtree(hidden)


@contextmanager
def _told(run: RunFolder) -> Iterator[None]:
    """Failures of the file system as one line."""
    try:
        yield
    except OSError as error:
        raise RnntermError(f"cannot change {run.path}: {error.strerror}") from None
