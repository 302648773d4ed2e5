"""Renaming and deleting runs, only while no trainer holds them."""

import os
import shutil
from dataclasses import replace

from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import failing_as, sync_folder, temporary_sibling
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.lock import check_free, hold_lock
from rnnterm.runs.names import check_name


def rename_run(run: RunFolder, name: str) -> RunFolder:
    """Give a run another name; raises UsageError for one that is taken or cannot be a folder."""
    renamed = RunFolder(run.path.parent / check_name(name))
    if os.path.lexists(renamed.path):
        raise UsageError(f"there is a run {name!r} already: choose another name")
    with hold_lock(run.path), failing_as(f"cannot change {run.path}"):
        run.write_config(replace(run.read_config(), name=name))
        run.path.rename(renamed.path)
        sync_folder(run.path.parent)
    return renamed


def check_deletable(run: RunFolder) -> None:
    """Raise RnntermError for a run that is trained, or whose configuration cannot be read.

    The latter may be no run at all.
    """
    check_free(run.path)
    try:
        run.read_config()
    except RnntermError as error:
        raise RnntermError(f"{error}; look into {run.path} and delete it by hand") from None


def delete_run(run: RunFolder) -> None:
    """Delete a run with all its checkpoints; raises RnntermError as `check_deletable` does."""
    check_deletable(run)
    with hold_lock(run.path), failing_as(f"cannot change {run.path}"):
        # First out of sight, so that nobody meets half a run.
        hidden = temporary_sibling(run.path)
        run.path.rename(hidden)
        if hidden.is_symlink():
            hidden.unlink()
        else:
            shutil.rmtree(hidden)
