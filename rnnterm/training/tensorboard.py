"""The run's curves as event files, for those who watch theirs in TensorBoard."""

from types import TracebackType

from rnnterm.errors import UsageError
from rnnterm.runs.events import (
    Event,
    Progressed,
    RolledBack,
    Sampled,
    Started,
    Used,
    Validated,
)
from rnnterm.runs.folder import RunFolder


def check_installed() -> None:
    """Raise UsageError where TensorBoard is not installed."""
    from importlib.util import find_spec

    if find_spec("tensorboard") is None:
        raise UsageError("--tensorboard needs one more package: pip install 'rnnterm[tensorboard]'")


class TensorBoardWriter:
    """Writes losses, speed, load and samples below the run's `tensorboard/`."""

    def __init__(self, run: RunFolder) -> None:
        self._folder = str(run.path / "tensorboard")

    def __enter__(self) -> "TensorBoardWriter":
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(self._folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def report(self, event: Event) -> None:
        """Write what an event tells."""
        match event:
            case Started(step=step) | RolledBack(to_step=step):
                self._forget_after(step)
            case Sampled():
                # TensorBoard renders Markdown; an indented block shows the text as it is.
                block = "\n".join(f"    {line}" for line in (event.seed + event.text).split("\n"))
                self._writer.add_text("sample", block, event.step)
            case _:
                for name, value in _scalars(event).items():
                    self._writer.add_scalar(name, value, event.step)

    def _forget_after(self, step: int) -> None:
        """Let TensorBoard drop what a resume or a roll-back undid."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer.close()
        self._writer = SummaryWriter(self._folder, purge_step=step + 1)


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
