"""The tool that finds other places of a corpus where the same units are on."""

import time

from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.matching import Matches, Place, scan_corpus
from rnnterm.explore.reading import Reading
from rnnterm.explore.selection import DEFAULT_THRESHOLD, NothingSelected, select_units
from rnnterm.explore.texts import open_text
from rnnterm.glyphs import visible
from rnnterm.plotting.bars import progress_bar
from rnnterm.plotting.cells import cell_text
from rnnterm.terminal import safe_line
from rnnterm.tui.hidden.lines import Lines, wrapped_rows
from rnnterm.tui.hidden.pick_list import PickList
from rnnterm.tui.hidden.subject import Source
from rnnterm.tui.hidden.tool import TextTool
from rnnterm.tui.widgets.chart import rows_of
from rnnterm.tui.widgets.rows import Row

_SECONDS_BETWEEN_REPORTS = 0.3
_MOST = 20
_AROUND = 100  # characters on each side of a place that is shown as a text
_HINT = "Select characters first: shift with → or ←, or a shift-click in the text."


class MatchTool(TextTool):
    """Searches while it is open; what was found so far is shown with how far it came."""

    NAME = "match"
    TITLE = "Match a span"
    NEEDS = "it matches characters of a corpus"

    class Wanted(Message):
        """A place is to be read."""

        def __init__(self, source: Source, step: int) -> None:
            super().__init__()
            self.source, self.step = source, step

    class Found(Message):
        """A search has come a little further; unread older news are out of date."""

        def __init__(
            self, matches: Matches, places: list[Place], corpus: str, length: int, note: str
        ) -> None:
            super().__init__()
            self.matches, self.places = matches, places
            self.corpus, self.length, self.note = corpus, length, note
            self.read = matches.read

        def can_replace(self, message: Message) -> bool:
            """See the class."""
            return isinstance(message, MatchTool.Found)

    class Failed(Message):
        """There is nothing to search for, or nothing to search in."""

        def __init__(self, error: RnntermError) -> None:
            super().__init__()
            self.error = error

    def __init__(self) -> None:
        super().__init__()
        self._found: MatchTool.Found | None = None
        self._offered: float | None = None
        self._span: tuple[Reading, tuple[int, str], tuple[int, int]] | None = None

    def compose(self) -> ComposeResult:
        """What is searched and how far it came, over the places."""
        yield Lines(id="match-head")
        yield PickList()

    def open(self) -> None:
        """Search for what is selected."""
        self.screen.set_focus(self.query_one(PickList))
        if self.scene is not None and self.reading is not None and self.eye.span is not None:
            self._span = (self.reading, (self.scene.layer, self.scene.name), self.eye.span)
            self._begin(DEFAULT_THRESHOLD)
        elif self._found is None:
            self._head.say(_HINT, "muted")

    def close(self) -> None:
        """Nobody waits for it any more."""
        self.workers.cancel_group(self, "match")

    def _begin(self, threshold: float, corpus_threshold: float | None = None) -> None:
        if self._span is None:
            return
        reading, where, span = self._span
        self._found, self._offered = None, None
        self.query_one(PickList).fill([], cursor=0)
        self._head.show([[("searching …", "muted")]])
        self._search(reading, span, where, threshold, corpus_threshold)

    @work(thread=True, exclusive=True, group="match", description="")
    def _search(
        self, reading: Reading, span: tuple[int, int], where: tuple[int, str], threshold: float,
        corpus_threshold: float | None,
    ) -> None:  # fmt: skip
        worker = get_current_worker()
        try:
            selection = select_units(
                reading, *span, layer=where[0], name=where[1], threshold=threshold
            )
            material, note = open_text(reading.model)
        except RnntermError as error:
            self.post_message(self.Failed(error))
            return
        told_at = 0.0
        name, ids = material.corpus.name, material.ids
        for matches in scan_corpus(reading.model, selection, ids, threshold=corpus_threshold):
            if worker.is_cancelled:
                return
            now = time.monotonic()
            if now - told_at > _SECONDS_BETWEEN_REPORTS or matches.read == matches.total:
                found = self.Found(matches, matches.best(_MOST), name, len(ids), note)
                self.post_message(found)
                told_at = time.monotonic()

    def on_match_tool_failed(self, message: Failed) -> None:
        """Say why, and offer what would help."""
        message.stop()
        self._head.say(str(message.error), "warning")
        if isinstance(message.error, NothingSelected) and message.error.offered is not None:
            self._offer(message.error.offered)

    def on_match_tool_found(self, message: Found) -> None:
        """Show how far it came, and the best so far."""
        message.stop()
        self._found = message
        width = max(12, self.size.width)
        selection, matches = message.matches.selection, message.matches
        units = ", ".join(str(unit) for unit in selection.units[:6])
        more = "…" if len(selection.units) > 6 else ""
        share = message.read / max(1, message.length)
        rows: list[Row] = [
            [(f"{visible(selection.text)[:24]}", "bold"),
             (f"  {counted(len(selection.units))}: {units}{more}", "muted")],
            [(f"{share:.0%} of {message.length:,} characters of {safe_line(message.corpus)}", "")],
            *rows_of(progress_bar(share, min(width, 40), ascii_only=self.host.settings.ascii)),
        ]  # fmt: skip
        if message.note:
            rows += wrapped_rows(message.note, width, "warning")[:4]
        is_over = message.read == matches.total
        if is_over and not message.places:
            rows += wrapped_rows(matches.why_empty(), width, "warning")
        self._head.show(rows)
        if is_over and not message.places and matches.offered is not None:
            self._offer(matches.offered)
        else:
            self.query_one(PickList).fill([self._row(place) for place in message.places])

    def _offer(self, threshold: float) -> None:
        self._offered = threshold
        entry: Row = [(f"search again with a threshold of {threshold:g}", "")]
        self.query_one(PickList).fill([entry], cursor=0)

    def _row(self, place: Place) -> Row:
        assert self._found is not None
        matches = self._found.matches
        ids, decode = matches.ids, matches.selection.reading.model.vocab.decode
        share = f"{len(place.units):>2}/{len(matches.selection.units)} "
        room = max(8, self.query_one(PickList).size.width - 2 - len(share))
        span = decode(ids[place.start : place.stop])[: room // 2]
        before = max(0, (room - len(span)) // 2 - 1)
        after = max(0, room - len(span) - before - 2)
        return [
            (share, "muted"),
            (_cells(decode(ids[max(0, place.start - before) : place.start])).rjust(before), ""),
            (f"⟨{_cells(span)}⟩", "bold"),
            (_cells(decode(ids[place.stop : place.stop + after])), ""),
        ]

    def on_cursor_rows_moved(self, message: PickList.Moved) -> None:
        """The places are shown in context already."""
        message.stop()

    def on_pick_list_picked(self, message: PickList.Picked) -> None:
        """Have the place read, or search again."""
        message.stop()
        if self._offered is not None:
            is_corpus = self._found is not None
            threshold = self._offered
            chosen = self._found.matches.selection.threshold if self._found else threshold
            self._begin(chosen, threshold if is_corpus else None)
        elif self._found is not None:
            place, matches = self._found.places[message.place], self._found.matches
            first = max(0, place.start - _AROUND)
            ids = matches.ids[first : place.stop + _AROUND]
            text = matches.selection.reading.model.vocab.decode(ids)
            label = f"{self._found.corpus} from {first + 1:,}"
            self.post_message(self.Wanted(Source(label, text), place.start - first))

    @property
    def _head(self) -> Lines:
        return self.query_one("#match-head", Lines)


def counted(units: int) -> str:
    """`1 unit`, `2 units`."""
    return f"{units} unit{'s' * (units != 1)}"


def _cells(text: str) -> str:
    return "".join(cell_text(visible(char)) if char != " " else " " for char in text)
