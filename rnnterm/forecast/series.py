"""Time series to forecast: a noisy sine, the sunspots, or a column of a CSV file."""

import math
import sys
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import numpy as np

from rnnterm.bundled import bundled_folder
from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import user_path
from rnnterm.forecast.gaps import fill, on_all_steps, rows_to_steps, trim
from rnnterm.forecast.header import Header, read_header
from rnnterm.forecast.result import Doubles
from rnnterm.forecast.steps import Steps, counted
from rnnterm.forecast.table import Table, lines_of, read_table
from rnnterm.text.decode import TextDecoder

STDIN = "-"
BUNDLED = ("sine", "sunspots")
_UNIFORM_SPREAD = math.sqrt(1 / 12)  # standard deviation of U(0, 1)
_LARGEST = 1e150  # squares of larger values are no numbers


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """Values at equal steps of time.

    Attributes:
        name: such as `sunspots`, or a file's.
        values: shape (n,), all finite.
        steps: when they were.
        unit: what they count, such as the column's name.
        split: how many of them train by custom; None where the forecast's plan decides.
        noise_floor: the RMSE that no forecast of the next value can get below, where it is known.
        notes: what was done to them on the way in, for people to read.
    """

    name: str
    values: Doubles
    steps: Steps = field(default_factory=Steps)
    unit: str = ""
    split: int | None = None
    noise_floor: float | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def describe(self) -> str:
        """Such as `sunspots · 2,820 months, 1749-01 to 1983-12`."""
        told = f"{self.name} · {len(self):,} {self.steps.named}"
        if not self.steps.are_dated:
            return told
        return f"{told}, {self.steps.label(0)} to {self.steps.label(len(self) - 1)}"


class _Choice(NamedTuple):
    """What a person said about a table; see `open_series`."""

    column: str | None = None
    date_column: str | None = None
    missing: Collection[str] = ()


def noisy_sine(
    frequency: float = 0.02, noise: float = 1.0, n: int = 2000, split: int = 900, seed: int = 1
) -> TimeSeries:
    """`sin(frequency t) + noise U(0, 1)` for t = 0, 1, … n - 1.

    The noise has the standard deviation `noise / √12`, below which no one-step error can stay.

    Raises UsageError for values out of range.
    """
    if not 0 < frequency <= math.pi:
        raise UsageError(f"the frequency must be above 0 and at most π, not {frequency:g}")
    if not 0 <= noise <= 1000:
        raise UsageError(f"the noise must be from 0 to 1000, not {noise:g}")
    if not 10 <= n <= 10_000_000:
        raise UsageError(f"a sine has from 10 to 10,000,000 values, not {n:,}")
    steps = np.arange(n)
    uniform = np.random.default_rng(seed).uniform(size=n)
    values = np.sin(frequency * steps) + noise * uniform
    split = split if split < n else n * 9 // 20
    return TimeSeries("sine", values, split=split, noise_floor=noise * _UNIFORM_SPREAD)


def sunspots() -> TimeSeries:
    """Monthly mean sunspot numbers from 1749 to 1983; where from, tells `corpora/README.md`."""
    with (bundled_folder("corpora") / "sunspots.csv").open("rb") as stream:
        return _read(stream, "sunspots", _Choice())


def open_series(
    source: str,
    column: str | None = None,
    date_column: str | None = None,
    on_rows: Callable[[int], None] | None = None,
    missing: Collection[str] = (),
) -> TimeSeries:
    """The series that `source` names: `sine`, `sunspots`, a CSV file, or `-` for standard input.

    A bundled name wins over a file of that name; write `./sine` for the file.

    Args:
        column: of the values, by name or number from 1 on; None for the first that has numbers.
        date_column: of the dates, likewise; `none` takes rows as equal steps.
        on_rows: told now and then how many rows were read.
        missing: what else than an empty cell stands for a value that is missing, such as `nan`.

    Raises:
        UsageError: a name that names nothing, a column that there is not.
        RnntermError: what cannot be read, or is no series.
    """
    if source in BUNDLED:
        if column is not None or date_column is not None or missing:
            raise UsageError(f"{source} has no columns to choose from: they are for CSV files")
        return noisy_sine() if source == "sine" else sunspots()
    with _open(source) as stream:
        return _read(stream, _name(source), _Choice(column, date_column, missing), on_rows)


def open_header(source: str) -> Header:
    """What the head of a CSV file tells: its columns, and which of them can be forecast.

    Raises UsageError or RnntermError as `open_series`.
    """
    with _open(source) as stream:
        decoder = TextDecoder(stream, _name(source))
        text = next(iter(decoder), "")
        return read_header(text.splitlines(keepends=True)[:1000], _name(source))


def _name(source: str) -> str:
    return "standard input" if source == STDIN else source


def _short(name: str) -> str:
    """A file without its folders."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name


def _open(source: str) -> AbstractContextManager[BinaryIO]:
    if source == STDIN:
        if sys.stdin is None:  # as Python leaves it where a shell closed it
            raise UsageError("standard input is closed: pipe a CSV table in, or name a file")
        return nullcontext(sys.stdin.buffer)
    try:
        return user_path(source).open("rb")
    except FileNotFoundError:
        raise UsageError(
            f"there is no series {source!r}: name a CSV file, or {', '.join(BUNDLED)}"
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{source or '.'} is a folder: name a CSV file") from None
    except (OSError, ValueError) as error:
        raise RnntermError(
            f"cannot read {source}: {getattr(error, 'strerror', None) or error}"
        ) from None


def _read(
    stream: BinaryIO,
    name: str,
    choice: _Choice,
    on_rows: Callable[[int], None] | None = None,
) -> TimeSeries:
    """The series in a stream of CSV."""
    decoder = TextDecoder(stream, name)
    try:
        table = read_table(lines_of(decoder), name, *choice, on_rows=on_rows)
    except OSError as error:
        raise RnntermError(f"cannot read {name}: {error.strerror or error}") from None
    return _series(table, name, decoder.notes)


def _series(table: Table, name: str, notes: tuple[str, ...]) -> TimeSeries:
    """A table's rows as a series without gaps."""
    values, steps = _on_steps(table, name)
    start, end = trim(values)
    if (count := end - start) < 2:
        raise RnntermError(
            f"{name}: column {table.column!r} has {count or 'no'} value{'s'[: count != 1]}: "
            "too few for a series"
        )
    told = [*notes, *table.notes]
    if cut := len(values) - (end - start):
        told.append(f"{cut:,} missing value{'s'[: cut != 1]} at the ends left out")
    values = values[start:end]
    steps = Steps(steps.unit, steps.first + start * steps.size, steps.size)
    filled, note = fill(
        values,
        f"{name}: column {table.column!r}",
        steps.label if steps.are_dated else lambda at: f"row {table.line(start + at)}",
    )
    if note:
        told.append(note)
    _check(filled, name, table.column)
    return TimeSeries(_short(name), filled, steps, table.column, notes=tuple(told))


def _on_steps(table: Table, name: str) -> tuple[Doubles, Steps]:
    """A value or NaN for each step."""
    if table.dates is None or len(table.values) < 2:
        return table.values, Steps(first=1)
    unit, places = counted(table.dates, table.form.unit if table.form else "number")

    def row_name(row: int) -> str:
        return f"row {table.line(row)} ({Steps(unit, float(places[row])).label(0)})"

    try:
        rows, size = rows_to_steps(places, row_name, unit)
    except RnntermError as error:
        raise RnntermError(f"{name}: {error}") from None
    return on_all_steps(table.values, rows, name), Steps(unit, float(places[0]), size)


def _check(values: Doubles, name: str, column: str) -> None:
    """Raises RnntermError for values that nothing can be learnt from."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise RnntermError(
            f"{name}: column {column!r} is constant, always {low:g}: there is nothing to forecast"
        )
    if max(-low, high) > _LARGEST:
        raise RnntermError(f"{name}: column {column!r} reaches {max(-low, high):g}: rescale it")
