"""A forecaster's training as the tab watches it: a child's events, folded into what is shown."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnnterm.errors import RnntermError
from rnnterm.forecast.events import (
    Begun,
    EpochDone,
    Event,
    Failed,
    Finished,
    Forecasting,
    Previewed,
    SeedDone,
)
from rnnterm.forecast.process import ForecastProcess, Request
from rnnterm.forecast.result import ForecastResult

_SECONDS_BETWEEN_LOSSES = 0.1

Losses = dict[int, list[tuple[float, float]]]


@dataclass(frozen=True, eq=False)
class Learning:
    """A moment of a training.

    Attributes:
        losses: (train, validation) of each epoch, by seed.
        preview: the newest one-step forecasts.
        seeds_done: how many networks have learnt all they will.
        doing: what is being computed after them; empty before.
        result: once there is one.
        error: why there will be none.
    """

    begun: Begun | None = None
    losses: Losses | None = None
    preview: Previewed | None = None
    seeds_done: int = 0
    doing: str = ""
    result: ForecastResult | None = None
    error: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.result is not None or bool(self.error)

    @property
    def epoch(self) -> int:
        """The furthest epoch of any network."""
        return max((len(told) for told in (self.losses or {}).values()), default=0)

    def curves(self) -> tuple[list[float], list[float]]:
        """Mean train and validation loss by epoch, over the networks that came so far."""
        told = (self.losses or {}).values()
        pairs = [[seed[at] for seed in told if at < len(seed)] for at in range(self.epoch)]
        means = [np.mean(each, axis=0) for each in pairs]
        return [float(mean[0]) for mean in means], [float(mean[1]) for mean in means]

    def after(self, event: Event) -> "Learning":
        """The moment after an event."""
        match event:
            case Begun():
                changes: dict[str, Any] = {"begun": event}
            case EpochDone():
                changes = {"losses": self._losses_with(event)}
            case Previewed():
                changes = {"preview": event}
            case SeedDone():
                changes = {"seeds_done": self.seeds_done + 1}
            case Forecasting():
                changes = {"doing": event.doing}
            case Finished():
                changes = {"result": event.result}
            case Failed():
                changes = {"error": event.error}
        return replace(self, **changes)

    def _losses_with(self, event: EpochDone) -> Losses:
        told = dict(self.losses or {})
        pair = (event.train_loss, event.val_loss)
        return told | {event.seed: [*told.get(event.seed, ()), pair]}


class Learner:
    """Runs one training and keeps its newest moment; one thread runs, any other may look or end."""

    def __init__(self, request: Request | None, now: Learning | None = None) -> None:
        """`now` is how it begins; without a request it is how it stays."""
        self._request = request
        self._lock = threading.Lock()
        self._process: ForecastProcess | None = None
        self._is_ended = False
        self._told = 0.0
        self.now = now or Learning()

    def run(self, on_news: Callable[[], None]) -> None:
        """Train to the end, or until `end`; `on_news` is called as there is
        something to see."""
        try:
            with self._lock:
                if self._is_ended or self._request is None:
                    return
                self._process = ForecastProcess(self._request)
            with self._process as process:
                for event in process:
                    self.now = self.now.after(event)
                    if not isinstance(event, EpochDone) or self._is_time():
                        on_news()
        except (RnntermError, OSError) as error:
            self.now = replace(self.now, error=str(error))
        if not self.now.is_over and not self._is_ended:
            self.now = replace(self.now, error="the training ended without a result: try it again")
        on_news()

    def _is_time(self) -> bool:
        """Whether a loss may be told again: side by side, networks tell more than eyes follow."""
        due = time.monotonic() - self._told > _SECONDS_BETWEEN_LOSSES
        if due:
            self._told = time.monotonic()
        return due

    def end(self) -> None:
        """End the training, if there is one."""
        with self._lock:
            self._is_ended = True
            process = self._process
        if process is not None:
            process.end()
