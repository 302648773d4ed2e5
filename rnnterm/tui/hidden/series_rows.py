"""A step of a series in rows: the value, how it was foreseen, and what is forecast next."""

from dataclasses import dataclass

from rnnterm.explore.equations import Equation, equations, number, signed_number
from rnnterm.explore.series import SeriesReading
from rnnterm.forecast.telling import figure
from rnnterm.plotting.bars import Bar, bar_chart
from rnnterm.tui.hidden.scene import Eye
from rnnterm.tui.widgets.rows import Row

_MOST_UNITS, _FEWEST_UNITS = 8, 3
_WIDEST_BARS = 36


@dataclass(frozen=True)
class SeriesRows:
    """See `step_rows.ReadingRows`, as for all below."""

    reading: SeriesReading

    def came(self, step: int) -> str:
        return f"after {self.reading.label(step)}: {self._value(step)}"

    def remarks(self, step: int, width: int) -> list[str]:
        foreseen = self._foreseen(step)
        scaled = f"scaled x = {number(float(self.reading.trace.inputs[step, -1]))}"
        line = f"{foreseen} · {scaled}"
        return [line] if len(line) <= width else [foreseen, scaled]

    def equations(self, eye: Eye) -> list[Equation]:
        told = equations(self.reading, eye.layer, eye.unit, eye.step)
        return told + self.reading.output_equations(eye.layer, eye.step)

    def next_rows(self, eye: Eye, room: int, width: int, *, ascii_only: bool) -> list[Row]:
        reading, step = self.reading, eye.step
        told = f"next {reading.next_label(step)}: {self._forecast(step)}"
        rows: list[Row] = [[(told, "bold"), (self._what_came(step), "muted")]]
        if len(each := reading.forecasts_of_each[step]) > 1:
            alone = f"mean of {len(each)} networks, this one {figure(float(each[eye.layer]))}"
            if len(told) + len(self._what_came(step)) + len(alone) + 3 <= width:
                rows[0].append((f" · {alone}", "muted"))
            else:
                rows.append([(alone, "muted")])
        return rows + self._shares(eye, room - len(rows), width, ascii_only=ascii_only)

    def _shares(self, eye: Eye, room: int, width: int, *, ascii_only: bool) -> list[Row]:
        """What the units add to the output: as bars, or where there is no room, in a line."""
        shares = self.reading.unit_shares(eye.layer, eye.step)
        heading = "units add to V h′"
        if room <= _FEWEST_UNITS:
            line = heading + ":"
            for one in shares:
                piece = f"  {one.unit} {signed_number(one.share)}"
                if len(line + piece) > width:
                    break
                line += piece
            return [[(line, "muted")]]
        shares = shares[: min(_MOST_UNITS, room - 1)]
        most = max(abs(one.share) for one in shares) or 1.0
        bars = [
            Bar(f"unit {one.unit}", abs(one.share) / most, signed_number(one.share))
            for one in shares
        ]
        chart = bar_chart(bars, min(width, _WIDEST_BARS), ascii_only=ascii_only)
        rows: list[Row] = [[(heading, "muted")]]
        return rows + [[(line.rstrip(), "")] for line in chart.lines()]

    def in_a_line(self, eye: Eye, width: int) -> Row:
        step = eye.step
        came, forecast = self.came(step), self._forecast(step)
        told = f"next {self.reading.next_label(step)}: {forecast}{self._what_came(step)}"
        rest = f" · {told} · {self._foreseen(step)}"
        return [(came, "bold"), (rest[: max(0, width - len(came))], "")]

    def _foreseen(self, step: int) -> str:
        reading, window = self.reading, self.reading.forecaster.plan.window
        if step and reading.is_warm(step - 1):
            return f"foreseen {figure(float(reading.forecasts[step - 1]))}"
        if reading.is_warm(step):
            return f"its {window} values are read"
        return f"warming up: {step + 1} of {window} values"

    def _value(self, step: int) -> str:
        return figure(float(self.reading.read_values[step]))

    def _forecast(self, step: int) -> str:
        return figure(float(self.reading.forecasts[step]))

    def _what_came(self, step: int) -> str:
        came = self.reading.came(step)
        return "" if came is None else f" ◂ {figure(came)} came"
