"""How other programs slow a training down, in figures and in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnterm.runs.events import Ticked
    from rnnterm.runs.status import RunStatus

_RIVAL = 0.4  # cores in use by others that slow a training
_USUAL = 0.85  # share of the usual speed from which it counts as usual
_THROTTLED = 0.1


@dataclass(frozen=True)
class CoreSharing:
    """What a training gets of the processor cores.

    Attributes:
        cores: on which it and others run.
        most_threads: that it works with when nobody else needs a core.
        threads: that it works with now.
        others: cores that other programs use.
        throttled: share of the time that a CPU quota stops it, 0 to 1.
        pace: its speed as a share of its usual one, 0 to 1; None where that is not known.
    """

    cores: int
    most_threads: int
    threads: int
    others: float
    throttled: float = 0.0
    pace: float | None = None

    @classmethod
    def of(cls, record: "Ticked | RunStatus") -> "CoreSharing | None":
        """What a trainer said of it; None where it did not measure."""
        if not (record.cores and record.most_threads and record.threads):
            return None
        others, throttled = record.others or 0.0, record.throttled or 0.0
        threads = record.most_threads, record.threads
        return cls(record.cores, *threads, others, throttled, record.pace)

    @property
    def is_slowing(self) -> bool:
        """Whether the training is slower than it would be by itself."""
        if self.pace is not None and self.pace >= _USUAL:
            return False
        if self.throttled > _THROTTLED and self.pace is not None:
            return True
        has_rivals = self.others > max(_RIVAL, self.cores - self.most_threads + _RIVAL)
        return has_rivals and (self.pace is not None or self.threads < self.most_threads)

    def describe(self) -> str:
        """For people, such as `31% of its usual pace: other programs use 1.9 of 2 cores`."""
        reasons = []
        if self.others > _RIVAL:
            cores = f"{self.cores} core{'s' if self.cores > 1 else ''}"
            reasons.append(f"other programs use {min(self.others, self.cores):.1f} of {cores}")
        if self.throttled > _THROTTLED:
            reasons.append(f"a CPU quota stops it {self.throttled:.0%} of the time")
        reason = " and ".join(reasons) or f"it works with {self.threads} of {self.most_threads}"
        return reason if self.pace is None else f"{self.pace:.0%} of its usual pace: {reason}"
