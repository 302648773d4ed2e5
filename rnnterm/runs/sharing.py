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
        cores: that it could use if nobody else did.
        threads: that it works with now.
        others: cores that other programs use.
        throttled: share of the time that a CPU quota stops it, 0 to 1.
        pace: its speed as a share of its usual one, 0 to 1; None where that is not known.
    """

    cores: int
    threads: int
    others: float
    throttled: float = 0.0
    pace: float | None = None

    @classmethod
    def of(cls, record: "Ticked | RunStatus") -> "CoreSharing | None":
        """What a trainer said of it; None where it did not measure."""
        if not record.cores or not record.threads:
            return None
        others, throttled = record.others or 0.0, record.throttled or 0.0
        return cls(record.cores, record.threads, others, throttled, record.pace)

    @property
    def is_slowing(self) -> bool:
        """Whether the training is slower than it would be by itself."""
        if self.pace is not None and self.pace >= _USUAL:
            return False
        rivals = self.others > _RIVAL and self.others > self.cores - self.threads - _RIVAL
        return self.throttled > _THROTTLED or (rivals and (self._is_slow or self._is_limited))

    @property
    def _is_slow(self) -> bool:
        return self.pace is not None and self.pace < _USUAL

    @property
    def _is_limited(self) -> bool:
        return self.threads < self.cores

    def describe(self) -> str:
        """For people, such as `31 % of its usual pace: other programs use 1.9 of 2 cores`."""
        reasons = []
        if self.others > _RIVAL:
            reasons.append(
                f"other programs use {min(self.others, self.cores):.1f} of {self._cores}"
            )
        if self.throttled > _THROTTLED:
            reasons.append(f"a CPU quota stops it {self.throttled:.0%} of the time")
        reason = " and ".join(reasons) or f"it works with {self.threads} of {self._cores}"
        return reason if self.pace is None else f"{self.pace:.0%} of its usual pace: {reason}"

    @property
    def _cores(self) -> str:
        return f"{self.cores} core{'s' if self.cores > 1 else ''}"
