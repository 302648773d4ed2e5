"""What a trainer reports while it works: each event goes to the metrics log and to the screen."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Started:
    """A session began, at `step` of an earlier one or at 0.

    Attributes:
        notes: what a person should know first, such as a checkpoint that had to be passed over.
    """

    run: str
    step: int
    network: str
    parameters: int
    device: str
    precision: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Progressed:
    """Some steps were taken; losses in nats per character, times in seconds.

    Attributes:
        progress: the share of the budget that is spent, 0 to 1.
        train_loss: mean over the steps since the last such event.
        chars_per_second: characters read, over this session's training time.
    """

    step: int
    epoch: float
    progress: float
    seconds: float
    train_loss: float
    learning_rate: float
    chars_per_second: float
    eta: float


@dataclass(frozen=True)
class Ticked:
    """Time has passed since the last point of the curve; for screens, and not logged."""

    step: int
    progress: float
    chars_per_second: float
    eta: float


@dataclass(frozen=True)
class Validating:
    """The last, exact reading of the validation part began; it may take a while."""

    step: int


@dataclass(frozen=True)
class Validated:
    """The validation part was read; `best` if no earlier loss was as low."""

    step: int
    val_loss: float
    best: bool


@dataclass(frozen=True)
class Sampled:
    """The network wrote `text`, going on from `seed`."""

    step: int
    seed: str
    text: str


@dataclass(frozen=True)
class Checkpointed:
    """Everything up to `step` is safe."""

    step: int


@dataclass(frozen=True)
class RolledBack:
    """The loss stopped being a number; training went back to `to_step` with a lower rate."""

    step: int
    to_step: int
    rate_scale: float


@dataclass(frozen=True)
class Finished:
    """The session ended.

    Attributes:
        reason: `finished` when the budget is spent, `stopped` when someone asked.
        train_loss: running mean over about the last three points of the curve.
        val_loss, best_val_loss: None without a validation part.
        seconds: training time over all sessions; start-up and the last validation come on top.
        chars_per_second: over this session's training time.
    """

    reason: str
    step: int
    seconds: float
    train_loss: float | None
    val_loss: float | None
    best_val_loss: float | None
    chars_per_second: float


Event = (
    Started
    | Progressed
    | Ticked
    | Validating
    | Validated
    | Sampled
    | Checkpointed
    | RolledBack
    | Finished
)
Listener = Callable[[Event], None]
