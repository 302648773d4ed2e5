"""Runs side by side: where their recipes differ, and what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnterm.cli.runs_show import RunFacts
from rnnterm.cli.table import GAP, UNKNOWN, figure
from rnnterm.glyphs import columns, fit
from rnnterm.quantities import format_count, format_duration
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.runs.folder import RunFolder

WARNING = (
    "warning: these runs are judged by different texts: their losses must not be compared "
    "with each other"
)
_WIDEST = 24  # columns of a run
_DECIDES_TEXT = ("lowercase", "val_fraction", "test_fraction")


@dataclass(frozen=True)
class Comparison:
    """Two runs or more.

    Attributes:
        differing: recipe values that are not the same in all, one of each run by key.
        is_fair: whether the same text judges all of them.
    """

    runs: tuple[RunFacts, ...]
    differing: dict[str, list[Any]]
    is_fair: bool

    @classmethod
    def of(cls, runs: Sequence["RunFolder"]) -> "Comparison":
        """Compare; raises RnntermError for a run whose configuration cannot be read."""
        from rnnterm.training.recipe import differing_values

        texts = [run.read_config().corpus["sha256"] for run in runs]
        facts = tuple(RunFacts.of(run) for run in runs)
        differing = differing_values([each.recipe for each in facts])
        is_fair = all(text == texts[0] for text in texts)
        is_fair = is_fair and not any(key in differing for key in _DECIDES_TEXT)
        return cls(facts, differing, is_fair)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "same_text": self.is_fair,
            "differing_recipe": self.differing,
            "runs": [_as_plain(facts) for facts in self.runs],
        }

    def lines(self, width: int) -> Iterator[str]:
        """A column a run, below each other where they are more than `width` has room for."""
        rows = self._rows()
        label_width = max(columns(safe_line(label)) for label, _ in rows)
        widths = [
            min(_WIDEST, max(columns(safe_line(row[place])) for _, row in rows))
            for place in range(len(self.runs))
        ]
        start = 0
        while start < len(widths):
            room, end = width - label_width, start
            while end < len(widths) and (
                end == start or sum(widths[start : end + 1]) + len(GAP) * (end + 1 - start) <= room
            ):
                end += 1
            if start:
                yield ""
            for label, row in rows:
                parts = [fit(label, label_width)]
                parts += [fit(row[place], widths[place]) for place in range(start, end)]
                yield GAP.join(parts).rstrip()
            start = end

    def _rows(self) -> list[tuple[str, list[str]]]:
        """Label and one text a run; what all have in common is left out of the recipe."""
        told = [_as_plain(facts) for facts in self.runs]
        rows = [("", [run["name"] for run in told]), ("state", [run["state"] for run in told])]
        if len({run["corpus_sha256"] for run in told}) > 1:
            rows.append(("corpus", [run["corpus"] or UNKNOWN for run in told]))
        for key, values in self.differing.items():
            texts = [UNKNOWN if value is None else str(value) for value in values]
            rows.append(("recipe" if key == "name" else key, texts))
        rows.append(("network", [run["network"] or UNKNOWN for run in told]))
        for label, key, write in (
            ("parameters", "parameters", "{:,}".format),
            ("at step", "step", "{:,}".format),
            ("time", "seconds", format_duration),
            ("chars/s", "chars_per_second", format_count),
            ("train loss", "train_loss", "{:.4f}".format),
            ("val loss", "val_loss", "{:.4f}".format),
            ("best val", "best_val_loss", "{:.4f}".format),
        ):
            rows.append((label, [figure(run[key], write) for run in told]))
        return rows


def _as_plain(facts: RunFacts) -> dict[str, Any]:
    status = facts.summary.status
    return {
        "name": facts.summary.name,
        "state": facts.summary.state,
        "corpus": facts.summary.corpus,
        "corpus_sha256": str(facts.config.corpus["sha256"]) if facts.config else None,
        "network": status.network,
        "parameters": facts.started.parameters if facts.started else None,
        "step": status.step,
        "seconds": status.seconds,
        "chars_per_second": status.chars_per_second,
        "train_loss": status.train_loss,
        "val_loss": status.val_loss,
        "best_val_loss": status.best_val_loss,
    }
