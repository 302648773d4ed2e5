"""Starting the training of a forecaster as a child process, and hearing its events.

The child is `python -m rnnterm.training.forecasting`. It gets the request as one line of JSON on
its standard input, which stays open: where it closes, because this process ended or is done with
the child, the child ends. It answers with one event a line on its standard output.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from rnnterm.errors import RnntermError
from rnnterm.forecast.events import Event, event_from_json, event_to_json
from rnnterm.forecast.plan import ForecastPlan
from rnnterm.forecast.result import Doubles, array_to_text, text_to_array

_MODULE = "rnnterm.training.forecasting"
_SECONDS_TO_END = 2.0
_LAST_WORDS = 2000  # characters of a failed child's standard error
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
"""Several threads wait for each other longer than products this small take."""


@dataclass(frozen=True, eq=False)
class Request:
    """What is to be forecast, shape (n,), and how."""

    series: str
    values: Doubles
    plan: ForecastPlan
    period: int | None = None
    """Values in a season, for the seasonal baseline; None to find it in the training part."""


class ForecastProcess:
    """A child that trains a forecaster.

    One thread may iterate over it while another calls `end`, which makes the iteration stop.
    """

    def __init__(self, request: Request) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as we do
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_ONE_THREAD | os.environ,
            start_new_session=True,  # Ctrl-C is for whoever watches; they end it
        )
        self._ended = False
        self._request = request

    def __enter__(self) -> "ForecastProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The child."""
        return self._process.pid

    def __iter__(self) -> Iterator[Event]:
        """Every event until the last, which is `Finished` or `Failed`, or until `end`.

        Raises RnntermError where the child ends without a last word.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            write_request(stdin, self._request)
            for line in stdout:
                event = _read_event(line)
                if event is not None:
                    yield event
        except (OSError, ValueError):  # its pipe is closed: it has ended, or `end` was called
            pass
        finally:  # whoever stops listening ends the child, too
            for stream in (stdin, stdout):
                with suppress(OSError):
                    stream.close()
        code = self._process.wait()
        if code and not self._ended:
            raise RnntermError(f"the training ended with {code}{self._last_words()}")

    def end(self) -> None:
        """End the child at once, if it has not ended; may be called again, and from any thread."""
        self._ended = True
        process = self._process
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _last_words(self) -> str:
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-_LAST_WORDS:].splitlines()
        return f": {said[-1]}" if said else ""


def write_request(stream: IO[bytes], request: Request) -> None:
    """Our side: the request as one line."""
    described = {
        "series": request.series,
        "values": array_to_text(request.values),
        "plan": request.plan.to_dict(),
        "period": request.period,
    }
    stream.write(json.dumps(described).encode() + b"\n")
    stream.flush()


def read_request(line: bytes) -> Request:
    """The child's side. Raises RnntermError or UsageError for what is no request."""
    try:
        told = json.loads(line)
        values, plan = text_to_array(told["values"]), ForecastPlan.from_dict(told["plan"])
        return Request(str(told["series"]), values, plan, told["period"])
    except (KeyError, TypeError, ValueError) as error:
        raise RnntermError(f"the forecast's request is damaged: {error!r}") from None


def tell(stream: IO[bytes], event: Event) -> None:
    """The child's side: one event as one line, at once."""
    stream.write(json.dumps(event_to_json(event)).encode() + b"\n")
    stream.flush()


def _read_event(line: bytes) -> Event | None:
    """The event of a line; a library may have its say there, which is none."""
    try:
        told: Any = json.loads(line)
    except ValueError:
        return None
    return event_from_json(told) if isinstance(told, dict) else None
