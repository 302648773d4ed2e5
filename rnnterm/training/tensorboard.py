"""The run's curves as event files, for those who watch theirs in TensorBoard."""

import stat
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from rnnterm.errors import RnntermError, UsageError
from rnnterm.runs.entries import make_folder
from rnnterm.runs.events import (
    Event,
    Listener,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Troubled,
    Used,
    Validated,
)
from rnnterm.runs.folder import RunFolder

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def check_installed() -> None:
    """Raise UsageError where TensorBoard is not installed."""
    from importlib.util import find_spec

    if find_spec("tensorboard") is None:
        raise UsageError("--tensorboard needs one more package: pip install 'rnnterm[tensorboard]'")


class TensorBoardWriter:
    """Writes losses, speed, load and samples below the run's `tensorboard/`.

    Where that fails, as on a full disk, it gives up, and tells `trouble` so.
    """

    def __init__(self, run: RunFolder, trouble: Listener) -> None:
        self._folder, self._trouble = run.tensorboard, trouble
        self._writer: SummaryWriter | None = None
        self._gave_up = False

    def __enter__(self) -> "TensorBoardWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # the training is over, and its result stands
            self._close()

    def report(self, event: Event) -> None:
        """Write what an event tells."""
        if self._gave_up:
            return
        try:
            self._write(event)
        except (OSError, RnntermError) as error:
            self._gave_up = True
            reason = getattr(error, "strerror", None) or error
            self._trouble(Troubled(event.step, f"no more event files for TensorBoard: {reason}"))

    def _write(self, event: Event) -> None:
        if isinstance(event, Started | RolledBack):
            self._begin_after(event.to_step if isinstance(event, RolledBack) else event.step)
        elif self._writer is None:
            pass  # of no session yet
        elif isinstance(event, Sampled):
            # TensorBoard renders Markdown; an indented block shows the text as it is.
            block = "\n".join(f"    {line}" for line in (event.seed + event.text).split("\n"))
            self._writer.add_text("sample", block, event.step)
        else:
            for name, value in _scalars(event).items():
                self._writer.add_scalar(name, value, event.step)

    def _begin_after(self, step: int) -> None:
        """Let TensorBoard drop what a resume or a roll-back undid."""
        from torch.utils.tensorboard import SummaryWriter

        self._close()
        make_folder(self._folder)
        self._writer = SummaryWriter(str(self._folder), purge_step=step + 1)
        for path in self._folder.iterdir():  # where it has just begun a file, as the umask wants it
            if stat.S_ISREG(path.lstat().st_mode):
                path.chmod(0o600)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _scalars(event: Event) -> dict[str, float]:
    match event:
        case Progressed():
            return {
                "loss/train": event.train_loss,
                "learning_rate": event.learning_rate,
                "chars_per_second": event.chars_per_second,
            }
        case Validated():
            return {"loss/val": event.val_loss}
        case Used():
            told = {
                "system/rss": event.rss,
                "system/cpu": event.cpu,
                "system/gpu_memory": event.gpu_memory,
                "system/gpu": event.gpu,
            }
            return {name: value for name, value in told.items() if value is not None}
        case _:
            return {}
