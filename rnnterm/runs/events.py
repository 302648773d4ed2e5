"""What a run tells about itself: every event is one line of its metrics log, and news for a screen.

Losses are in nats per character, times in seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from rnnterm.runs.records import record_from_json, record_to_json


@dataclass(frozen=True)
class Started:
    """A session began, at `step` of an earlier one or at 0.

    Attributes:
        notes: what a person should know first, such as a checkpoint that had to be passed over.
        system: the machine: host, cores, memory in bytes, the device's name, versions.
        train_loss, val_loss, best_val_loss: those that an earlier session left; the first is the
            last point of the curve.
        progress: the share of the budget that is spent, 0 to 1.
        seconds: training time over all sessions before.
    """

    run: str
    step: int
    network: str
    parameters: int
    device: str
    precision: str
    notes: tuple[str, ...]
    system: dict[str, Any] = field(default_factory=dict)
    train_loss: float | None = None
    val_loss: float | None = None
    best_val_loss: float | None = None
    progress: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Progressed:
    """Some steps were taken.

    Attributes:
        progress: the share of the budget that is spent, 0 to 1.
        train_loss: mean over the steps since the last such event.
        chars_per_second: characters read, over the last second or two of steps.
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
    """Time has passed since the last point of the curve; for screens, and not logged.

    Attributes:
        chars_per_second: characters read, over the last second or two of steps.
        cores, most_threads, threads, others, throttled, pace: see `CoreSharing`; None where it
            is not measured.
    """

    step: int
    progress: float
    chars_per_second: float
    eta: float
    cores: int | None = None
    most_threads: int | None = None
    threads: int | None = None
    others: float | None = None
    throttled: float | None = None
    pace: float | None = None


@dataclass(frozen=True)
class ThreadsChanged:
    """The threads of the training were adapted to what others leave of the processor cores.

    Attributes:
        threads: that products share from now on.
        cores: on which the training and others run.
        others: cores that other programs use.
    """

    step: int
    threads: int
    cores: int
    others: float


@dataclass(frozen=True)
class Used:
    """What the trainer takes of the machine at the moment; None where the machine does not tell.

    Attributes:
        rss: memory of the process, in bytes.
        cpu: processor time over real time since the last such event; 2.0 is two cores.
        gpu_memory, gpu_memory_total: of the device, in bytes.
        gpu: share of the time that the device was busy, 0 to 1.
    """

    step: int
    rss: int
    cpu: float
    gpu_memory: int | None = None
    gpu_memory_total: int | None = None
    gpu: float | None = None


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
class Answered:
    """A request that someone left in the run's `control/` was done.

    Attributes:
        failure: why it was not, where it could not be.
    """

    step: int
    request: str
    id: str
    failure: str | None = None


@dataclass(frozen=True)
class Troubled:
    """Something went wrong that a person may want to mend; training goes on."""

    step: int
    trouble: str


@dataclass(frozen=True)
class RolledBack:
    """The loss stopped being a number; training went back to `to_step` with a lower rate."""

    step: int
    to_step: int
    rate_scale: float


@dataclass(frozen=True)
class Finished:
    """The session ended as it should.

    Attributes:
        reason: `finished` when the budget is spent, `stopped` when someone asked.
        train_loss: running mean over about the last three points of the curve.
        val_loss, best_val_loss: None without a validation part.
        seconds: training time over all sessions; start-up and the last validation come on top.
        chars_per_second: over this session's training time.
        cores: on which the training and others ran; 0 where the load was not measured.
        others: cores that other programs used on average.
        lost_seconds: how much longer the steps of this session took because of that.
        time_budget: seconds that the run had for all of its sessions; 0 for another budget.
    """

    reason: str
    step: int
    seconds: float
    train_loss: float | None
    val_loss: float | None
    best_val_loss: float | None
    chars_per_second: float
    cores: int = 0
    others: float = 0.0
    lost_seconds: float = 0.0
    time_budget: float = 0.0


@dataclass(frozen=True)
class Failed:
    """The session ended by an error; `reason` is `diverged` or `crashed`."""

    reason: str
    step: int
    error: str


Event = (
    Started
    | Progressed
    | Ticked
    | ThreadsChanged
    | Used
    | Validating
    | Validated
    | Sampled
    | Checkpointed
    | Answered
    | Troubled
    | RolledBack
    | Finished
    | Failed
)
Listener = Callable[[Event], None]

_KINDS: dict[str, Any] = {kind.__name__.lower(): kind for kind in get_args(Event)}


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as JSON values; `event` is its kind."""
    return {"event": type(event).__name__.lower()} | record_to_json(event)


def event_from_json(values: Mapping[str, Any]) -> Event | None:
    """The event that `event_to_json` described; None for what is no event, or one of the future."""
    name = values.get("event")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    return None if kind is None else record_from_json(kind, values)
