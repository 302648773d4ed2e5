"""What the panel Corpus shows: the text's figures, its map, and one window with its target."""

import textwrap
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rich.cells import cell_len
from textual.content import Content
from textual.events import MouseScrollDown, MouseScrollUp
from textual.style import Style
from textual.widget import Widget

from rnnterm.glyphs import symbol_pairs, visible
from rnnterm.terminal import safe_line
from rnnterm.text.catalog import bundled_texts
from rnnterm.text.corpus import Corpus
from rnnterm.text.view import Baseline, WindowView

_LABEL = 8  # columns of `one-hot `
_LEAST_COLUMN = 4
_FEWEST_SLOTS = 5
_OTHER_ROWS = 10  # that stand above and below a window's text
_FEWEST_TEXT_ROWS = 2


@dataclass(frozen=True)
class Shown:
    """Everything the view draws.

    Attributes:
        baseline: a line about the n-gram.
        error: why another text did not open.
        window: None where the text is too short for one of `length` characters.
    """

    corpus: Corpus
    length: int
    window: WindowView | None
    baseline: str = ""
    error: str = ""


class CorpusView(Widget):
    """Draws as much as fits: the map takes the rows that the window leaves, and can be scrolled."""

    DEFAULT_CSS = "CorpusView { height: 1fr; text-wrap: nowrap; text-overflow: clip; }"

    def __init__(self) -> None:
        super().__init__()
        self._shown: Shown | None = None
        self._notice = "opening …"
        self._map_row: int | None = None  # None follows the target
        self._first_row = 0  # of the map, as it was drawn

    def show(self, shown: Shown) -> None:
        """Draw another text or window."""
        self._shown, self._map_row = shown, None
        self.refresh()

    def tell(self, notice: str) -> None:
        """What to say as long as there is no text."""
        self._notice = notice
        self.refresh()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Show later rows of the map."""
        self._scroll_map(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Show earlier rows of the map."""
        self._scroll_map(-1)

    def _scroll_map(self, rows: int) -> None:
        self._map_row = max(0, self._first_row + rows)
        self.refresh()

    def render(self) -> Content:
        """The rows that fit."""
        width, height = self.size
        if self._shown is None:
            return Content("\n").join(_wrapped(self._notice, "$foreground-muted", width))
        head = head_rows(self._shown, width)
        block = window_rows(self._shown, width, height)
        while block and len(head) + len(block) >= height:
            # Too small for all: the rows of numbers go first, the text itself last.
            block.pop(max(1, len(block) - 2) if len(block) > 2 else -1)
        room = height - len(head) - len(block)
        target = self._shown.window.target_id if self._shown.window else None
        symbol_map = SymbolMap(self._shown.corpus.vocab.symbols, width)
        self._first_row = symbol_map.first_row(self._map_row, target, room)
        rows = symbol_map.rows(range(self._first_row, self._first_row + room), target)
        gap = [Content("")] if room >= symbol_map.height + 2 else []
        return Content("\n").join([*head, *gap, *rows, *gap, *block][: max(height, 1)])


class SymbolMap:
    """The map from characters to indices in even columns, `width` columns wide."""

    def __init__(self, symbols: str, width: int) -> None:
        self._pairs, self._column = _pairs_and_column(symbols)
        self._per_row = max(1, (width + 1) // self._column)

    @property
    def height(self) -> int:
        """Rows of the whole map."""
        return -(-len(self._pairs) // self._per_row)

    def first_row(self, wanted: int | None, target: int | None, room: int) -> int:
        """Where to begin: at the wanted row, or such that the target is in sight."""
        last = max(0, self.height - room)
        if wanted is None:
            wanted = 0 if target is None else target // self._per_row - room + 1
        return max(0, min(wanted, last))

    def rows(self, shown: range, target: int | None) -> list[Content]:
        """Some rows, with the target marked."""
        return [self._row(row, target) for row in shown if row < self.height]

    def _row(self, row: int, target: int | None) -> Content:
        parts = []
        first = row * self._per_row
        for index, pair in enumerate(self._pairs[first : first + self._per_row], first):
            parts.append((pair, "bold reverse" if index == target else ""))
            parts.append((" " * (self._column - cell_len(pair)), ""))
        return Content.assemble(*parts)


@lru_cache(maxsize=2)  # of thousands of symbols this takes longer than all the rest
def _pairs_and_column(symbols: str) -> tuple[list[str], int]:
    pairs = symbol_pairs(symbols)
    return pairs, max(map(cell_len, pairs), default=1) + 1


def head_rows(shown: Shown, width: int) -> list[Content]:
    """Name, counts, what decoding changed, what went wrong, and the baseline."""
    corpus = shown.corpus
    folded = " · lower case" if corpus.vocab.lowercase else ""
    rows = [
        Content.assemble(
            (safe_line(corpus.name), Style.from_meta({"do": "choose"}) + Style(bold=True)),
            (f"  {safe_line(origin(corpus))}", "$foreground-muted"),
        ).truncate(width, ellipsis=True),
        Content(f"{len(corpus):,} chars · {told_symbols(corpus)}{folded}"),
    ]
    for note in corpus.notes:
        rows += _wrapped(note, "$text-warning", width)
    if shown.baseline:
        baseline = Content.styled(shown.baseline, "$foreground-muted")
        rows.append(baseline.truncate(width, ellipsis=True))
    if shown.error:
        rows += _wrapped(shown.error, "$text-error", width)
    return rows


def _wrapped(line: str, style: str, width: int) -> list[Content]:
    return [Content.styled(part, style) for part in textwrap.wrap(safe_line(line), max(width, 1))]


def origin(corpus: Corpus) -> str:
    """Title and author of a bundled text, or the file."""
    entry = bundled_texts().get(corpus.source)
    if entry:
        return f"{entry.title}, {entry.author}, {entry.year}"
    path, home = corpus.source, str(Path.home())
    return "~" + path.removeprefix(home) if path.startswith(home + "/") else path


def told_symbols(corpus: Corpus) -> str:
    """How many symbols there are."""
    count = len(corpus.vocab)
    return "1 symbol" if count == 1 else f"{count:,} symbols"


def told_baseline(baseline: Baseline | None) -> str:
    """One short line: what loss is good."""
    if baseline is None:
        return "no validation part, no baseline"
    # The narrowest column has room for just this.
    return f"{baseline.order}-gram {baseline.nats:.3f} · chance {baseline.uniform_nats:.3f} nats"


def window_rows(shown: Shown, width: int, height: int) -> list[Content]:
    """The window: where it lies, its text, its last characters as numbers, its target."""
    view = shown.window
    if view is None:
        lack = f"shorter than {shown.length:,} characters and a target"
        return [Content.styled(line, "$text-error") for line in ("no window: the text is", lack)]
    return [
        _heading(view),
        *_text_rows(view, width, max(_FEWEST_TEXT_ROWS, height - _OTHER_ROWS)),
        *_number_rows(view, width),
        _one_hot_row(view, width),
    ]


def _heading(view: WindowView) -> Content:
    def does(action: str) -> Style:
        return Style.from_meta({"do": action})

    # The arrows stand first, where they stay while the numbers grow.
    return Content.assemble(
        ("‹ ", does("previous_window")),
        ("› ", does("next_window")),
        (f"window {view.place + 1:,} of {view.count:,}", does("go_to") + Style(bold=True)),
    )


def _text_rows(view: WindowView, width: int, most: int) -> list[Content]:
    # A space may stand for itself here; at the end of the window the target shows one.
    text = visible(view.text).replace("␣", " ")
    line = Content.assemble((text, "$foreground-muted"), (visible(view.target), "bold reverse"))
    rows = line.fold(max(width, 1))
    if len(rows) > most:
        rows = rows[-most:]
        rows[0] = Content("…") + rows[0][1:]
    return rows


def _number_rows(view: WindowView, width: int) -> list[Content]:
    """The last characters of the window over their indices and scalars, then the target."""
    column = max(_LEAST_COLUMN, len(str(len(view.one_hot_target) - 1)) + 1)
    count = max(0, min((width - _LABEL) // column - 1, len(view.ids)))
    chars = [visible(char) for char in view.text[len(view.text) - count :]]
    ids = [str(index) for index in view.ids[len(view.ids) - count :]]
    scalars = [
        f"{value:.2f}".removeprefix("0") for value in view.scalars[len(view.scalars) - count :]
    ]

    def row(label: str, cells: list[str], target: str) -> Content:
        told = "".join(_right(cell, column) for cell in cells)
        arrow = _right(f"→{target}" if target else "", column)
        return Content.assemble((f"{label:<{_LABEL}}", "$foreground-muted"), told, (arrow, "bold"))

    return [
        row("char", chars, visible(view.target)),
        row("index", ids, str(view.target_id)),
        row("scalar", scalars, ""),
    ]


def _one_hot_row(view: WindowView, width: int) -> Content:
    size = len(view.one_hot_target)
    slots = max(_FEWEST_SLOTS, (width - _LABEL - 1) // 2)
    before, after = one_hot_sides(view.target_id, size, slots)
    return Content.assemble(
        (f"{'one-hot':<{_LABEL}}", "$foreground-muted"),
        ("[" + "".join(f"{slot} " for slot in before), "$foreground-muted"),
        ("1", "bold reverse"),
        ("".join(f" {slot}" for slot in after) + "]", "$foreground-muted"),
    )


def one_hot_sides(index: int, size: int, slots: int) -> tuple[list[str], list[str]]:
    """What stands left and right of the 1 in a row of `size`, drawn in at most `slots` slots.

    The 1 stands as far along as in the full row; an ellipsis takes the place of zeros left out.
    """
    if size <= slots:
        return ["0"] * index, ["0"] * (size - 1 - index)
    least_before, least_after = min(index, 2), min(size - 1 - index, 2)
    place = index * slots // size
    place = max(least_before, min(place, slots - 1 - least_after))
    return _zeros(index, place), _zeros(size - 1 - index, slots - 1 - place)


def _zeros(count: int, slots: int) -> list[str]:
    if count <= slots:
        return ["0"] * count
    row = ["0"] * slots
    row[(slots - 1) // 2] = "…"
    return row


def _right(cell: str, width: int) -> str:
    return " " * (width - cell_len(cell)) + cell
