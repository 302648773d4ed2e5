"""What a person sees while steering: the text, what may come next, the branches, the keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from rnnterm.cli.tint import LEVELS
from rnnterm.glyphs import fit, visible
from rnnterm.sampling.steering import Candidate, Steering
from rnnterm.terminal import SafeText, safe_line


def _rich_style(sgr: str) -> str:
    """SGR parameters in rich's words."""
    return " ".join(str(span.style) for span in Text.from_ansi(f"\x1b[{sgr}mx").spans)


_TINTS = tuple((lowest, _rich_style(sgr)) for lowest, sgr in LEVELS)
_SEED = "color(67)"
_ACTIONS = (
    # keys, a word for the footer or none, a sentence for the help
    ("1-9", "pick", "pick a candidate by its number"),
    ("space", "choose", "let the model choose one character; so does Enter"),
    ("g", "go on", "let the model write {length} characters"),
    ("t", "", "type the next character yourself"),
    ("← →", "step", "one character back, or forward along the branch that is shown"),
    ("u", "undo", "back to where the last move began"),
    ("r", "", "redo: forward to where it ended"),
    ("↑ ↓", "branch", "choose among the branches that begin here"),
    ("+ -", "", "raise or lower the temperature by 0.1"),
    ("s", "", "save the text up to the cursor in a new file"),
    ("?", "help", "show or leave this page"),
    ("q", "quit", "quit and print the text up to the cursor; so does Ctrl-D"),
)
_BAR = 40  # columns of a bar at most
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass
class Page:
    """What is shown beside the steering itself.

    Attributes:
        title: what is steered.
        top: how many candidates at most.
        length: how many characters the model writes when told to go on.
        message: shown in place of the keys, where there is one.
        is_help: whether the page is the list of keys.
    """

    title: str
    top: int
    length: int
    message: str = ""
    is_help: bool = False


def page_lines(page: Page, steering: Steering, width: int, height: int) -> list[Text]:
    """The page as at most `height` lines of at most `width` columns; both at least 1."""
    footer = _message_line(page.message, width) if page.message else _key_line(width)
    return [*_body(page, steering, width, height - 1), footer][-height:]


def _body(page: Page, steering: Steering, width: int, height: int) -> list[Text]:
    """Everything but the footer, in just `height` lines."""
    title = _title_line(page, steering, width)
    if page.is_help:
        listed = [title, *_help_lines(page.length)]
        return (listed + [Text()] * height)[:height]
    # What may come next gets its lines first, but never the last ones that the text needs.
    shown = min(page.top, max(0, height - 6))
    below = _candidate_lines(steering.candidates(shown), steering, width) if shown else []
    if height > 3:
        below.append(_branch_line(steering, width))
    above = [title] if height > 2 else []
    rows = max(0, height - len(above) - len(below))
    text = _text_lines(steering, width, rows) if rows else []
    return [*above, *text, *[Text()] * (rows - len(text)), *below]


def _title_line(page: Page, steering: Steering, width: int) -> Text:
    right = f"  temperature {steering.temperature:g} · {steering.here.depth:,} written "
    return _line(fit(f" {page.title}", max(1, width - len(right))) + right, "reverse")


def _message_line(message: str, width: int) -> Text:
    shown = safe_line(message)
    while cell_len(shown) > max(1, width - 1):
        shown = shown[1:]  # of a long name, the end is what is being typed
    return _line(f" {shown}", "bold")


def _key_line(width: int) -> Text:
    """The keys that matter most; the last two, help and quit, also where few fit."""
    shown = [(keys.replace(" ", ""), word) for keys, word, _ in _ACTIONS if word]
    while sum(len(keys) + len(word) + 3 for keys, word in shown) > width and len(shown) > 2:
        del shown[-3]
    footer = _line()
    for keys, word in shown:
        footer.append(f" {keys}", "bold")
        footer.append(f" {word} ", "dim")
    return footer


def _candidate_lines(candidates: list[Candidate], steering: Steering, width: int) -> list[Text]:
    """A heading, and for each candidate its key, glyph, probability and a bar of its chance."""
    heading = f"     next  model  {f'at {steering.temperature:g}':>6}"
    begun = {branch[0] for branch in steering.branches(1)}
    room = min(_BAR, max(0, width - cell_len(heading) - 3))
    lines = [_line(f"{heading}  {'─' * room}", "dim")]
    for rank, candidate in enumerate(candidates, start=1):
        line = _line()
        line.append(f"  {rank if rank < 10 else ' '}", "bold")
        line.append("•" if candidate.char in begun else " ")
        line.append(f" {_padded(_standing_alone(candidate.char), 5)}", "bold")
        line.append(f" {_share(candidate.probability)}", _tint(candidate.probability))
        line.append(f"   {_share(candidate.chance)}  ")
        line.append(_bar(candidate.chance, room), "color(67)")
        lines.append(line)
    return lines


def _branch_line(steering: Steering, width: int) -> Text:
    """The branches that begin here, the one that lies ahead marked; empty if there is one way."""
    line = Text(no_wrap=True, overflow="ellipsis")
    chosen, branches = steering.here.chosen, steering.branches(16)
    if len(branches) < 2:
        return line
    line.append(f" ↑↓ {chosen + 1}/{len(branches)}", "bold")
    # The marked one must be among those that fit.
    for place, branch in chain(enumerate(branches[chosen:], chosen), enumerate(branches[:chosen])):
        if line.cell_len >= width:
            break
        mark, style = ("▸", "bold") if place == chosen else (" ", "dim")
        line.append(f"  {mark}{visible(branch)}", style)
    return line


class _Cell(NamedTuple):
    """What one character of the text looks like."""

    glyph: str
    width: int
    style: str
    ends_line: bool


def _text_lines(steering: Steering, width: int, height: int) -> list[Text]:
    """The last `height` lines up to the cursor, and two of what lies ahead where there is room."""
    limit = max(1, width - 1)  # the last column is for a space or line end that hangs over
    cells = list(_cells(steering, width * height, limit))
    cursor = next(place for place, cell in enumerate(cells) if "reverse" in cell.style)
    lines = _wrapped(cells, limit)
    end, cursor_line = 0, 0
    for number, line in enumerate(lines):
        end += len(line)
        if cursor < end:
            cursor_line = number
            break
    last = min(len(lines), cursor_line + (3 if height > 5 else 1))
    return [_spelled(line) for line in lines[max(0, last - height) : last]]


def _cells(steering: Steering, room: int, limit: int) -> Iterator[_Cell]:
    """The end of the text, the cursor, and what lies ahead, a cell for each character."""
    depth, seed = steering.here.depth, steering.seed
    # Cut at a multiple of the room, so that lines do not break anew with each character.
    start = max(0, (len(seed) + depth - room) // room * room)
    spell = _Speller(limit)
    for char in seed[start:]:
        yield spell.cell(char, _SEED)
    for step in steering.trail(depth - max(0, start - len(seed))):
        yield spell.cell(step.char, _tint(step.probability))
    ahead = steering.ahead(room)
    yield spell.cursor(ahead[:1] or " ")
    for char in ahead[1:]:
        yield spell.cell(char, "dim")


class _Speller:
    """Turns characters, one after the other, into cells of at most so many columns."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._safe = SafeText()  # which remembers how many marks are stacked already

    def cell(self, char: str, style: str) -> _Cell:
        """A character where it stands in the text."""
        if char == "\n":
            return _Cell(" ", 1, "", ends_line=True)
        glyph = visible(char) if char in "\t\r" else self._safe.feed(char)
        return self._fitted(glyph, style)

    def cursor(self, char: str) -> _Cell:
        """The place of the next character, with the one that was written there last."""
        glyph = " " if char == " " else _standing_alone(char)
        return self._fitted(glyph, "reverse")._replace(ends_line=char == "\n")

    def _fitted(self, glyph: str, style: str) -> _Cell:
        width = cell_len(glyph)
        return (
            _Cell(glyph, width, style, False)
            if width <= self._limit
            else _Cell("�", 1, style, False)
        )


def _wrapped(cells: list[_Cell], limit: int) -> list[list[_Cell]]:
    """Lines of at most `limit` columns, broken after spaces where there are any."""
    lines: list[list[_Cell]] = []
    line: list[_Cell] = []
    used = 0
    for cell in cells:
        if used + cell.width > limit and not (used <= limit and cell.glyph.isspace()):
            kept = next((n for n in range(len(line), 0, -1) if line[n - 1].glyph == " "), len(line))
            lines.append(line[:kept])
            line = line[kept:]
            used = sum(kept_cell.width for kept_cell in line)
        line.append(cell)
        used += cell.width
        if cell.ends_line:
            lines.append(line)
            line, used = [], 0
    return [*lines, line] if line else lines


def _spelled(cells: list[_Cell]) -> Text:
    line = _line()
    for cell in cells:
        line.append(cell.glyph, cell.style)
    return line


def _standing_alone(char: str) -> str:
    """One character outside its text, to be seen; a combining mark gets a circle to sit on."""
    glyph = visible(char)
    return glyph if cell_len(glyph) else f"◌{glyph}"


def _help_lines(length: int) -> list[Text]:
    lines = [Text()]
    for keys, _, sentence in _ACTIONS:
        line = _line()
        line.append(f"  {keys:<8}", "bold")
        line.append(sentence.format(length=length))
        lines.append(line)
    legend = Text("\n  text: ", no_wrap=True, overflow="crop")
    legend.append("seed", _SEED)
    for least, style in _TINTS:
        legend.append("  ")
        legend.append(f"{least:g} and more" if least else "less", style)
    return [*lines, *legend.split("\n", allow_blank=True)]


def _line(content: str = "", style: str = "") -> Text:
    return Text(content, style=style, no_wrap=True, overflow="crop")


def _tint(probability: float) -> str:
    return next(style for least, style in _TINTS if probability >= least)


def _share(probability: float) -> str:
    """`.412`, or `1.000` where it rounds to all."""
    return f"{probability:.3f}".removeprefix("0").rjust(5)


def _bar(share: float, room: int) -> str:
    eighths = round(share * room * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _padded(glyph: str, width: int) -> str:
    return glyph + " " * (width - cell_len(glyph))
