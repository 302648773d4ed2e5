"""The figures in the panel's border: what they say, and what turning them does."""

from collections.abc import Callable

from textual.content import Content
from textual.style import Style

from rnnterm.sampling.live import warmer, wider_top_k, wider_top_p
from rnnterm.sampling.strategies import Strategy

FIGURE = "figure"
"""The key of the meta data that tells a mouse event which figure lies under it."""

KNOBS: dict[str, Callable[[Strategy, int], Strategy]] = {
    "temperature": warmer,
    "top_p": wider_top_p,
    "top_k": wider_top_k,
}
"""What a number of steps makes of a strategy, by the name of the figure."""


def figures(title: str, strategy: Strategy, rate: float | None) -> Content:
    """The border's title; `rate` in characters a second, None while paused."""
    parts = [
        Content(title),
        figure(f"temperature {strategy.temperature:.1f}", "temperature"),
        figure(f"top-p {strategy.top_p:g}" if strategy.top_p < 1 else "top-p off", "top_p"),
        figure("paused" if rate is None else f"{_rounded(rate):,} chars/s", "speed"),
    ]
    if strategy.top_k:
        parts.insert(-1, figure(f"top-k {strategy.top_k}", "top_k"))
    return Content(" · ").join(parts)


def figure(text: str, name: str) -> Content:
    """A text that a mouse event on it knows by a name."""
    return Content.assemble((text, Style.from_meta({FIGURE: name})))


def _rounded(rate: float) -> int:
    """A rate to two digits: more would change all the time and tell nothing."""
    return int(float(f"{rate:.2g}"))
