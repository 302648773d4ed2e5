"""How text looks in a listing: blanks made visible, rows beside a label, cells of equal width.

And the one home of what stands for this program's glyphs where only ASCII may be shown.
"""

import textwrap
import unicodedata
from itertools import accumulate

from rnnterm.terminal import safe_line

_GLYPHS = {"\n": "⏎", " ": "␣", "\t": "⇥"}
# One column each; what is not here becomes `?`.
_IN_ASCII = str.maketrans(
    {
        "⏎": "$", "␣": "_", "⇥": ">", "␛": "^", "◌": "o",  # of texts
        "→": ">", "←": "<", "↑": "^", "↓": "v", "‹": "<", "›": ">", "▸": ">", "▶": ">", "▼": "v",
        "·": "|", "…": ".", "–": "-", "—": "-", "≈": "~", "×": "x", "σ": "s", "−": "-",
        "●": "*", "◍": "%", "✓": "+", "■": "#", "✗": "x", "★": "*", "•": "*",  # of states
        "━": "=", "╸": ">", "─": "-", "╍": "#", "┄": "-",  # of lines and progress
        **dict.fromkeys("│┊▌▐▊▎▏┃║▕", "|"), **dict.fromkeys("▔═╌▀", "-"),
        **dict.fromkeys("▁▂▃▄", "_"), **dict.fromkeys("▅▆▇█▉▋▍", "#"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝", "+"),
    }
)  # fmt: skip
_SYMBOLS_SHOWN = 120
_LABEL_WIDTH = 10


def terminal_width() -> int:
    """Columns of the terminal, or of `COLUMNS`; 80 where there is neither."""
    import shutil  # slow to import, for one function

    return shutil.get_terminal_size().columns


def visible(text: str) -> str:
    """Text on one safe line that shows its spaces, tabs and line ends."""
    return safe_line("".join(_GLYPHS.get(char, char) for char in text))


def symbol_pairs(symbols: str) -> list[str]:
    """Each symbol and its index, such as `⏎→0`."""
    return [f"{visible(char)}→{index}" for index, char in enumerate(symbols)]


def symbol_map(symbols: str) -> str:
    """Each symbol and its index, such as `⏎→0  ␣→1  a→2`; of very many, the first."""
    pairs = symbol_pairs(symbols[:_SYMBOLS_SHOWN])
    more = len(symbols) - _SYMBOLS_SHOWN
    return "  ".join(pairs) + (f"  … and {more:,} more (--json lists all)" if more > 0 else "")


def labelled(label: str, content: str, width: int, *, label_width: int = _LABEL_WIDTH) -> list[str]:
    """A label and its text, wrapped so that it stays beside the label."""
    return textwrap.wrap(
        content,
        max(width, 40),
        initial_indent=f"{label:<{label_width}}",
        subsequent_indent=" " * label_width,
        break_on_hyphens=False,
    ) or [label]


def columns(text: str) -> int:
    """The terminal columns that one line takes: East Asian wide characters two, marks none."""
    return sum(map(_columns_of, text))


def fit(text: str, width: int) -> str:
    """A table cell: one safe line, cut with an ellipsis or filled up to `width` columns."""
    line = safe_line(text)
    if columns(line) > width:
        ends = accumulate(map(_columns_of, line))
        line = line[: sum(1 for end in ends if end < width)] + "…"
    return line + " " * (width - columns(line))


def in_ascii(text: str) -> str:
    """The same columns in ASCII alone: glyphs by what looks most alike, all else as `?`."""
    if text.isascii():
        return text
    likened = text.translate(_IN_ASCII)
    return "".join(char if char.isascii() else "?" * _columns_of(char) for char in likened)


def _columns_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
